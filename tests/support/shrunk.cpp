#include "tests/support/shrunk.h"

#include <algorithm>
#include <vector>

namespace tconv::tests {

using Int = std::int64_t;

tools::Shape shrunk(tools::Shape r, double most) {
  std::vector<Int> after;
  for (int a = 0; a < r.rank(); ++a)
    after.push_back(r.natural(a) - r.o[static_cast<std::size_t>(a)] -
                    r.p[static_cast<std::size_t>(a)]);
  const auto outputs = [&] {
    for (int a = 0; a < r.rank(); ++a) {
      const auto at = static_cast<std::size_t>(a);
      r.o[at] = std::max<Int>(r.natural(a) - r.p[at] - after[at], 1);
    }
  };
  const auto kept = [](Int channels) {  // odd numbers of channels stay odd
    return channels / 2 + (channels % 2 == 1 && channels / 2 % 2 == 0 ? 1 : 0);
  };
  r.n = std::min<Int>(r.n, 24);
  while (tools::multiply_adds(r) > most) {
    const auto longest = std::max_element(r.i.begin(), r.i.end());
    if (r.g > 8) {
      const Int g = r.g / 2;
      r.ic = r.group_ic() * g, r.oc = r.group_oc() * g, r.g = g;
    } else if (*longest > 20) {
      *longest = *longest * 2 / 3;
    } else if (r.group_ic() > 5) {
      r.ic = kept(r.group_ic()) * r.g;
    } else if (r.group_oc() > 40) {
      r.oc = kept(r.group_oc()) * r.g;
    } else if (*longest > 4) {
      *longest -= 1;
    } else if (r.n > 1) {
      r.n = (r.n + 1) / 2;
    } else if (r.group_oc() > 3) {
      r.oc = kept(r.group_oc()) * r.g;
    } else if (*longest > 1) {
      *longest -= 1;
    } else {
      break;  // one pixel, a few channels: the kernel is what is large
    }
    outputs();
  }
  outputs();
  return r;
}

}  // namespace tconv::tests
