#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "planner/planner.h"

namespace tconv::planner {
namespace {

std::string print(const PackedFilter::Form& f) {
  std::string s;
  for (std::size_t i = 0; i < f.coeffs.size(); ++i)
    if (f.coeffs[i] != 0)
      s += f.coeffs[i] == 1 ? fmt::format("+x{}", i) : fmt::format("+{}*x{}", f.coeffs[i], i);
  if (f.constant != 0 || s.empty()) s += fmt::format("{:+}", f.constant);
  if (s[0] == '+') s.erase(0, 1);
  if (f.divide != 1) s = fmt::format("({})/{}", s, f.divide);
  if (f.modulo != 0) s = fmt::format("({})%{}", s, f.modulo);
  return s;
}

// One coordinate of the source: its form, its extent and the distance of neighbours in elements.
struct Coordinate {
  const PackedFilter::Form* form = nullptr;
  std::int64_t extent = 0, stride = 0;
};

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

// Layouts that divide channels among groups: element by element.
template <class Element>
void pack_divided(const std::vector<Coordinate>& c, const std::vector<std::int64_t>& dims,
                  const Element* source, Element* target) {
  std::vector<std::int64_t> x(dims.size(), 0);
  std::int64_t count = 1;
  for (std::int64_t d : dims) count *= d;
  for (std::int64_t e = 0; e < count; ++e) {
    std::int64_t address = 0;
    bool inside = true;
    for (const Coordinate& k : c) {
      std::int64_t v = k.form->constant;
      for (std::size_t d = 0; d < dims.size(); ++d) v += k.form->coeffs[d] * x[d];
      inside = inside && v >= 0;
      v /= k.form->divide;
      if (k.form->modulo > 0) v %= k.form->modulo;
      inside = inside && v < k.extent;
      address += v * k.stride;
    }
    target[e] = inside ? source[address] : Element{};
    for (std::size_t d = dims.size(); d-- > 0;) {
      if (++x[d] < dims[d]) break;
      x[d] = 0;
    }
  }
}

template <class Element>
void pack_elements(const std::vector<Coordinate>& c, const std::vector<std::int64_t>& dims,
                   const Element* source, Element* target) {
  for (const Coordinate& k : c)
    if (!k.form->affine()) return pack_divided(c, dims, source, target);
  std::vector<std::int64_t> x(dims.size(), 0), value(c.size());
  std::int64_t rows = 1;
  for (std::size_t d = 0; d + 1 < dims.size(); ++d) rows *= dims[d];
  const std::int64_t columns = dims.back();
  const std::size_t last = dims.size() - 1;
  for (std::int64_t row = 0; row < rows; ++row) {
    // The part of the row for which every coordinate is inside: an interval, since forms are
    // affine.
    std::int64_t lo = 0, hi = columns, address = 0, step = 0;
    for (std::size_t i = 0; i < c.size(); ++i) {
      value[i] = c[i].form->constant;
      for (std::size_t d = 0; d < last; ++d) value[i] += c[i].form->coeffs[d] * x[d];
      const std::int64_t slope = c[i].form->coeffs[last];
      address += value[i] * c[i].stride;
      step += slope * c[i].stride;
      const auto inside = [&](std::int64_t k) {
        const std::int64_t v = value[i] + slope * k;
        return v >= 0 && v < c[i].extent;
      };
      while (lo < hi && !inside(lo)) ++lo;
      while (lo < hi && !inside(hi - 1)) --hi;
    }
    std::fill(target, target + lo, Element{});
    for (std::int64_t k = lo; k < hi; ++k) target[k] = source[address + step * k];
    std::fill(target + hi, target + columns, Element{});
    target += columns;
    for (std::size_t d = last; d-- > 0;) {
      if (++x[d] < dims[d]) break;
      x[d] = 0;
    }
  }
}

}  // namespace

std::int64_t packed_bytes(const PackedFilter& layout) {
  std::int64_t n = ir::bytes(layout.dtype);
  for (std::int64_t d : layout.dims) n *= d;
  return n;
}

std::string print(const PackedFilter& layout) {
  std::string s =
      fmt::format("{}[{}]:g={},oc={},ic={}", ir::name(layout.dtype), fmt::join(layout.dims, ","),
                  print(layout.group), print(layout.oc), print(layout.ic));
  for (const auto& t : layout.taps) s += ",t=" + print(t);
  return s;
}

void pack(const Problem& problem, const PackedFilter& layout, const void* filter, void* packed) {
  if (packed_bytes(layout) == 0) return;
  const auto c = coordinates(problem, layout);
  switch (ir::bytes(layout.dtype)) {
    case 8:
      return pack_elements(c, layout.dims, static_cast<const std::uint64_t*>(filter),
                           static_cast<std::uint64_t*>(packed));
    case 4:
      return pack_elements(c, layout.dims, static_cast<const std::uint32_t*>(filter),
                           static_cast<std::uint32_t*>(packed));
    default:
      return pack_elements(c, layout.dims, static_cast<const std::uint16_t*>(filter),
                           static_cast<std::uint16_t*>(packed));
  }
}

}  // namespace tconv::planner
