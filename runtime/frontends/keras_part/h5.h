// The numbers of HDF5 files, by Debian's HDF5 library: h5.cpp, or, in a build without it, words
// that say so. Files come and go as bytes.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/frontends/keras_part/h5_index.h"
#include "runtime/frontends/keras_part/interface.h"

namespace tconv::frontends {

// Throws FileReject in a build without HDF5: which package and option it takes.
void require_h5();

// The numbers of datasets that h5_index found readable in `file`.
std::vector<FileTensor> h5_read(std::string_view file, const std::vector<H5Dataset>& datasets);
// The same file with other numbers in datasets of the same shape and type; a tensor's name is its
// dataset's path.
std::string h5_overwritten(std::string_view file, const std::vector<FileTensor>& tensors);
// A file with these datasets, and groups that have an attribute `name`.
std::string h5_file(const std::vector<FileTensor>& tensors, const std::vector<H5Group>& groups);

}  // namespace tconv::frontends
