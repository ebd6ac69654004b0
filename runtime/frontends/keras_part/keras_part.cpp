#include "jit/part.h"
#include "runtime/frontends/keras_part/h5.h"
#include "runtime/frontends/keras_part/zip.h"

namespace tconv::frontends {
namespace {

constexpr KerasPartFunctions kFunctions{read_zip, write_zip, read_h5, write_h5};

}  // namespace
}  // namespace tconv::frontends

extern "C" [[gnu::visibility("default")]] const tconv::jit::PartEntry tconv_part;
const tconv::jit::PartEntry tconv_part{TCONV_VERSION, &tconv::frontends::kFunctions};
