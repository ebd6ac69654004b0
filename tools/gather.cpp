#include "tools/gather.h"

#include <cmath>
#include <cstring>
#include <type_traits>

#include "tools/number.h"

namespace tconv::tools {
namespace {

using Int = std::int64_t;
constexpr Int kWidth = 8;  // channels per step of the inner loop; shorter groups go one by one

using FloatVector = float __attribute__((vector_size(kWidth * sizeof(float))));
using DoubleVector = double __attribute__((vector_size(kWidth * sizeof(double))));

// Adds the products of n channels (a multiple of kWidth, or fewer than it) to `sum`.
void dot(const float* x, const float* w, Int n, Sum& sum) {
  if (n < kWidth) {
    for (Int c = 0; c < n; ++c) {
      const double product = static_cast<double>(x[c]) * static_cast<double>(w[c]);
      sum.value += product;
      sum.magnitude += std::fabs(product);
    }
    return;
  }
  DoubleVector value{}, magnitude{};
  for (Int c = 0; c < n; c += kWidth) {
    FloatVector a, b;
    std::memcpy(&a, x + c, sizeof a);
    std::memcpy(&b, w + c, sizeof b);
    const DoubleVector product =
        __builtin_convertvector(a, DoubleVector) * __builtin_convertvector(b, DoubleVector);
    value += product;
    magnitude += product < 0 ? -product : product;
  }
  for (Int lane = 0; lane < kWidth; ++lane) {
    sum.value += value[lane];
    sum.magnitude += magnitude[lane];
  }
}

// The same one by one, each sum rounded to a half. A product of halves is exact in a double; that
// its sum with a half is rounded to a double first does no harm (the proof is in ir/op_math.h).
void dot_in_halves(const float* x, const float* w, Int n, Sum& sum) {
  for (Int c = 0; c < n; ++c)
    sum.value = round_to_half(sum.value + static_cast<double>(x[c]) * static_cast<double>(w[c]));
}

template <class Stored>
class TypedGather : public Gather {
 public:
  TypedGather(const Shape& shape, const void* input, const void* filter);
  void pixel(const Int* coordinates, Sum* out) const override;

 private:
  // Where the products of one output pixel start: a pixel of the input and a tap of the filter.
  struct Start {
    Int x = 0, w = 0;
  };
  template <class Visit>
  void for_each_pair(const Int* coordinates, Visit&& visit) const;
  void copy_input(const void* input);
  void copy_filter(const void* filter);

  Shape shape_;
  Int padded_ = 0;  // channels of a group, rounded up to kWidth if there are as many
  std::vector<std::vector<std::vector<Pair>>> pairs_;  // [axis][o]
  std::vector<Stored> input_;                          // [n, i.., g, padded]
  std::vector<Stored> filter_;                         // [k.., g, oc/g, padded]
};

template <class Stored>
TypedGather<Stored>::TypedGather(const Shape& shape, const void* input, const void* filter)
    : shape_(shape) {
  const Int ic = shape.group_ic();
  padded_ = ic < kWidth ? ic : (ic + kWidth - 1) / kWidth * kWidth;
  for (std::size_t a = 0; a < shape.i.size(); ++a) pairs_.push_back(axis_pairs(shape, a));
  copy_input(input);
  copy_filter(filter);
}

template <class Stored>
void TypedGather<Stored>::copy_input(const void* input) {
  const Int area = pixels(1, shape_.i), ic = shape_.group_ic();
  input_.assign(static_cast<std::size_t>(shape_.n * area * shape_.g * padded_), Stored{});
  for (Int n = 0; n < shape_.n; ++n) {
    for (Int c = 0; c < shape_.ic; ++c) {
      Stored* to = input_.data() + n * area * shape_.g * padded_ + c / ic * padded_ + c % ic;
      for (Int x = 0; x < area; ++x) {
        const Int from = shape_.channels_last ? (n * area + x) * shape_.input_pixel() + c
                                              : (n * shape_.ic + c) * area + x;
        to[x * shape_.g * padded_] = static_cast<Stored>(read(shape_.type, input, from));
      }
    }
  }
}

template <class Stored>
void TypedGather<Stored>::copy_filter(const void* filter) {
  const Int taps = pixels(1, shape_.k), ic = shape_.group_ic(), oc = shape_.group_oc();
  filter_.assign(static_cast<std::size_t>(taps * shape_.oc * padded_), Stored{});
  for (Int t = 0; t < taps; ++t) {
    for (Int o = 0; o < oc; ++o) {
      for (Int c = 0; c < shape_.ic; ++c) {
        const Int from =
            shape_.torch_filter ? (c * oc + o) * taps + t : (t * oc + o) * shape_.ic + c;
        filter_[static_cast<std::size_t>(((t * shape_.g + c / ic) * oc + o) * padded_ + c % ic)] =
            static_cast<Stored>(read(shape_.type, filter, from));
      }
    }
  }
}

template <class Stored>
template <class Visit>
void TypedGather<Stored>::for_each_pair(const Int* coordinates, Visit&& visit) const {
  const auto step = [&](const auto& self, std::size_t axis, Int x, Int t) -> void {
    if (axis == pairs_.size()) return visit(Start{x * shape_.g * padded_, t * shape_.oc * padded_});
    for (const Pair& pair : pairs_[axis][static_cast<std::size_t>(coordinates[axis + 1])])
      self(self, axis + 1, x * shape_.i[axis] + pair.x, t * shape_.k[axis] + pair.t);
  };
  step(step, 0, coordinates[0], 0);
}

template <class Stored>
void TypedGather<Stored>::pixel(const Int* coordinates, Sum* out) const {
  std::vector<Start> starts;
  for_each_pair(coordinates, [&](const Start& start) { starts.push_back(start); });
  const double count = static_cast<double>(starts.size()) * static_cast<double>(shape_.group_ic());
  for (Int oc = 0; oc < shape_.oc; ++oc) {
    const Int group = oc / shape_.group_oc();
    Sum sum;
    if constexpr (std::is_same_v<Stored, float>) {
      if (shape_.half_sum) sum.value = out[oc].value;
      for (const Start& start : starts) {
        const float* x = input_.data() + start.x + group * padded_;
        const float* w = filter_.data() + start.w + oc * padded_;
        if (shape_.half_sum)
          dot_in_halves(x, w, shape_.group_ic(), sum);
        else
          dot(x, w, padded_, sum);
      }
    } else {
      // Exact for integers: wrapping sums of 64 bits agree in their low 32 bits.
      using Wide = std::conditional_t<std::is_integral_v<Stored>, std::uint64_t, long double>;
      Wide value = 0, magnitude = 0;
      for (const Start& start : starts) {
        const Stored* x = input_.data() + start.x + group * padded_;
        const Stored* w = filter_.data() + start.w + oc * padded_;
        for (Int c = 0; c < padded_; ++c) {
          const Wide product = static_cast<Wide>(x[c]) * static_cast<Wide>(w[c]);
          value += product;
          if constexpr (!std::is_integral_v<Stored>) magnitude += std::fabs(product);
        }
      }
      if constexpr (std::is_integral_v<Stored>) {
        sum.value =
            static_cast<double>(static_cast<std::int32_t>(static_cast<std::uint32_t>(value)));
      } else {
        sum.value = static_cast<double>(value);
        sum.magnitude = static_cast<double>(magnitude);
      }
    }
    sum.count = count;
    out[oc] = sum;
  }
}

}  // namespace

std::vector<std::vector<Pair>> axis_pairs(const Shape& shape, std::size_t axis) {
  std::vector<std::vector<Pair>> pairs(static_cast<std::size_t>(shape.o[axis]));
  for (Int t = 0; t < shape.k[axis]; ++t) {
    for (Int x = 0; x < shape.i[axis]; ++x) {
      const Int o = x * shape.s[axis] + t * shape.d[axis] - shape.p[axis];
      if (o >= 0 && o < shape.o[axis]) pairs[static_cast<std::size_t>(o)].push_back({x, t});
    }
  }
  return pairs;
}

std::unique_ptr<Gather> make_gather(const Shape& shape, const void* input, const void* filter) {
  if (shape.type == Type::f64) return std::make_unique<TypedGather<double>>(shape, input, filter);
  if (shape.type == Type::i32)
    return std::make_unique<TypedGather<std::int32_t>>(shape, input, filter);
  return std::make_unique<TypedGather<float>>(shape, input, filter);
}

}  // namespace tconv::tools
