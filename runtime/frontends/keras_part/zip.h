#pragma once

#include "runtime/frontends/keras_part/interface.h"

namespace tconv::frontends {

ZipContents read_zip(const std::string& path);
std::string write_zip(const std::string& path, const ZipContents& contents, bool deflated);

}  // namespace tconv::frontends
