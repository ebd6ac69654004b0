// Memory accesses: inside their buffers, one pointer per view, streaming stores on whole lines.
#include <limits>

#include "ir/verify_parts.h"

namespace tconv::ir {

void Accesses::begin_kernel() {
  pointers_ = 0;
  for (ViewUse& v : views_) {
    v.used = false;
    v.coefficients.clear();
  }
}

bool Accesses::sound(const Mem& mem) {
  if (mem.view >= c_.program.views.size()) {
    c_.fault("no such view");
    return false;
  }
  const View& v = c_.program.views[mem.view];
  if (mem.index.size() != v.dims.size()) {
    c_.fault(v.name + " has " + std::to_string(v.dims.size()) + " dimensions, not " +
             std::to_string(mem.index.size()));
    return false;
  }
  return c_.forms(mem.index);
}

void Accesses::touch(const Mem& mem, int lo, int hi) {
  const View& v = c_.program.views[mem.view];
  for (std::size_t d = 0; d < mem.index.size(); ++d) {
    const bool last = d + 1 == mem.index.size();
    const Affine& index = mem.index[d];
    const std::int64_t first = last ? lo : 0, top = last ? hi - 1 : 0;
    const auto where = [&] {
      return v.name + ": index " + c_.text(index + first) +
             (top > first ? ".." + c_.text(index + top) : "") + " of dimension " +
             std::to_string(d);
    };
    if (!c_.facts.proves(index, 1, first)) c_.fault(where() + " can be negative");
    const bool below = v.dims[d].is_constant()
                           ? c_.facts.proves(index, -1, v.dims[d].constant() - 1 - top)
                           : c_.facts.proves(v.dims[d] - index, 1, -1 - top);
    if (!below) c_.fault(where() + " can reach its end, " + c_.text(v.dims[d]));
  }
  address(mem);
}

void Accesses::address(const Mem& mem) {
  std::int64_t constant = 0;
  if (byte_offset(mem, constant)) pointer_rules(mem, constant);
}

bool Accesses::byte_offset(const Mem& mem, std::int64_t& constant) {
  const View& v = c_.program.views[mem.view];
  offset_.assign(c_.facts.scope().size(), 0);
  bool fits = true;
  const auto add = [&fits](std::int64_t& sum, std::int64_t value, std::int64_t factor) {
    const Wide total = sum + static_cast<Wide>(value) * factor;
    fits = fits && total <= kMaxNumber && total >= -kMaxNumber;
    sum = fits ? static_cast<std::int64_t>(total) : 0;
  };
  constant = v.byte_offset;
  std::int64_t scale = bytes(v.dtype);
  for (std::size_t d = mem.index.size(); d-- > 0;) {
    add(constant, mem.index[d].constant(), scale);
    for (const Term& t : mem.index[d].terms()) add(offset_[c_.facts.slot(t.var)], t.coeff, scale);
    if (d > 0) scale *= v.dims[d].constant();
  }
  if (!fits) c_.fault(v.name + ": an offset is beyond 2^47 bytes");
  return fits;
}

void Accesses::pointer_rules(const Mem& mem, std::int64_t constant) {
  const View& view = c_.program.views[mem.view];
  ViewUse& use = views_[mem.view];
  if (!use.used && ++pointers_ == c_.target.pointers + 1)
    c_.fault(view.name + " is one more than the " + std::to_string(c_.target.pointers) +
             " views that a kernel can use on " + c_.target.name);
  use.used = true;
  const std::vector<VarId>& scope = c_.facts.scope();
  if (use.coefficients.size() < scope.size())
    use.coefficients.resize(scope.size(), {std::numeric_limits<VarId>::max(), 0});
  Wide lo = constant, hi = constant;
  for (std::size_t s = 0; s < scope.size(); ++s) {
    if (c_.program.vars[scope[s]].kind == VarKind::unroll) {
      const Interval& i = c_.facts.declared(s);
      lo += static_cast<Wide>(offset_[s]) * (offset_[s] > 0 ? i.lo : i.hi);
      hi += static_cast<Wide>(offset_[s]) * (offset_[s] > 0 ? i.hi : i.lo);
      continue;
    }
    Coefficient& seen = use.coefficients[s];
    if (seen.var != scope[s]) {
      seen = {scope[s], offset_[s]};
    } else if (seen.value != offset_[s]) {
      c_.fault(view.name + ": a step of " + c_.program.vars[scope[s]].name + " moves " +
               std::to_string(offset_[s]) + " bytes here and " + std::to_string(seen.value) +
               " bytes in an earlier access; use another view");
    }
  }
  if (lo < std::numeric_limits<std::int32_t>::min() ||
      hi > std::numeric_limits<std::int32_t>::max())
    c_.fault(view.name + ": the constant part of the offset does not fit in 32 bits");
}

void Accesses::stream(const Mem& mem, DType register_type) {
  const View& v = c_.program.views[mem.view];
  const Buffer& b = c_.program.buffers[v.buffer];
  const std::int64_t whole = c_.target.lanes(register_type) * bytes(v.dtype);
  const bool own = b.kind == BufferKind::scratch || b.kind == BufferKind::local;
  const std::int64_t align = own ? 64 : b.align;
  std::int64_t constant = 0;
  if (!byte_offset(mem, constant)) return;
  bool aligned = align >= whole && constant % whole == 0;
  for (std::int64_t step : offset_) aligned = aligned && step % whole == 0;
  if (!aligned)
    c_.fault("stream to " + v.name + " is not known to be aligned to " + std::to_string(whole) +
             " bytes");
}

}  // namespace tconv::ir
