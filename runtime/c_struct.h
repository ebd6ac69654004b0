// Structs of the C API that begin with struct_size and grow at their end only.
#pragma once

#include <cstddef>
#include <initializer_list>

namespace tconv::runtime {

// Reads the caller's struct of *given (its first member is its size) into the `known_bytes` of this
// library's. Accepted are the sizes in `released`, oldest first and this library's last (fields
// that the caller does not have are 0), and larger ones whose bytes beyond are all zero. Throws
// Error.
void read_struct(const char* name, const void* given, void* known,
                 std::initializer_list<std::size_t> released);

// The other way: fills the caller's struct with as much of this library's as it
// has room for, but for struct_size, and sets what is beyond to 0. The same sizes are accepted.
void write_struct(const char* name, void* given, const void* known,
                  std::initializer_list<std::size_t> released);

}  // namespace tconv::runtime
