#include "tools/cold_caches.h"

#include <emmintrin.h>

namespace tconv::tools {

void flush_from_caches(const void* data, std::size_t bytes) {
  constexpr std::size_t line = 64;
  const char* at = static_cast<const char*>(data);
  for (std::size_t i = 0; i < bytes; i += line) _mm_clflush(at + i);
  if (bytes > 0) _mm_clflush(at + bytes - 1);
  _mm_mfence();
}

}  // namespace tconv::tools
