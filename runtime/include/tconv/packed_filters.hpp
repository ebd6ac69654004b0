// A filter that is packed once and used by many calls.
#pragma once

#include <memory>

#include "tconv/tensor.hpp"

namespace tconv {

namespace frontends {
class PackedForms;
}

// A copy of a filter that remembers how operations wanted it packed. The first call with new shapes
// packs it, later ones do not; what the last 8 kinds of operation wanted is kept. A value that
// shares its insides: cheap to copy, and usable from many threads at once.
class TCONV_API PackedFilters {
 public:
  // Dense or not, of one of the five types; FrontError (argument `filters`) otherwise.
  explicit PackedFilters(const TensorView& filters);
  const TensorView& view() const;  // the copy
  DType dtype() const { return view().dtype(); }
  const Dims& shape() const { return view().shape(); }

  const frontends::PackedForms& insides() const { return *insides_; }  // for the front doors

 private:
  std::shared_ptr<const frontends::PackedForms> insides_;
};

}  // namespace tconv
