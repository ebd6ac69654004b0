// What this CPU and operating system can run.
#pragma once

namespace tconv::jit {

// AVX512_BF16: vcvtneps2bf16 and vdpbf16ps.
bool host_has_bf16();
// AVX512_FP16: registers of f16.
bool host_has_fp16();

}  // namespace tconv::jit
