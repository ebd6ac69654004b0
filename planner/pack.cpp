#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <type_traits>

#include "ir/op_math.h"
#include "planner/integer.h"
#include "planner/pack.h"

namespace tconv::planner {
namespace {

std::string print_sum(const std::vector<std::int64_t>& coeffs, std::int64_t constant) {
  std::string s;
  for (std::size_t i = 0; i < coeffs.size(); ++i)
    if (coeffs[i] != 0)
      s += coeffs[i] == 1 ? fmt::format("+x{}", i) : fmt::format("{:+}*x{}", coeffs[i], i);
  if (constant != 0) s += fmt::format("{:+}", constant);
  return s;
}

std::string print(const PackedFilter::Form& f) {
  std::string s = print_sum(f.coeffs, f.constant);
  if (s.empty()) s = "0";
  if (s[0] == '+') s.erase(0, 1);
  if (f.divide != 1) s = fmt::format("({})/{}", s, f.divide);
  if (f.modulo != 0) s = fmt::format("({})%{}", s, f.modulo);
  return s + print_sum(f.base, f.base_constant);
}

// Elements of the filter as they are, or as what they are worth in a wider type.
struct Half {
  std::uint16_t bits;
  operator float() const { return ir::op_math::f16_to_f32(bits); }
};
struct Bfloat {
  std::uint16_t bits;
  operator float() const { return ir::op_math::bf16_to_f32(bits); }
};
template <class Element, class Source>
Element value_of(const Source& source) {
  if constexpr (std::is_same_v<Element, Source>)
    return source;
  else
    return static_cast<float>(source);
}

// pack(source, target) with pointers of the two types.
template <class Pack>
void with_types(ir::DType from, ir::DType to, const void* source, void* target, const Pack& pack) {
  const auto same = [&]<class Element>(Element) {
    pack(static_cast<const Element*>(source), static_cast<Element*>(target));
  };
  const auto widened = [&]<class Source>(Source) {
    pack(static_cast<const Source*>(source), static_cast<float*>(target));
  };
  using ir::DType;
  if (from == to) {
    switch (from) {
      case DType::f64:
        return same(double{});
      case DType::f32:
        return same(float{});
      case DType::i32:
        return same(std::int32_t{});
      case DType::f16:
        return same(Half{});
      case DType::bf16:
        return same(Bfloat{});
      default:
        break;
    }
  }
  if (to == DType::f32 && from == DType::f16) return widened(Half{});
  if (to == DType::f32 && from == DType::bf16) return widened(Bfloat{});
  throw std::logic_error(fmt::format("a filter of {} packed as {}", ir::name(from), ir::name(to)));
}

}  // namespace

std::vector<Coordinate> coordinates(const Problem& p, const PackedFilter& layout) {
  std::int64_t taps = 1;
  for (const Axis& a : p.axes) taps *= a.k;
  const std::int64_t ocg = p.group_oc(), icg = p.group_ic();
  std::vector<Coordinate> c;
  if (p.filter ==
      FilterLayout::tf) {  // [k.., oc/g, ic]: input channels of all groups in the last axis
    c = {{&layout.group, p.g, icg}, {&layout.oc, ocg, p.ic}, {&layout.ic, icg, 1}};
  } else {  // [ic, oc/g, k..]
    c = {{&layout.group, p.g, icg * ocg * taps},
         {&layout.oc, ocg, taps},
         {&layout.ic, icg, ocg * taps}};
  }
  std::int64_t stride = p.filter == FilterLayout::tf ? ocg * p.ic : 1;
  std::size_t form = layout.taps.size();
  for (std::size_t a = p.axes.size(); a-- > 0;) {
    if (p.axes[a].k == 1) continue;
    c.push_back({&layout.taps[--form], p.axes[a].k, stride});
    stride *= p.axes[a].k;
  }
  return c;
}

namespace {

// One coordinate along a row of the packed array, where its form is affine but for the division.
struct Walk {
  const Coordinate* coordinate = nullptr;
  std::int64_t start = 0, slope = 0;  // of the numerator
  std::int64_t base = 0;              // in the whole row

  std::int64_t numerator(std::int64_t k) const { return start + slope * k; }
  std::int64_t value(std::int64_t k) const {
    const std::int64_t v = numerator(k) / coordinate->form->divide;
    return (coordinate->form->modulo > 0 ? v % coordinate->form->modulo : v) + base;
  }
  bool inside(std::int64_t k) const {
    return numerator(k) >= 0 && value(k) >= 0 && value(k) < coordinate->extent;
  }
  // What an element further adds to the value, in a stretch of `steady` elements from k on that are
  // all inside or all outside.
  std::int64_t step() const { return coordinate->form->divide == 1 ? slope : 0; }
  std::int64_t steady(std::int64_t k, std::int64_t most) const {
    if (slope == 0) return most;
    if (slope < 0 || base < 0) return 1;
    const auto& f = *coordinate->form;
    const std::int64_t extent = coordinate->extent - base;
    const std::int64_t n = numerator(k);
    std::int64_t end = n < 0 ? 0 : std::numeric_limits<std::int64_t>::max();  // numerator there
    if (n >= 0 && f.divide > 1) {
      end = n - n % f.divide + f.divide;
    } else if (n >= 0 && f.modulo > 0) {
      end = n - n % f.modulo + (n % f.modulo < extent ? std::min(f.modulo, extent) : f.modulo);
    } else if (n >= 0 && n < extent) {
      end = extent;
    }
    if (end == std::numeric_limits<std::int64_t>::max()) return most;
    return std::min(most, ceil_div(end - n, slope));
  }
};

template <class Source, class Element>
void pack_elements(const std::vector<Coordinate>& c, const std::vector<std::int64_t>& dims,
                   const Source* source, Element* target) {
  std::vector<std::int64_t> x(dims.size(), 0);
  std::vector<Walk> walks(c.size());
  std::int64_t rows = 1;
  const std::size_t last = dims.size() - 1;
  for (std::size_t d = 0; d < last; ++d) rows *= dims[d];
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::size_t i = 0; i < c.size(); ++i) {
      const PackedFilter::Form& f = *c[i].form;
      walks[i] = {&c[i], f.constant, f.coeffs[last], f.base_constant};
      for (std::size_t d = 0; d < last; ++d) {
        walks[i].start += f.coeffs[d] * x[d];
        if (!f.base.empty()) walks[i].base += f.base[d] * x[d];
      }
    }
    for (std::int64_t k = 0; k < dims[last];) {
      std::int64_t count = dims[last] - k, address = 0, step = 0;
      bool inside = true;
      for (const Walk& w : walks) {
        count = w.steady(k, count);
        inside = inside && w.inside(k);
        address += w.value(k) * w.coordinate->stride;
        step += w.step() * w.coordinate->stride;
      }
      for (std::int64_t i = 0; i < count; ++i)
        target[k + i] = inside ? value_of<Element>(source[address + step * i]) : Element{};
      k += count;
    }
    target += dims[last];
    for (std::size_t d = last; d-- > 0;) {
      if (++x[d] < dims[d]) break;
      x[d] = 0;
    }
  }
}

// One dimension of an array of float64 rows becomes G times it.
std::vector<double> transformed(const std::vector<double>& from, std::int64_t outer,
                                std::int64_t inner, const Matrix& G) {
  std::vector<double> to(static_cast<std::size_t>(outer * G.rows * inner), 0);
  for (std::int64_t o = 0; o < outer; ++o)
    for (int p = 0; p < G.rows; ++p)
      for (int t = 0; t < G.columns; ++t) {
        const double g = G.at(p, t);
        if (g == 0) continue;
        const double* source = from.data() + (o * G.columns + t) * inner;
        double* target = to.data() + (o * G.rows + p) * inner;
        for (std::int64_t i = 0; i < inner; ++i) target[i] += g * source[i];
      }
  return to;
}

// Layouts with minimal filtering: the taps first, then row by row through the transforms.
template <class Source, class Element>
void pack_transformed_elements(const Problem& problem, const PackedFilter& layout,
                               const Source* source, Element* target) {
  PackedFilter taps = layout;
  taps.transforms.clear();
  taps.more.clear();
  for (const auto& t : layout.transforms) taps.dims[t.dimension] = t.G.columns;
  std::int64_t count = 1;
  for (std::int64_t d : taps.dims) count *= d;
  std::vector<Element> plain(static_cast<std::size_t>(count));
  pack_elements(coordinates(problem, taps), taps.dims, source, plain.data());

  // What lies inside the first transformed dimension goes at once.
  std::size_t first = layout.dims.size();
  for (const auto& t : layout.transforms) first = std::min(first, t.dimension);
  std::int64_t outer = 1, from_size = 1, to_size = 1;
  for (std::size_t d = 0; d < first; ++d) outer *= layout.dims[d];
  for (std::size_t d = first; d < layout.dims.size(); ++d) {
    from_size *= taps.dims[d];
    to_size *= layout.dims[d];
  }
  for (std::int64_t o = 0; o < outer; ++o) {
    std::vector<double> values(plain.begin() + o * from_size, plain.begin() + (o + 1) * from_size);
    std::vector<std::int64_t> dims = taps.dims;
    for (const auto& t : layout.transforms) {
      std::int64_t before = 1, behind = 1;
      for (std::size_t d = first; d < t.dimension; ++d) before *= dims[d];
      for (std::size_t d = t.dimension + 1; d < dims.size(); ++d) behind *= dims[d];
      values = transformed(values, before, behind, t.G);
      dims[t.dimension] = t.G.rows;
    }
    for (std::int64_t i = 0; i < to_size; ++i)
      target[o * to_size + i] = static_cast<Element>(values[static_cast<std::size_t>(i)]);
  }
}

void pack_transformed(const Problem& problem, const PackedFilter& layout, const void* filter,
                      void* packed) {
  with_types(problem.dtype, layout.dtype, filter, packed,
             [&]<class Source, class Element>(const Source* from, Element* to) {
               if constexpr (std::is_floating_point_v<Element>)
                 pack_transformed_elements(problem, layout, from, to);
               else
                 throw std::logic_error("minimal filtering packs f32 and f64");
             });
}

}  // namespace

std::int64_t packed_bytes(const PackedFilter& layout) {
  std::int64_t n = ir::bytes(layout.dtype);
  for (std::int64_t d : layout.dims) n *= d;
  for (const PackedFilter& more : layout.more) n += packed_bytes(more);
  return n;
}

std::string print(const PackedFilter& layout) {
  std::string s =
      fmt::format("{}[{}]:g={},oc={},ic={}", ir::name(layout.dtype), fmt::join(layout.dims, ","),
                  print(layout.group), print(layout.oc), print(layout.ic));
  for (const auto& t : layout.taps) s += ",t=" + print(t);
  for (const auto& t : layout.transforms)
    s += fmt::format(",x{}=[{}]", t.dimension, fmt::join(t.G.values, ","));
  for (const PackedFilter& more : layout.more) s += " + " + print(more);
  return s;
}

namespace {

void pack_array(const Problem& problem, const PackedFilter& layout, const void* filter,
                void* packed) {
  if (!layout.transforms.empty()) return pack_transformed(problem, layout, filter, packed);
  const auto c = coordinates(problem, layout);
  with_types(problem.dtype, layout.dtype, filter, packed,
             [&](const auto* from, auto* to) { pack_elements(c, layout.dims, from, to); });
}

}  // namespace

void pack(const Problem& problem, const PackedFilter& layout, const void* filter, void* packed) {
  const std::int64_t bytes = packed_bytes(layout);
  if (bytes == 0) return;
  pack_array(problem, layout, filter, packed);
  std::int64_t more_bytes = 0;
  for (const PackedFilter& more : layout.more) more_bytes += packed_bytes(more);
  auto* next = static_cast<std::byte*>(packed) + (bytes - more_bytes);
  for (const PackedFilter& more : layout.more) {
    pack(problem, more, filter, next);
    next += packed_bytes(more);
  }
}

}  // namespace tconv::planner
