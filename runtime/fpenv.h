// Rounding mode and flush-to-zero are ours, not the host's: results must not depend on what the
// calling program set, and oneTBB's workers inherit whatever their creator had.
#pragma once

#include <xmmintrin.h>

namespace tconv::runtime {

// Round to nearest even, denormals kept, all exceptions masked, for as long as it lives.
class DefaultFpEnvironment {
 public:
  DefaultFpEnvironment() : saved_(_mm_getcsr()) { _mm_setcsr(0x1F80); }
  ~DefaultFpEnvironment() { _mm_setcsr(saved_); }
  DefaultFpEnvironment(const DefaultFpEnvironment&) = delete;
  DefaultFpEnvironment& operator=(const DefaultFpEnvironment&) = delete;

 private:
  unsigned saved_;
};

}  // namespace tconv::runtime
