// Small twins of real layers.
#pragma once

#include "tools/shape.h"

namespace tconv::tests {

// Fewer images, pixels and channels until the work is `most` multiply-adds; what is cropped stays.
tools::Shape shrunk(tools::Shape shape, double most);

}  // namespace tconv::tests
