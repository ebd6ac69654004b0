// Memory for benchmarks, and a layer that is compiled, packed and ready to run.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "tconv/inspect.hpp"
#include "tconv/tconv.hpp"

namespace tconv::bench {

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<void, Free>;
inline Memory allocate(std::size_t bytes) {
  return Memory(std::aligned_alloc(64, (bytes + 64) / 64 * 64));
}
inline Memory floats(std::int64_t count) {
  Memory memory = allocate(static_cast<std::size_t>(count) * sizeof(float));
  for (std::int64_t i = 0; i < count; ++i) static_cast<float*>(memory.get())[i] = 0.25F;
  return memory;
}

// Evenly over -amplitude..amplitude, the same every time.
inline Memory noise(std::int64_t count, double amplitude) {
  Memory memory = allocate(static_cast<std::size_t>(count) * sizeof(float));
  std::uint64_t state = 1;
  for (std::int64_t i = 0; i < count; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    const double unit = static_cast<double>(state >> 40) * 0x1p-23 - 1;
    static_cast<float*>(memory.get())[i] = static_cast<float>(amplitude * unit);
  }
  return memory;
}

class ReadyLayer {
 public:
  // Every number is 1/4; or inputs are noise, and filters such that the sums' deviation is 2, for
  // layers whose time depends on the numbers.
  enum class Numbers { equal, noise };
  explicit ReadyLayer(const std::string& line, const std::string& options = "",
                      Numbers numbers = Numbers::equal)
      : op(ConvTranspose::create(line, Options::parse(options))),
        info(parse_problem(line)),
        input_(numbers == Numbers::equal ? floats(info.input_elements)
                                         : noise(info.input_elements, 1)),
        bias_(floats(info.oc)),
        output_(floats(info.output_elements)),
        packed_(allocate(op.packed_filter_bytes())),
        workspace_(allocate(op.workspace_bytes())) {
    const double products =
        static_cast<double>(info.multiply_adds) / static_cast<double>(info.output_elements);
    op.pack((numbers == Numbers::equal ? floats(info.filter_elements)
                                       : noise(info.filter_elements, 6 / std::sqrt(products)))
                .get(),
            packed_.get());
  }
  void run() const { op.run(input(), packed(), bias(), output(), workspace()); }

  const float* input() const { return values(input_); }
  const float* bias() const { return info.bias ? values(bias_) : nullptr; }
  float* output() const { return values(output_); }
  void* packed() const { return packed_.get(); }
  void* workspace() const { return workspace_.get(); }

  const ConvTranspose op;
  const ProblemInfo info;

 private:
  static float* values(const Memory& memory) { return static_cast<float*>(memory.get()); }
  Memory input_, bias_, output_, packed_, workspace_;
};

}  // namespace tconv::bench
