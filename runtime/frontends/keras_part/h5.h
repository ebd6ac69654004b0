#pragma once

#include <hdf5.h>

#include <mutex>
#include <utility>

#include "runtime/frontends/keras_part/interface.h"

namespace tconv::frontends {

// Closes what it holds, with the function of its kind.
class H5Handle {
 public:
  using Close = herr_t (*)(hid_t);
  H5Handle(hid_t id, Close close) : id_(id), close_(close) {}
  H5Handle(const H5Handle&) = delete;
  H5Handle& operator=(const H5Handle&) = delete;
  ~H5Handle() {
    if (id_ >= 0) close_(id_);
  }
  bool ok() const { return id_ >= 0; }
  operator hid_t() const { return id_; }  // NOLINT: implicit

 private:
  hid_t id_;
  Close close_;
};

// Debian's library is not thread-safe; it prints its errors unless told otherwise.
std::unique_lock<std::mutex> h5_lock();

H5Contents read_h5(const std::string& bytes);
std::pair<std::string, std::string> write_h5(const H5Contents& contents);

}  // namespace tconv::frontends
