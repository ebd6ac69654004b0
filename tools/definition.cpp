#include "tools/definition.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <sstream>
#include <stdexcept>

#include "tools/gather.h"
#include "tools/number.h"

namespace tconv::tools {
namespace {

using Int = std::int64_t;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::int32_t wrap(double whole) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(static_cast<std::int64_t>(whole)));
}

// Sums are of f32 for the narrow types.
Type sum_type(const Shape& shape) {
  const bool narrow = shape.type == Type::f16 || shape.type == Type::bf16;
  return narrow && !shape.half_sum ? Type::f32 : shape.type;
}

}  // namespace

struct Definition::Data {
  Shape shape;
  Tensors tensors;
  std::unique_ptr<Gather> gather;
  std::vector<std::vector<char>>
      border;    // [axis][o]: fewer products than the residue class has inside
  Int area = 0;  // output pixels of one image

  Element exact(double sum, Int image, Int at, Int oc) const;
  Element rounded(const Sum& sum, double accuracy, Int image, Int at, Int oc) const;
  double operand(const PostOp& op, std::size_t which, Int image, Int at, Int oc) const;
  double bias(Int oc) const { return shape.bias ? read(shape.bias_type, tensors.bias, oc) : 0; }

  void coordinates(Int index, Int* out) const {
    for (std::size_t a = shape.o.size(); a-- > 0; index /= shape.o[a])
      out[a + 1] = index % shape.o[a];
    out[0] = index;
  }
  bool on_border(const Int* at) const {
    for (std::size_t a = 0; a < border.size(); ++a)
      if (border[a][static_cast<std::size_t>(at[a + 1])] != 0) return true;
    return false;
  }
  // Position of an element of the output, or of a dense tensor of its shape.
  Int position(Int image, Int at, Int oc, bool dense) const {
    const Int pixel = dense ? shape.oc : shape.output_pixel();
    return shape.channels_last ? (image * area + at) * pixel + oc
                               : (image * shape.oc + oc) * area + at;
  }
};

double Definition::Data::operand(const PostOp& op, std::size_t which, Int image, Int at,
                                 Int oc) const {
  if (!op.takes_operand()) return 0;
  const Int index = op.name == "prelu" ? oc : position(image, at, oc, true);
  return read(shape.type, tensors.operands.at(which), index);
}

// Integers: every step wraps to 32 bits, and only one answer is right.
Element Definition::Data::exact(double sum, Int image, Int at, Int oc) const {
  std::int32_t v = wrap(sum + bias(oc));
  std::size_t which = 0;
  for (const PostOp& op : shape.post) {
    const double y = operand(op, which, image, at, oc);
    which += op.takes_operand();
    const auto product = static_cast<std::int64_t>(v) * static_cast<std::int64_t>(y);
    v = op.name == "mul" ? static_cast<std::int32_t>(static_cast<std::uint32_t>(product))
                         : wrap(apply(op, v, y));
  }
  const double value = v;
  return {value, value, value};
}

Element Definition::Data::rounded(const Sum& sum, double accuracy, Int image, Int at,
                                  Int oc) const {
  const Precision inner = precision(sum_type(shape)), outer = precision(shape.output_type());
  const double b = shape.half_sum ? 0 : bias(oc);  // sums in halves began with it
  const double magnitude = std::fabs(b) + sum.magnitude;
  const double e = (sum.count + 8) * (inner.unit * magnitude * accuracy + inner.smallest);
  const double value = sum.value + b;
  Element r{value, value, value};
  if (std::isfinite(magnitude) && !shape.half_sum) {
    r = {value, value - e, value + e};
    // A partial sum may have overflowed although the whole does not.
    r.anything = magnitude * (1 + e) > inner.largest;
  }
  std::size_t which = 0;
  for (const PostOp& op : shape.post) {
    r = apply(op, r, operand(op, which, image, at, oc), inner.unit, inner.smallest);
    which += op.takes_operand();
  }
  const double widen = outer.unit * std::max(std::fabs(r.low), std::fabs(r.high)) + outer.smallest;
  const bool exact = shape.half_sum && shape.post.empty();  // nothing is rounded at the store
  if (std::isfinite(widen) && !exact) {
    r.low -= widen;
    r.high += widen;
  }
  if (std::isfinite(r.value) && !exact) {
    if (r.high >= outer.largest) r.high = kInfinity;
    if (r.low <= -outer.largest) r.low = -kInfinity;
  }
  return r;
}

Definition::Definition(const Shape& shape, const Tensors& tensors) : data_(new Data) {
  if (shape.n_min > 0 || shape.i_min > 0)
    throw std::invalid_argument("the definition needs the sizes of one run");
  data_->shape = shape;
  data_->tensors = tensors;
  data_->area = pixels(1, shape.o);
  data_->gather = make_gather(shape, tensors.input, tensors.filter);
  for (std::size_t a = 0; a < shape.i.size(); ++a) {
    const auto pairs = axis_pairs(shape, a);
    std::vector<std::size_t> most(static_cast<std::size_t>(shape.s[a]));
    std::vector<char> border(pairs.size());
    for (Int t = 0; t < shape.k[a]; ++t)
      ++most[static_cast<std::size_t>(t * shape.d[a] % shape.s[a])];
    for (std::size_t o = 0; o < pairs.size(); ++o)
      border[o] = pairs[o].size() < most[(o + static_cast<std::size_t>(shape.p[a])) % most.size()];
    data_->border.push_back(std::move(border));
  }
}

Definition::~Definition() = default;
Definition::Definition(Definition&&) noexcept = default;

void Definition::pixel(Int index, double accuracy, Element* out) const {
  const Data& d = *data_;
  Int at[4];
  d.coordinates(index, at);
  std::vector<Sum> sums(static_cast<std::size_t>(d.shape.oc));
  if (d.shape.half_sum)
    for (Int oc = 0; oc < d.shape.oc; ++oc) sums[static_cast<std::size_t>(oc)].value = d.bias(oc);
  d.gather->pixel(at, sums.data());
  const Int image = at[0], inside = index - image * d.area;
  for (Int oc = 0; oc < d.shape.oc; ++oc) {
    const Sum& sum = sums[static_cast<std::size_t>(oc)];
    out[oc] = d.shape.type == Type::i32 ? d.exact(sum.value, image, inside, oc)
                                        : d.rounded(sum, accuracy, image, inside, oc);
  }
}

std::vector<double> Definition::values() const {
  const Data& d = *data_;
  std::vector<double> r(static_cast<std::size_t>(d.shape.n * d.area * d.shape.oc));
  std::vector<Element> elements(static_cast<std::size_t>(d.shape.oc));
  for (Int index = 0; index < d.shape.n * d.area; ++index) {
    pixel(index, 1, elements.data());
    for (Int oc = 0; oc < d.shape.oc; ++oc)
      r[static_cast<std::size_t>(d.position(index / d.area, index % d.area, oc, true))] =
          elements[static_cast<std::size_t>(oc)].value;
  }
  return r;
}

namespace {

bool allowed(const Element& e, double got) {
  if (e.anything) return true;
  if (std::isnan(e.value)) return std::isnan(got);
  return got >= e.low && got <= e.high;  // false for NaN
}

std::string describe(const Shape& shape, const Int* at, Int oc, const Element& e, double got) {
  std::ostringstream text;
  text.precision(9);
  text << "output[n=" << at[0];
  for (std::size_t a = 0; a < shape.o.size(); ++a) text << (a == 0 ? ", o=" : "x") << at[a + 1];
  text << ", oc=" << oc << "] = " << got << ", reference " << e.value << ", allowed " << e.low
       << " to " << e.high;
  return text.str();
}

}  // namespace

Comparison Definition::check(const void* output, const CheckOptions& options) const {
  const Data& d = *data_;
  const Int count = d.shape.n * d.area;
  const double work = multiply_adds(d.shape);
  // Borders are few where the work is large; the sample takes what the budget leaves, at least 1%.
  const double share =
      work <= options.full_multiply_adds ? 1 : std::max(0.01, options.full_multiply_adds / work);
  std::mt19937_64 random(options.seed);
  const auto threshold =
      static_cast<std::uint64_t>(share * static_cast<double>(std::mt19937_64::max() >> 1));

  Comparison r;
  r.total = count * d.shape.oc;
  double largest = 0, worst = 0, squares = 0, compared = 0;
  std::vector<Element> elements(static_cast<std::size_t>(d.shape.oc));
  for (Int index = 0; index < count; ++index) {
    Int at[4];
    d.coordinates(index, at);
    if (share < 1 && random() >> 1 > threshold && !d.on_border(at)) continue;
    pixel(index, options.accuracy, elements.data());
    for (Int oc = 0; oc < d.shape.oc; ++oc) {
      const Element& e = elements[static_cast<std::size_t>(oc)];
      const double got =
          read(d.shape.output_type(), output, d.position(at[0], index - at[0] * d.area, oc, false));
      if (!allowed(e, got)) {
        if (r.wrong++ == 0) r.first_wrong = describe(d.shape, at, oc, e, got);
      }
      const double error = std::fabs(got - e.value);
      if (!std::isfinite(error) || e.anything) continue;
      largest = std::max(largest, std::fabs(e.value));
      worst = std::max(worst, error);
      squares += error * error;
      ++compared;
    }
    r.checked += d.shape.oc;
  }
  r.worst_relative = largest > 0 ? worst / largest : worst;
  const double rms = compared > 0 ? std::sqrt(squares / compared) : 0;
  r.rms_relative = largest > 0 ? rms / largest : rms;
  r.worst_ulp = worst / ulp(d.shape.output_type(), largest);
  return r;
}

}  // namespace tconv::tools
