// The part libtconv_keras.so: Debian's HDF5 and libzip. Files as bytes and names; what they mean is
// the library's business. Errors are sentences, empty for none: no exception leaves the part but
// std::bad_alloc.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tconv::frontends {

// Dense, row-major, little-endian. Of a file's types the floats of up to 4 bytes come as float32.
struct FileTensor {
  std::string path;  // in an HDF5 file: layers/up/vars/0
  std::string type;  // float32, float64; of others the file's, which has no bytes
  std::vector<std::int64_t> shape;
  std::string bytes;
};

// The attribute `name` that Keras gives a group of variables.
using GroupName = std::pair<std::string, std::string>;  // path, name

struct H5Contents {
  std::vector<FileTensor> tensors;
  std::vector<GroupName> names;
  std::string error;
};

struct ZipContents {
  std::vector<std::pair<std::string, std::string>> members;  // name, bytes
  std::string error;
};

struct KerasPartFunctions {
  ZipContents (*read_zip)(const std::string& path);
  std::string (*write_zip)(const std::string& path, const ZipContents& contents, bool deflated);
  H5Contents (*read_h5)(const std::string& bytes);  // a whole file
  // The file's bytes, or the error (second).
  std::pair<std::string, std::string> (*write_h5)(const H5Contents& contents);
};

}  // namespace tconv::frontends
