// Object headers of HDF5 files as h5py writes them: version 1, without the features of later
// formats.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/frontends/keras_part/h5_extents.h"

namespace tconv::frontends {

struct H5Message {
  unsigned type = 0;
  std::uint64_t at = 0, bytes = 0;
};

enum H5MessageType : unsigned {
  kNothing = 0x0,
  kDataspace = 0x1,
  kDatatype = 0x3,
  kOldFillValue = 0x4,
  kFillValue = 0x5,
  kLayout = 0x8,
  kFilters = 0xB,
  kAttribute = 0xC,
  kContinuation = 0x10,
  kSymbolTable = 0x11,
  kModified = 0x12
};

// Every address stands for the bytes from there on; an undefined one is all ones.
constexpr std::uint64_t kNowhere = ~std::uint64_t{0};

std::vector<H5Message> h5_header(const Bytes& file, std::uint64_t at, H5Extents& extents);

// The only message of that type; throws where there is none or another one, `what` is the object.
H5Message only_message(const std::vector<H5Message>& messages, unsigned type,
                       const std::string& what);
bool has_message(const std::vector<H5Message>& messages, unsigned type);

// Attributes that are one string, of fixed or variable length; others are left out.
std::map<std::string, std::string> h5_strings(const Bytes& file,
                                              const std::vector<H5Message>& messages);

// What a dataset's messages say. `readable` is false for types that no layer has; then `type` says
// what it is in words and nothing more was looked at.
struct H5Dataset {
  std::string path, type;
  std::vector<std::int64_t> shape;
  bool readable = false;
};
H5Dataset h5_dataset(const Bytes& file, const std::vector<H5Message>& messages, std::string path,
                     H5Extents& extents);

}  // namespace tconv::frontends
