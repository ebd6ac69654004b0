// Of a build without HDF5.
#ifndef TCONV_HAS_HDF5

#include "runtime/frontends/keras_part/h5.h"

namespace tconv::frontends {

void require_h5() {
  throw FileReject(
      "its weights are HDF5, and this libtconv_keras.so was built without it (package libhdf5-dev, "
      "CMake option TCONV_HDF5)");
}

std::vector<FileTensor> h5_read(std::string_view, const std::vector<H5Dataset>&) {
  require_h5();
  return {};
}

std::string h5_overwritten(std::string_view, const std::vector<FileTensor>&) {
  require_h5();
  return {};
}

std::string h5_file(const std::vector<FileTensor>&, const std::vector<H5Group>&) {
  require_h5();
  return {};
}

}  // namespace tconv::frontends

#endif  // TCONV_HAS_HDF5
