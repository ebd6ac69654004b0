#include <exception>

#include "runtime/frontends/keras_part/h5.h"

namespace tconv::frontends {
namespace {

// HDF5's filters compress no better than deflate; a dataset that claims more is damaged.
constexpr std::uint64_t kMostRatio = 1032;

struct Visit {
  H5Contents out;
  std::uint64_t file_bytes = 0;
  std::exception_ptr exception;
};

std::string read_dataset(hid_t file, const std::string& path, Visit& visit) {
  const H5Handle dataset(H5Dopen2(file, path.c_str(), H5P_DEFAULT), H5Dclose);
  if (!dataset.ok()) return "it cannot be opened";
  const H5Handle type(H5Dget_type(dataset), H5Tclose);
  const H5Handle space(H5Dget_space(dataset), H5Sclose);
  const H5Handle plist(H5Dget_create_plist(dataset), H5Pclose);
  if (!type.ok() || !space.ok() || !plist.ok()) return "its description is damaged";
  FileTensor tensor{path, "", {}, ""};
  const int rank = H5Sget_simple_extent_ndims(space);
  if (rank < 0 || rank > H5S_MAX_RANK) return "its shape is damaged";
  hsize_t sizes[H5S_MAX_RANK] = {};
  if (H5Sget_simple_extent_dims(space, sizes, nullptr) < 0) return "its shape is damaged";
  for (int axis = 0; axis < rank; ++axis) {
    if (sizes[axis] > (hsize_t{1} << 62)) return "its shape is damaged";
    tensor.shape.push_back(static_cast<std::int64_t>(sizes[axis]));
  }
  if (H5Tget_class(type) != H5T_FLOAT) {
    tensor.type = "no float";
    visit.out.tensors.push_back(std::move(tensor));
    return "";
  }
  if (H5Pget_external_count(plist) > 0 || H5Pget_layout(plist) == H5D_VIRTUAL)
    return "its numbers are in other files";
  const bool wide = H5Tget_size(type) > 4;
  std::uint64_t bytes = wide ? 8 : 4;
  for (const std::int64_t size : tensor.shape)
    if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(size), &bytes))
      return "its size does not fit in 64 bits";
  if (bytes > visit.file_bytes * kMostRatio * 4 + 64)
    return "it claims " + std::to_string(bytes) + " bytes in a file of " +
           std::to_string(visit.file_bytes);
  tensor.type = wide ? "float64" : "float32";
  tensor.bytes.resize(bytes);
  if (bytes > 0 && H5Dread(dataset, wide ? H5T_NATIVE_DOUBLE : H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL,
                           H5P_DEFAULT, tensor.bytes.data()) < 0)
    return "its numbers cannot be read";
  visit.out.tensors.push_back(std::move(tensor));
  return "";
}

// The attribute `name` of a group, a string of fixed or variable length; nothing for none.
void read_name(hid_t file, const std::string& path, Visit& visit) {
  const H5Handle group(H5Gopen2(file, path.c_str(), H5P_DEFAULT), H5Gclose);
  if (!group.ok() || H5Aexists(group, "name") <= 0) return;
  const H5Handle attribute(H5Aopen(group, "name", H5P_DEFAULT), H5Aclose);
  if (!attribute.ok()) return;
  const H5Handle type(H5Aget_type(attribute), H5Tclose);
  const H5Handle space(H5Aget_space(attribute), H5Sclose);
  if (!type.ok() || !space.ok() || H5Tget_class(type) != H5T_STRING ||
      H5Sget_simple_extent_npoints(space) != 1)
    return;
  std::string name;
  if (H5Tis_variable_str(type) > 0) {
    const H5Handle memory(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(memory, H5T_VARIABLE);
    H5Tset_cset(memory, H5Tget_cset(type));
    char* text = nullptr;
    if (H5Aread(attribute, memory, &text) < 0) return;
    if (text != nullptr) name = text;
    H5free_memory(text);
  } else {
    const std::size_t size = H5Tget_size(type);
    if (size > 65536) return;
    name.resize(size);
    if (H5Aread(attribute, type, name.data()) < 0) return;
    name.resize(name.find('\0') == std::string::npos ? size : name.find('\0'));
  }
  visit.out.names.emplace_back(path, std::move(name));
}

// Called by C code: nothing is thrown through it.
herr_t visit_object(hid_t file, const char* path, const H5O_info_t* info, void* data) {
  auto& visit = *static_cast<Visit*>(data);
  try {
    if (info->type == H5O_TYPE_GROUP) read_name(file, path, visit);
    if (info->type == H5O_TYPE_DATASET) {
      const std::string why = read_dataset(file, path, visit);
      if (!why.empty()) visit.out.error = std::string(path) + ": " + why;
    }
  } catch (...) {
    visit.exception = std::current_exception();
  }
  return visit.exception != nullptr || !visit.out.error.empty() ? 1 : 0;
}

}  // namespace

std::unique_lock<std::mutex> h5_lock() {
  static std::mutex mutex;
  std::unique_lock<std::mutex> lock(mutex);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  return lock;
}

H5Contents read_h5(const std::string& bytes) {
  const auto lock = h5_lock();
  Visit visit;
  visit.file_bytes = bytes.size();
  const H5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  if (H5Pset_fapl_core(access, 1 << 20, false) < 0 ||
      H5Pset_file_image(access, const_cast<char*>(bytes.data()), bytes.size()) < 0) {
    visit.out.error = "HDF5 takes no file from memory";
    return visit.out;
  }
  const H5Handle file(H5Fopen("memory", H5F_ACC_RDONLY, access), H5Fclose);
  if (!file.ok()) {
    visit.out.error = "it is no HDF5 file, or damaged";
    return visit.out;
  }
  const herr_t end =
      H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_NATIVE, visit_object, &visit, H5O_INFO_BASIC);
  if (visit.exception != nullptr) std::rethrow_exception(visit.exception);
  if (end < 0 && visit.out.error.empty()) visit.out.error = "its groups are damaged";
  return visit.out;
}

}  // namespace tconv::frontends
