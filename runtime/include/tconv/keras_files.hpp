// Weights in files: Keras 3's .keras and .weights.h5 (and the HDF5 files of Keras 2), NumPy's .npz
// and .npy. A file is known by what is in it when it is read, and by the end of its name when it is
// written.
//
//   keras::ConvTransposeLayer up = keras::load_layer("model.keras", "up");   // a real model's
//   layer keras::update_weights(up, "model.keras", "up");                          // and back into
//   it
//
// What reads and writes them is libtconv_keras.so, opened on first use; without it, and for HDF5 in
// a build without HDF5, these functions say so and what is missing (tconv::Error or FrontError).
//
// Errors are FrontError (ValueError; `file` or `layer`) and name the file, the dataset or array in
// it, what it has and what the layer needs. Nothing has changed then: not the layer, not the file.
// Files appear whole or not at all. All functions may be called from many threads; HDF5 is entered
// by one at a time, and a program that uses HDF5 itself, of a build that is not thread-safe, must
// not do so meanwhile. docs/keras.md has the details.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tconv/keras.hpp"

namespace tconv::keras {

struct SavedLayer {
  std::string name;        // "up"; empty where the file does not say it
  std::string class_name;  // "Conv2DTranspose"; empty in a file of weights
  std::string path;        // "layers/conv2d_transpose"
};
// Of a .keras file its transposed convolutions, of a .weights.h5 every layer that has weights.
TCONV_API std::vector<SavedLayer> saved_layers(const std::string& file);

// The layer of a .keras file that has this name or path, with arguments and weights. Without a
// name: the only transposed convolution.
TCONV_API ConvTransposeLayer load_layer(const std::string& file, std::string_view layer = {});

// Weights for a layer that is there, from any of the files. `from` is the name or path of a layer
// in the file; without it the one that has the layer's name, or the only one. In an NPZ: arrays
// FROM/kernel and FROM/bias (also with _ or . for /), without it kernel and bias, or arr_0 and
// arr_1. An NPY is the kernel of a layer without bias. Another floating type is cast. A layer that
// is not built becomes built for the kernel's channels.
TCONV_API void load_weights(ConvTransposeLayer& layer, const std::string& file,
                            std::string_view from = {});

// A built layer alone, in a new file or in the place of an old one: FILE.weights.h5 and FILE.keras
// as Keras saves a Sequential model of this layer, FILE.npz with kernel and bias, FILE.npy of a
// layer without bias. bfloat16 has type V2 in NumPy's files.
TCONV_API void save_weights(const ConvTransposeLayer& layer, const std::string& file);

// Replaces the weights of one layer in a .weights.h5, .keras or .npz file, which has to have them
// in the same shapes and types; all else stays as it was.
TCONV_API void update_weights(const ConvTransposeLayer& layer, const std::string& file,
                              std::string_view to = {});

struct NamedTensor {
  std::string name;
  OwnedTensor tensor;
};
struct NamedView {
  std::string name;
  TensorView tensor;
};
// float16, float32, float64, int32, int64; V2 and u2 are bfloat16. Either order of bytes and axes.
TCONV_API OwnedTensor load_npy(const std::string& file);
TCONV_API std::vector<NamedTensor> load_npz(const std::string& file);
// The name must end in .npy and .npz.
TCONV_API void save_npy(const TensorView& tensor, const std::string& file);
TCONV_API void save_npz(std::span<const NamedView> tensors, const std::string& file);

}  // namespace tconv::keras
