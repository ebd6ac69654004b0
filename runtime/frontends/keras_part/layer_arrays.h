// Which arrays of a file are a layer's kernel and bias, and whether they fit it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/frontends/keras_part/h5_index.h"
#include "runtime/frontends/keras_part/interface.h"

namespace tconv::frontends {

// Variables that belong together: datasets layers/NAME/vars/0 and 1, or, as Keras 2 wrote them,
// kernel:0 and bias:0 of one group.
struct H5Variables {
  std::string path, name;  // of the layer; the name is empty where the file says none
  std::vector<H5Dataset> datasets;
};
std::vector<H5Variables> h5_variables(const H5Index& index);

// The layer that is called so, or has that path. Without `wanted` the one that is called `own`, or
// the only one. Throws FileReject (`layer`) that lists what there is.
const H5Variables& chosen(const std::vector<H5Variables>& all, const std::string& wanted,
                          const std::string& own);

// Of one layer: kernel, and bias where there is one. Throws FileReject naming the dataset, what it
// has and what is needed.
void check_fit(const std::vector<H5Dataset>& datasets, const LayerNeeds& needs,
               const std::string& kind);

// Positions of a layer's arrays in an NPZ: kernel and bias by name, with `wanted` before it, or
// arr_0 and arr_1.
std::vector<std::size_t> npz_choice(const std::vector<FileTensor>& tensors,
                                    const std::string& wanted, const LayerNeeds& needs);

// "'up' (layers/conv2d_transpose), ..."
std::string listed(const std::vector<FileLayer>& layers);

}  // namespace tconv::frontends
