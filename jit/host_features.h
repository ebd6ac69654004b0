// What this CPU and operating system can run.
#pragma once

namespace tconv::jit {

// AVX512_BF16: vcvtneps2bf16 and vdpbf16ps.
bool host_has_bf16();

}  // namespace tconv::jit
