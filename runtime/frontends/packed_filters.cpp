#include "runtime/frontends/packed_filters.h"

#include <algorithm>

#include "runtime/error.h"
#include "runtime/frontends/fail.h"

namespace tconv {
namespace frontends {
namespace {

constexpr std::size_t kMostEntries = 8;

OwnedTensor checked_copy(const TensorView& filters) {
  if (!filters.has_value()) type_error("filters", "a tensor is needed");
  if (!is_computed(filters.dtype()))
    type_error("filters",
               "the type {} is not supported; there are float16, bfloat16, float32, "
               "float64 and int32",
               name(filters.dtype()));
  return OwnedTensor::copy(filters);
}

// Equal texts of operations that read the filter differently are not the same layout.
std::string layout_of(const ConvTranspose& operation, const Layer& layer) {
  return fmt::format("{} torch={} g={} rank={}", operation.packed_layout(), layer.torch_filter,
                     layer.g, layer.rank);
}

}  // namespace

PackedForms::PackedForms(const TensorView& filters)
    : copy_(checked_copy(filters)), view_(copy_.view()) {}

std::shared_ptr<const OwnedTensor> PackedForms::packed_for(const ConvTranspose& operation,
                                                           const Layer& layer) const {
  const std::lock_guard lock(mutex_);
  for (std::size_t x = entries_.size(); x-- > 0;) {
    if (&entries_[x].operation.operation() != &operation.operation()) continue;
    std::rotate(entries_.begin() + static_cast<std::ptrdiff_t>(x),
                entries_.begin() + static_cast<std::ptrdiff_t>(x) + 1, entries_.end());
    return entries_.back().packed;
  }
  Entry entry{operation, layout_of(operation, layer), nullptr};
  for (const Entry& other : entries_)
    if (other.layout == entry.layout) entry.packed = other.packed;
  if (entry.packed) {
    operation.prepare({entry.packed->data(), entry.packed->bytes()});
  } else {
    // Bytes, kept in the only kind of tensor that has an owner: 4 per element, rounded up.
    const auto words = static_cast<std::int64_t>((operation.packed_filter_bytes() + 3) / 4);
    auto packed = std::make_shared<OwnedTensor>(OwnedTensor::uninitialized(DType::i32, {words}));
    operation.pack(view_.data(), packed->data());
    entry.packed = std::move(packed);
  }
  if (entries_.size() == kMostEntries) entries_.erase(entries_.begin());
  entries_.push_back(std::move(entry));
  return entries_.back().packed;
}

}  // namespace frontends

PackedFilters::PackedFilters(const TensorView& filters)
    : insides_(runtime::guarded(
          [&] { return std::make_shared<const frontends::PackedForms>(filters); })) {}

const TensorView& PackedFilters::view() const { return insides_->view(); }

}  // namespace tconv
