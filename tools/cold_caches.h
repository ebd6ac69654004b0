// Tensors that no cache holds.
#pragma once

#include <cstddef>

namespace tconv::tools {

// Writes back and drops the lines of this memory from every cache.
void flush_from_caches(const void* data, std::size_t bytes);

}  // namespace tconv::tools
