// NumPy's NPY and NPZ, as bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/frontends/keras_part/interface.h"

namespace tconv::frontends {

bool is_npy(std::string_view file);
// float16 float32 float64 int32 int64, and bfloat16 as ml_dtypes ("<V2") and `tconv run` ("<u2")
// write it; either order of bytes, either order of axes. Throws FileReject.
FileTensor npy_tensor(std::string_view file);
std::string npy_file(const FileTensor& tensor);

bool is_zip(std::string_view file);
// The arrays of an archive whose members are all NPY. Throws FileReject naming the member.
std::vector<FileTensor> npz_tensors(std::string_view file);
std::string npz_file(const std::vector<FileTensor>& tensors);

}  // namespace tconv::frontends
