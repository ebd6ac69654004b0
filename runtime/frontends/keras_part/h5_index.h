// What an HDF5 file holds, found without the HDF5 library. Of damaged files the library dies: of
// single bytes of tests/data/keras/upsample.weights.h5, 1.10.8 ends in a segmentation fault, a
// damaged heap or a circle (docs/keras.md). So only files go to it in which everything that it will
// touch is as Keras and h5py write it, in bytes of its own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/frontends/keras_part/h5_header.h"

namespace tconv::frontends {

struct H5Group {
  std::string path;
  std::string name;  // the attribute that Keras gives the variables of a layer; empty: none
};

struct H5Index {
  std::vector<H5Group> groups;
  std::vector<H5Dataset> datasets;
};

bool is_h5(std::string_view file);
// Throws FileReject.
H5Index h5_index(std::string_view file);

}  // namespace tconv::frontends
