// How fast this CPU's vdpbf16ps is: CPUs differ by a factor of four beside their FMA.
#pragma once

namespace tconv::runtime {

// Multiply-adds of vdpbf16ps per multiply-add of vfmadd231ps in the same time, to the next power of
// two (2 on Zen 4 and Zen 5, 1/2 on Emerald Rapids), so that noise cannot change a plan. 0 where
// the CPU has no AVX512_BF16. Measured on the first call, in 0.1 ms; then remembered.
double dot2_rate();

}  // namespace tconv::runtime
