// The part libtconv_keras.so: files of weights. NumPy's NPY and NPZ, Keras' .weights.h5 and .keras,
// read and written with zlib and, where the build has it, Debian's HDF5. What it needs to know of a
// layer and what it finds travels as plain values; layers themselves are the library's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tconv::frontends {

struct FileTensor {
  std::string name;  // where a file has several
  std::string type;  // as tconv::name(DType) has it; of a file's other types, the file's word
  std::vector<std::int64_t> shape;
  std::string bytes;  // dense, row-major, little-endian
};

// A layer in a file: "up", "Conv2DTranspose", "layers/conv2d_transpose". A file of weights says no
// class.
struct FileLayer {
  std::string name, class_name, path;
};

// What a layer takes; what a file has must fit.
struct LayerNeeds {
  std::string name;
  std::vector<std::int64_t> kernel;  // sizes; -1: not known yet
  bool bias = false;
};

struct FileRequest {
  enum class Task {
    read_arrays,    // -> tensors
    write_arrays,   // tensors
    list_layers,    // -> layers
    read_layer,     // layer -> config, tensors {kernel, bias}
    read_weights,   // layer, needs -> tensors {kernel, bias}
    write_layer,    // needs, tensors {kernel, bias}, config
    update_weights  // layer, needs, tensors {kernel, bias}
  };
  Task task = Task::read_arrays;
  std::string file;
  std::string layer;  // name or path of a layer in the file; empty: the one that is meant
  LayerNeeds needs;
  std::vector<FileTensor> tensors;
  std::string config;  // of the layer, JSON as in a .keras file
};

struct FileReply {
  // Where `error` says something, the rest is meaningless. `argument` is "file" or "layer".
  std::string argument, error;
  std::vector<FileTensor> tensors;
  std::vector<FileLayer> layers;
  std::string config;
};

// Throws nothing but std::bad_alloc. Thread-safe.
using KerasPartFunction = FileReply (*)(const FileRequest&);

}  // namespace tconv::frontends
