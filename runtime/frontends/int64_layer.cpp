#include "runtime/frontends/int64_layer.h"

#include <algorithm>

namespace tconv::frontends {
namespace {

using Index = std::int64_t;
using Axes = std::array<Index, 3>;

// The layer's axes as the last of three; the axes that it lacks hold `one`.
Axes three(const std::array<Index, 3>& of_layer, int rank, Index one) {
  Axes out = {one, one, one};
  std::copy_n(of_layer.begin(), rank, out.end() - rank);
  return out;
}

struct Sizes {
  explicit Sizes(const Layer& l)
      : i(three(l.i, l.rank, 1)),
        o(three(l.o, l.rank, 1)),
        k(three(l.k, l.rank, 1)),
        s(three(l.s, l.rank, 1)),
        d(three(l.d, l.rank, 1)),
        p(three(l.p, l.rank, 0)) {}
  Axes i, o, k, s, d, p;
};

Index count(const Axes& lengths) { return lengths[0] * lengths[1] * lengths[2]; }

// One channel of the input through one kernel into one channel of the output.
void add_channel(const Sizes& z, const std::uint64_t* x, const std::uint64_t* w, std::uint64_t* y) {
  const auto lands = [&z](std::size_t axis, Index i, Index t) {
    return i * z.s[axis] + t * z.d[axis] - z.p[axis];
  };
  const auto inside = [&z](std::size_t axis, Index o) { return o >= 0 && o < z.o[axis]; };
  for (Index i0 = 0; i0 < z.i[0]; ++i0)
    for (Index i1 = 0; i1 < z.i[1]; ++i1)
      for (Index i2 = 0; i2 < z.i[2]; ++i2, ++x) {
        const std::uint64_t* tap = w;
        for (Index t0 = 0; t0 < z.k[0]; ++t0)
          for (Index t1 = 0; t1 < z.k[1]; ++t1)
            for (Index t2 = 0; t2 < z.k[2]; ++t2, ++tap) {
              const Index o0 = lands(0, i0, t0), o1 = lands(1, i1, t1), o2 = lands(2, i2, t2);
              if (inside(0, o0) && inside(1, o1) && inside(2, o2))
                y[(o0 * z.o[1] + o1) * z.o[2] + o2] += *x * *tap;
            }
      }
}

}  // namespace

void run_int64_layer(const Layer& layer, const TensorView& input, const TensorView& filter,
                     const TensorView& bias, const MutableTensorView& output) {
  // Unsigned, since signed sums must not wrap.
  const OwnedTensor x = OwnedTensor::copy(input), w = OwnedTensor::copy(filter);
  const OwnedTensor b = bias.has_value() ? OwnedTensor::copy(bias) : OwnedTensor();
  const auto* const xs = static_cast<const std::uint64_t*>(x.data());
  const auto* const ws = static_cast<const std::uint64_t*>(w.data());
  const auto* const bs = static_cast<const std::uint64_t*>(b.data());
  auto* const ys = static_cast<std::uint64_t*>(output.data());
  const Sizes sizes(layer);
  const Index group_ic = layer.ic / layer.g, group_oc = layer.oc / layer.g;
  for (Index n = 0; n < layer.n; ++n)
    for (Index oc = 0; oc < layer.oc; ++oc) {
      std::uint64_t* const y = ys + (n * layer.oc + oc) * count(sizes.o);
      std::fill_n(y, count(sizes.o), bs == nullptr ? 0 : bs[oc]);
      const Index first = oc / group_oc * group_ic;
      for (Index ic = first; ic < first + group_ic; ++ic)
        add_channel(sizes, xs + (n * layer.ic + ic) * count(sizes.i),
                    ws + (ic * group_oc + oc % group_oc) * count(sizes.k), y);
    }
}

}  // namespace tconv::frontends
