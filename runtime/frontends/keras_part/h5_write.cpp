#include "runtime/frontends/keras_part/h5.h"

namespace tconv::frontends {
namespace {

std::string write_tensor(hid_t file, hid_t links, const FileTensor& tensor) {
  std::vector<hsize_t> sizes(tensor.shape.begin(), tensor.shape.end());
  const H5Handle space(sizes.empty() ? H5Screate(H5S_SCALAR)
                                     : H5Screate_simple(static_cast<int>(sizes.size()),
                                                        sizes.data(), nullptr),
                       H5Sclose);
  const hid_t type = tensor.type == "float64" ? H5T_IEEE_F64LE : H5T_IEEE_F32LE;
  const H5Handle dataset(H5Dcreate2(file, tensor.path.c_str(), type, space, links, H5P_DEFAULT,
                                    H5P_DEFAULT),
                         H5Dclose);
  if (!space.ok() || !dataset.ok()) return tensor.path + ": HDF5 cannot make it";
  if (!tensor.bytes.empty() &&
      H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, tensor.bytes.data()) < 0)
    return tensor.path + ": HDF5 cannot write it";
  return "";
}

std::string write_name(hid_t file, hid_t links, const GroupName& name) {
  const H5Handle group(H5Lexists(file, name.first.c_str(), H5P_DEFAULT) > 0
                           ? H5Gopen2(file, name.first.c_str(), H5P_DEFAULT)
                           : H5Gcreate2(file, name.first.c_str(), links, H5P_DEFAULT, H5P_DEFAULT),
                       H5Gclose);
  const H5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  const H5Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  const H5Handle attribute(H5Acreate2(group, "name", type, space, H5P_DEFAULT, H5P_DEFAULT),
                           H5Aclose);
  const char* text = name.second.c_str();
  if (!group.ok() || !attribute.ok() || H5Awrite(attribute, type, &text) < 0)
    return name.first + ": HDF5 cannot write its name";
  return "";
}

std::string write_all(hid_t file, const H5Contents& contents) {
  const H5Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links, 1);
  for (const FileTensor& tensor : contents.tensors)
    if (std::string why = write_tensor(file, links, tensor); !why.empty()) return why;
  for (const GroupName& name : contents.names) {
    // H5Lexists needs the groups above; a variable's group exists already.
    if (name.first.find('/') != std::string::npos &&
        H5Lexists(file, name.first.substr(0, name.first.find('/')).c_str(), H5P_DEFAULT) <= 0) {
      const H5Handle group(
          H5Gcreate2(file, name.first.c_str(), links, H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
    }
    if (std::string why = write_name(file, links, name); !why.empty()) return why;
  }
  return H5Fflush(file, H5F_SCOPE_GLOBAL) < 0 ? "HDF5 cannot finish the file" : "";
}

}  // namespace

std::pair<std::string, std::string> write_h5(const H5Contents& contents) {
  const auto lock = h5_lock();
  const H5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  if (H5Pset_fapl_core(access, 1 << 20, false) < 0)
    return {"", "HDF5 makes no file in memory"};
  const H5Handle file(H5Fcreate("memory", H5F_ACC_TRUNC, H5P_DEFAULT, access), H5Fclose);
  if (!file.ok()) return {"", "HDF5 makes no file in memory"};
  if (std::string why = write_all(file, contents); !why.empty()) return {"", why};
  const ssize_t size = H5Fget_file_image(file, nullptr, 0);
  std::string bytes(size < 0 ? 0 : static_cast<std::size_t>(size), '\0');
  if (size < 0 || H5Fget_file_image(file, bytes.data(), bytes.size()) != size)
    return {"", "HDF5 does not give the file's bytes"};
  return {std::move(bytes), ""};
}

}  // namespace tconv::frontends
