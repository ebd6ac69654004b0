// Runs a program through a backend between guard pages and through the interpreter, and compares.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ir/ir.h"
#include "jit/backend.h"

namespace tconv::test {

using Bytes = std::vector<std::byte>;  // one buffer

// The first element that is not the same bits, and not NaN in both, as a sentence; or "".
std::string first_difference(const ir::Buffer& buffer, const std::byte* expected,
                             const std::byte* actual, std::size_t bytes);

// Compiles `program` and runs it on copies of `buffers` (non-local ones, in order of declaration),
// flush against the front guard pages and then against the back ones, every grid cut into ranges
// that `seed` chooses. Returns what differs from the interpreter (bits, both NaN being equal), or
// "".
std::string difference_from_interpreter(const ir::Program& program,
                                        const std::vector<Bytes>& buffers,
                                        const std::vector<std::int64_t>& params,
                                        std::uint32_t seed);

// The same for code that is already there.
std::string difference_from_interpreter(const ir::Program& program,
                                        const jit::CompiledProgram& code,
                                        const std::vector<Bytes>& buffers,
                                        const std::vector<std::int64_t>& params,
                                        std::uint32_t seed);

}  // namespace tconv::test
