#include "tests/support/example_programs.h"

#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <stdexcept>

#include "ir/parse.h"

namespace tconv::test {
namespace {

using Floats = AlignedVector<float>;

// A 2-D layer of one image: x[i][i][ic], w[k][k][ic][oc], y[o][o][oc].
struct Layer {
  int i = 16, o = 32, ic = 0, oc = 0, k = 4, s = 2, p = 1;
  Floats x, w, bias;

  Layer(int input_channels, int output_channels) : ic(input_channels), oc(output_channels) {
    x = random_floats(static_cast<std::size_t>(i * i * ic), 1);
    w = random_floats(static_cast<std::size_t>(k * k * ic * oc), 2);
    bias = random_floats(static_cast<std::size_t>(oc), 3);
    for (float& v : w) v *= 0.125F;
  }
  float weight(int th, int tw, int c, int d) const {
    return w[static_cast<std::size_t>(((th * k + tw) * ic + c) * oc + d)];
  }
  std::vector<double> relu_output() const {
    std::vector<double> y(static_cast<std::size_t>(o * o * oc));
    for (std::size_t n = 0; n < y.size(); ++n)
      y[n] = static_cast<double>(bias[n % static_cast<std::size_t>(oc)]);
    for (int h = 0; h < i; ++h)
      for (int v = 0; v < i; ++v)
        for (int th = 0; th < k; ++th)
          for (int tw = 0; tw < k; ++tw) {
            const int row = h * s + th - p, column = v * s + tw - p;
            if (row < 0 || row >= o || column < 0 || column >= o) continue;
            double* out = &y[static_cast<std::size_t>((row * o + column) * oc)];
            for (int c = 0; c < ic; ++c) {
              const double in = x[static_cast<std::size_t>((h * i + v) * ic + c)];
              for (int d = 0; d < oc; ++d) out[d] += in * weight(th, tw, c, d);
            }
          }
    for (double& v : y) v = std::max(v, 0.0);
    return y;
  }
};

// Fills an array in row-major order from a function of its indices.
Floats fill(std::vector<int> dims, const std::function<float(const std::vector<int>&)>& value) {
  Floats out;
  std::vector<int> index(dims.size(), 0);
  for (;;) {
    out.push_back(value(index));
    std::size_t d = dims.size();
    while (d > 0 && ++index[d - 1] == dims[d - 1]) index[--d] = 0;
    if (d == 0) return out;
  }
}

void direct(ExampleProgram& e) {
  const Layer l(64, 64);
  e.buffers = {l.x,
               fill({2, 2, 2, 2, 64, 64},
                    [&](const auto& n) {
                      return l.weight(1 - n[0] + 2 * n[2], 1 - n[1] + 2 * n[3], n[4], n[5]);
                    }),
               l.bias};
  e.expected = l.relu_output();
}

void wino(ExampleProgram& e) {
  const Layer l(64, 64);
  // F(3,2) with points 0, 1, -1 and infinity, along both axes.
  constexpr double g[4][2] = {{1, 0}, {0.5, 0.5}, {0.5, -0.5}, {0, 1}};
  e.buffers = {l.x,
               fill({4, 4, 2, 2, 64, 64},
                    [&](const auto& n) {
                      double sum = 0;
                      for (int h = 0; h < 2; ++h)
                        for (int v = 0; v < 2; ++v)
                          sum += g[n[0]][h] * g[n[1]][v] *
                                 l.weight(3 - n[2] - 2 * h, 3 - n[3] - 2 * v, n[4], n[5]);
                      return static_cast<float>(sum);
                    }),
               l.bias};
  e.expected = l.relu_output();
}

void merged(ExampleProgram& e) {
  const Layer l(16, 3);
  e.buffers = {
      l.x,
      fill({2, 2, 16, 16},
           [&](const auto& n) {
             const int phase = n[3] / 3, h = phase / 2, v = phase % 2;
             if (phase >= 4) return 0.0F;
             return l.weight(h + 2 * n[0], v + 2 * n[1], n[2], n[3] % 3);
           }),
      fill({16}, [&](const auto& n) { return l.bias[static_cast<std::size_t>(n[0] % 3)]; })};
  e.expected = l.relu_output();
}

void scatter(ExampleProgram& e) {
  const Layer l(64, 3);
  e.buffers = {
      l.x,
      fill({4, 64, 16},
           [&](const auto& n) {
             return n[2] < 12 ? l.weight(n[0], n[2] / 3, n[1], n[2] % 3) : 0.0F;
           }),
      fill({112}, [&](const auto& n) { return l.bias[static_cast<std::size_t>(n[0] % 3)]; })};
  e.expected = l.relu_output();
}

void nchw(ExampleProgram& e) {
  const Layer l(16, 4);
  e.buffers = {fill({16, 16, 16},
                    [&](const auto& n) {
                      return l.x[static_cast<std::size_t>((n[1] * 16 + n[2]) * 16 + n[0])];
                    }),
               fill({2, 2, 2, 4, 16, 2},
                    [&](const auto& n) {
                      return l.weight(1 - n[0] + 2 * n[1], 1 - n[2] + 2 * n[5], n[4], n[3]);
                    }),
               l.bias};
  const std::vector<double> y = l.relu_output();
  for (int c = 0; c < 4; ++c)
    for (std::size_t pixel = 0; pixel < 32 * 32; ++pixel)
      e.expected.push_back(y[pixel * 4 + static_cast<std::size_t>(c)]);
}

// 1-D, channels first, one output channel: k=128 s=32 p=48.
void k256(ExampleProgram& e) {
  e.buffers = {random_floats(16 * 20, 1), random_floats(4 * 16 * 32, 2)};
  e.expected.assign(640, 0);
  for (int i = 0; i < 20; ++i)
    for (int t = 0; t < 128; ++t) {
      const int o = 32 * i + t - 48;
      if (o < 0 || o >= 640) continue;
      for (int c = 0; c < 16; ++c)
        e.expected[static_cast<std::size_t>(o)] +=
            static_cast<double>(e.buffers[0][static_cast<std::size_t>(c * 20 + i)]) *
            static_cast<double>(
                e.buffers[1][static_cast<std::size_t>((t / 32 * 16 + c) * 32 + t % 32)]);
    }
}

void dw(ExampleProgram& e) {
  e.buffers = {random_floats(2 * 16 * 16 * 16, 1), random_floats(2 * 32 * 32 * 64, 2)};
  for (float& v : e.buffers[1]) v *= 0.125F;
  e.expected.assign(2 * 2 * 2 * 2 * 16 * 64, 0);
  // Filter positions as the program stores them: [vh][vw][jh][jw], tap = 2 * j - v + 1.
  std::size_t out = 0;
  for (int position = 0; position < 16; ++position, out += 16 * 64) {
    const int th = 2 * (position / 2 % 2) - position / 8 + 1;
    const int tw = 2 * (position % 2) - position / 4 % 2 + 1;
    for (int pixel = 0; pixel < 2 * 16 * 16; ++pixel) {
      const int n = pixel / 256, h = pixel / 16 % 16, v = pixel % 16;
      const int row = 2 * h + th - 1, column = 2 * v + tw - 1;
      if (row < 0 || row >= 32 || column < 0 || column >= 32) continue;
      const float* x = &e.buffers[0][static_cast<std::size_t>(pixel * 16)];
      const float* g = &e.buffers[1][static_cast<std::size_t>(((n * 32 + row) * 32 + column) * 64)];
      for (std::size_t c = 0; c < 16; ++c)
        for (std::size_t d = 0; d < 64; ++d)
          e.expected[out + c * 64 + d] += static_cast<double>(x[c]) * static_cast<double>(g[d]);
    }
  }
}

const std::map<std::string, void (*)(ExampleProgram&)>& table() {
  static const std::map<std::string, void (*)(ExampleProgram&)> examples = {
      {"direct", direct}, {"dw", dw},           {"k256", k256}, {"merged", merged},
      {"nchw", nchw},     {"scatter", scatter}, {"wino", wino}};
  return examples;
}

}  // namespace

std::vector<std::string> example_names() {
  std::vector<std::string> names;
  for (const auto& [name, make] : table()) names.push_back(name);
  return names;
}

std::string example_text(const std::string& name) {
  const std::string path = TCONV_SOURCE_DIR "/tests/filetests/run/" + name + ".ir";
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

ExampleProgram load_example(const std::string& name) {
  ExampleProgram e;
  e.name = name;
  e.program = ir::parse(example_text(name));
  table().at(name)(e);
  e.buffers.emplace_back(e.expected.size());
  return e;
}

std::vector<void*> arguments(ExampleProgram& example) {
  for (float& v : example.buffers.back()) v = std::numeric_limits<float>::quiet_NaN();
  std::vector<void*> pointers;
  for (auto& b : example.buffers) pointers.push_back(b.data());
  return pointers;
}

double worst_error(const ExampleProgram& example) {
  double worst = 0;
  for (std::size_t i = 0; i < example.expected.size(); ++i) {
    const double want = example.expected[i];
    const double error = std::abs(example.buffers.back()[i] - want) / (1 + std::abs(want));
    if (std::isnan(error)) return std::numeric_limits<double>::infinity();
    worst = std::max(worst, error);
  }
  return worst;
}

}  // namespace tconv::test
