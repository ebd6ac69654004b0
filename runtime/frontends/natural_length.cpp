#include "runtime/frontends/natural_length.h"

#include "runtime/frontends/fail.h"

namespace tconv::frontends {

std::int64_t natural_length(std::int64_t i, std::int64_t k, std::int64_t s, std::int64_t d,
                            const char* stride, const char* dilation) {
  std::int64_t starts = 0, reach = 0;
  if (__builtin_mul_overflow(k - 1, d, &reach) || reach >= kLargest)
    invalid_argument(dilation, "{} spreads a kernel of {} over more than 2^59 positions", d, k);
  if (__builtin_mul_overflow(i - 1, s, &starts) || starts >= kLargest - reach)
    invalid_argument(stride, "{} makes more than 2^59 positions of an input of {}", s, i);
  return starts + reach + 1;
}

}  // namespace tconv::frontends
