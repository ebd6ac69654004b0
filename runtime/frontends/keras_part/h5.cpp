#ifdef TCONV_HAS_HDF5

#include "runtime/frontends/keras_part/h5.h"

#include "runtime/frontends/keras_part/h5_library.h"

namespace tconv::frontends {
namespace {

constexpr std::size_t kStep = 1 << 20;  // by which a file in memory grows

[[noreturn]] void refuse(const std::string& path, const char* what) {
  throw FileReject((path.empty() ? "" : "dataset " + quoted(path) + ": ") + "HDF5 " + what);
}

// Never on disk: bytes go to the caller's file whole or not at all.
H5Handle in_memory() {
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  if (access >= 0 && H5Pset_fapl_core(access, kStep, false) < 0) {
    H5Pclose(access);
    refuse("", "keeps no file in memory");
  }
  return {access, H5Pclose};
}

// A file that is only read stays where it is: the library's copies of it, two of all, are itself.
// One file at a time is open (H5Session).
const void* the_image = nullptr;
void* the_image_itself(std::size_t, H5FD_file_image_op_t, void*) {
  return const_cast<void*>(the_image);
}
void* not_copied(void* to, const void*, std::size_t, H5FD_file_image_op_t, void*) { return to; }
herr_t not_freed(void*, H5FD_file_image_op_t, void*) { return 0; }
H5FD_file_image_callbacks_t shared_image = {the_image_itself, not_copied, nullptr, not_freed,
                                            nullptr,          nullptr,    nullptr};

hid_t opened(const H5Handle& access, std::string_view file, unsigned how) {
  the_image = file.data();
  if (!access.ok() ||
      (how == H5F_ACC_RDONLY && H5Pset_file_image_callbacks(access, &shared_image) < 0) ||
      H5Pset_file_image(access, const_cast<char*>(file.data()), file.size()) < 0)
    refuse("", "keeps no file in memory");
  const hid_t id = H5Fopen("tconv", how, access);
  if (id < 0) refuse("", "does not open it: it is damaged");
  return id;
}

std::string image(const H5Handle& file) {
  if (H5Fflush(file, H5F_SCOPE_GLOBAL) < 0) refuse("", "cannot finish the file");
  const ssize_t size = H5Fget_file_image(file, nullptr, 0);
  if (size < 0) refuse("", "cannot finish the file");
  std::string bytes(static_cast<std::size_t>(size), '\0');
  if (H5Fget_file_image(file, bytes.data(), bytes.size()) != size)
    refuse("", "cannot finish the file");
  return bytes;
}

// The dataset's own type in our order of bytes; opaque types have none.
H5Handle memory_type(const H5Handle& dataset, const std::string& path) {
  const H5Handle stored(H5Dget_type(dataset), H5Tclose);
  H5Handle memory(stored.ok() ? H5Tcopy(stored) : H5I_INVALID_HID, H5Tclose);
  if (!memory.ok() || (H5Tget_class(memory) == H5T_FLOAT && H5Tset_order(memory, H5T_ORDER_LE) < 0))
    refuse(path, "does not know its type");
  return H5Handle(H5Tcopy(memory), H5Tclose);
}

hid_t new_type(const std::string& name) {
  if (name == "float64") return H5Tcopy(H5T_IEEE_F64LE);
  if (name == "bfloat16") {
    const hid_t bits = H5Tcreate(H5T_OPAQUE, 2);
    if (bits >= 0) H5Tset_tag(bits, "");
    return bits;
  }
  const hid_t type = H5Tcopy(H5T_IEEE_F32LE);
  if (type >= 0 && name == "float16") {
    H5Tset_fields(type, 15, 10, 5, 0, 10);
    H5Tset_size(type, 2);
    H5Tset_ebias(type, 15);
  }
  return type;
}

void write_string(const H5Handle& object, const char* name, const std::string& value,
                  const std::string& path) {
  const H5Handle type(H5Tcopy(H5T_C_S1), H5Tclose), space(H5Screate(H5S_SCALAR), H5Sclose);
  if (!type.ok() || H5Tset_size(type, H5T_VARIABLE) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0)
    refuse(path, "makes no string");
  const H5Handle attribute(H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT),
                           H5Aclose);
  const char* text = value.c_str();
  if (!attribute.ok() || H5Awrite(attribute, type, &text) < 0)
    refuse(path, "cannot write its attribute");
}

void write_dataset(const H5Handle& file, const H5Handle& links, const H5Handle& kind,
                   const FileTensor& tensor) {
  const std::vector<hsize_t> sizes(tensor.shape.begin(), tensor.shape.end());
  const H5Handle space(
      sizes.empty() ? H5Screate(H5S_SCALAR)
                    : H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr),
      H5Sclose);
  const H5Handle type(new_type(tensor.type), H5Tclose);
  const H5Handle dataset(
      H5Dcreate2(file, tensor.name.c_str(), type, space, links, kind, H5P_DEFAULT), H5Dclose);
  if (!dataset.ok()) refuse(tensor.name, "cannot make it");
  if (!tensor.bytes.empty() &&
      H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, tensor.bytes.data()) < 0)
    refuse(tensor.name, "cannot write it");
  if (tensor.type == "bfloat16") write_string(dataset, "dtype", tensor.type, tensor.name);
}

}  // namespace

void require_h5() {}

std::vector<FileTensor> h5_read(std::string_view bytes, const std::vector<H5Dataset>& datasets) {
  const H5Session session;
  const H5Handle access = in_memory();
  const H5Handle file(opened(access, bytes, H5F_ACC_RDONLY), H5Fclose);
  std::vector<FileTensor> out;
  for (const H5Dataset& wanted : datasets) {
    FileTensor tensor{wanted.path, wanted.type, wanted.shape, {}};
    tensor.bytes.resize(bytes_of(wanted.shape, element_bytes(wanted.type), wanted.path));
    const H5Handle dataset(H5Dopen2(file, wanted.path.c_str(), H5P_DEFAULT), H5Dclose);
    if (!dataset.ok()) refuse(wanted.path, "does not find it: the groups are damaged");
    const H5Handle type = memory_type(dataset, wanted.path), space(H5Dget_space(dataset), H5Sclose);
    // That it sees what h5_index saw: the buffer has that size.
    if (!type.ok() || H5Tget_size(type) != element_bytes(wanted.type) ||
        H5Sget_simple_extent_npoints(space) * static_cast<hssize_t>(H5Tget_size(type)) !=
            static_cast<hssize_t>(tensor.bytes.size()))
      refuse(wanted.path, "finds another size in it");
    if (!tensor.bytes.empty() &&
        H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, tensor.bytes.data()) < 0)
      refuse(wanted.path, "cannot read its numbers");
    out.push_back(std::move(tensor));
  }
  return out;
}

std::string h5_overwritten(std::string_view bytes, const std::vector<FileTensor>& tensors) {
  const H5Session session;
  const H5Handle access = in_memory();
  const H5Handle file(opened(access, bytes, H5F_ACC_RDWR), H5Fclose);
  for (const FileTensor& tensor : tensors) {
    const H5Handle dataset(H5Dopen2(file, tensor.name.c_str(), H5P_DEFAULT), H5Dclose);
    if (!dataset.ok()) refuse(tensor.name, "does not find it: the groups are damaged");
    const H5Handle type = memory_type(dataset, tensor.name);
    if (!tensor.bytes.empty() &&
        H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, tensor.bytes.data()) < 0)
      refuse(tensor.name, "cannot write it");
  }
  return image(file);
}

std::string h5_file(const std::vector<FileTensor>& tensors, const std::vector<H5Group>& groups) {
  const H5Session session;
  const H5Handle access = in_memory(), links(H5Pcreate(H5P_LINK_CREATE), H5Pclose),
                 kind(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links, 1);
  H5Pset_obj_track_times(kind, false);  // the same weights, the same bytes
  const H5Handle file(H5Fcreate("tconv", H5F_ACC_TRUNC, H5P_DEFAULT, access), H5Fclose);
  if (!file.ok()) refuse("", "makes no file in memory");
  for (const H5Group& each : groups) {
    const H5Handle group(H5Gcreate2(file, each.path.c_str(), links, H5P_DEFAULT, H5P_DEFAULT),
                         H5Gclose);
    if (!group.ok()) refuse(each.path, "cannot make it");
    write_string(group, "name", each.name, each.path);
  }
  for (const FileTensor& tensor : tensors) write_dataset(file, links, kind, tensor);
  return image(file);
}

}  // namespace tconv::frontends

#endif  // TCONV_HAS_HDF5
