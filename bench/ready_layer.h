// Memory for benchmarks, and a layer that is compiled, packed and ready to run.
#pragma once

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

class ReadyLayer {
 public:
  explicit ReadyLayer(const std::string& line, const std::string& options = "")
      : op(ConvTranspose::create(line, Options::parse(options))),
        info(parse_problem(line)),
        input_(floats(info.input_elements)),
        bias_(floats(info.oc)),
        output_(floats(info.output_elements)),
        packed_(allocate(op.packed_filter_bytes())),
        workspace_(allocate(op.workspace_bytes())) {
    op.pack(floats(info.filter_elements).get(), packed_.get());
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
