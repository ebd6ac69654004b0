// oneDNN's deconvolution as an engine of peers.py: the lines of engine_main.py in, its answers out.
// The number of threads comes from OMP_NUM_THREADS, which the driver sets.
#include <algorithm>
#include <chrono>
#include <dnnl.hpp>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

using dnnl::memory;
using nlohmann::json;
using Dims = memory::dims;

constexpr std::size_t kFewestRuns = 3;  // as in engine_main.py
constexpr double kLongUs = 1e6;
constexpr auto kF32 = memory::data_type::f32;

double microseconds(const std::function<void()>& call) {
  const auto start = std::chrono::steady_clock::now();
  call();
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
  return took.count();
}

Dims join(Dims front, const Dims& back) {
  front.insert(front.end(), back.begin(), back.end());
  return front;
}

// Row-major strides of `sizes`.
Dims dense_strides(const Dims& sizes) {
  Dims strides(sizes.size(), 1);
  for (std::size_t axis = sizes.size(); axis-- > 1;)
    strides[axis - 1] = strides[axis] * sizes[axis];
  return strides;
}

// The tensors of the driver are channels-last; oneDNN counts [n, c, spatial..] whatever lies where.
memory::desc channels_last(std::int64_t n, std::int64_t channels, const Dims& spatial,
                           memory::data_type type) {
  const Dims strides = dense_strides(join(join({n}, spatial), {channels}));
  const Dims pixels(strides.begin() + 1, strides.end() - 1);
  return {join({n, channels}, spatial), type, join({strides.front(), 1}, pixels)};
}

// [k.., oc/g, ic] seen as [oc, ic, k..] or, with groups, [g, oc/g, ic/g, k..].
memory::desc filter_of(std::int64_t g, std::int64_t ic, std::int64_t oc, const Dims& k) {
  const Dims strides = dense_strides(join(k, {oc / g, ic}));
  const Dims taps(strides.begin(), strides.end() - 2);
  if (g == 1) return {join({oc, ic}, k), kF32, join({ic, 1}, taps)};
  return {join({g, oc / g, ic / g}, k), kF32, join({ic / g, ic, 1}, taps)};
}

memory::desc wanted(const memory::desc& like, const std::string& layout) {
  const Dims sizes = like.get_dims();
  if (layout == "last") return like;
  if (layout == "first") return {sizes, like.get_data_type(), dense_strides(sizes)};
  return {sizes, like.get_data_type(), memory::format_tag::any};
}

memory::data_type type_of(const std::string& name) {
  if (name == "f32") return kF32;
  if (name == "bf16") return memory::data_type::bf16;
  if (name == "f16") return memory::data_type::f16;
  throw std::runtime_error("no type " + name);
}

class Layer {
 public:
  Layer(const json& request) {
    const json& layer = request.at("layer");
    const auto number = [&](const char* field) { return layer.at(field).get<std::int64_t>(); };
    const auto axes = [&](const char* field) { return layer.at(field).get<Dims>(); };
    const auto n = number("n"), ic = number("ic"), oc = number("oc"), g = number("g");
    const Dims i = axes("i"), o = axes("o"), k = axes("k"), s = axes("s"), d = axes("d"),
               p = axes("p");
    Dims after(i.size()), gaps(i.size());
    for (std::size_t axis = 0; axis < i.size(); ++axis) {
      after[axis] = (i[axis] - 1) * s[axis] + (k[axis] - 1) * d[axis] + 1 - p[axis] - o[axis];
      gaps[axis] = d[axis] - 1;  // oneDNN counts what lies between taps
    }
    // The files are float32 whatever the type.
    const memory::data_type type = type_of(layer.at("dtype"));
    const memory::desc input = channels_last(n, ic, i, kF32), filter = filter_of(g, ic, oc, k);
    output_ = channels_last(n, oc, o, kF32);
    const std::string layout = request.at("layout");
    const memory::desc any_filter(filter.get_dims(), type, memory::format_tag::any);
    const dnnl::deconvolution_forward::primitive_desc chosen(
        cpu_, dnnl::prop_kind::forward_inference, dnnl::algorithm::deconvolution_direct,
        wanted(channels_last(n, ic, i, type), layout), any_filter,
        {{oc}, kF32, memory::format_tag::x}, wanted(channels_last(n, oc, o, type), layout), s, gaps,
        p, after);
    how_ = chosen.impl_info_str();
    primitive_ = dnnl::deconvolution_forward(chosen);
    const json& files = request.at("files");
    tensors_ = {{DNNL_ARG_SRC, load(files.at("input"), input, chosen.src_desc())},
                {DNNL_ARG_WEIGHTS, load(files.at("filter"), filter, chosen.weights_desc())},
                {DNNL_ARG_BIAS, load(files.at("bias"), chosen.bias_desc(), chosen.bias_desc())},
                {DNNL_ARG_DST, memory(chosen.dst_desc(), cpu_)}};
  }

  void run() {
    primitive_.execute(queue_, tensors_);
    queue_.wait();
  }

  void save(const std::string& path) {
    const memory plain = reordered(tensors_.at(DNNL_ARG_DST), output_);
    std::ofstream file(path, std::ios::binary);
    file.write(static_cast<const char*>(plain.get_data_handle()),
               static_cast<std::streamsize>(output_.get_size()));
    if (!file.flush()) throw std::runtime_error("cannot write " + path);
  }

  const std::string& how() const { return how_; }

 private:
  memory load(const std::string& path, const memory::desc& stored, const memory::desc& used) {
    memory plain(stored, cpu_);
    std::ifstream file(path, std::ios::binary);
    file.read(static_cast<char*>(plain.get_data_handle()),
              static_cast<std::streamsize>(stored.get_size()));
    if (!file) throw std::runtime_error("cannot read " + path);
    return reordered(plain, used);
  }

  memory reordered(memory from, const memory::desc& to) {
    if (from.get_desc() == to) return from;
    memory result(to, cpu_);
    dnnl::reorder(from, result).execute(queue_, from, result);
    queue_.wait();
    return result;
  }

  dnnl::engine cpu_{dnnl::engine::kind::cpu, 0};
  dnnl::stream queue_{cpu_};
  dnnl::deconvolution_forward primitive_;
  memory::desc output_;
  std::unordered_map<int, memory> tensors_;
  std::string how_;
};

class Worker {
 public:
  json answer(const json& request) {
    const std::string what = request.at("do");
    if (what == "hello") return hello();
    if (what == "open") return open(request);
    if (what == "turn") return turn(request.at("us"));
    if (what == "save") {
      layer_->save(request.at("file"));
      return json::object();
    }
    throw std::runtime_error("unknown request " + what);
  }

 private:
  static json hello() {
    const dnnl::version_t* v = dnnl::version();
    const std::string numbers =
        std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
    return {{"version", "oneDNN " + numbers}, {"layouts", {"any", "last", "first"}}};
  }

  json open(const json& request) {
    layer_.reset();
    const double setup = microseconds([&] { layer_ = std::make_unique<Layer>(request); });
    const double first = microseconds([&] { layer_->run(); });
    return {{"setup_us", setup}, {"first_us", first}, {"how", layer_->how()}};
  }

  json turn(double budget) {
    layer_->run();  // unmeasured: whoever ran before left his data in the caches
    std::vector<double> times;
    for (double spent = 0; spent < budget || (times.size() < kFewestRuns && times.back() < kLongUs);
         spent += times.back())
      times.push_back(microseconds([&] { layer_->run(); }));
    std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
    return {{"us", times[times.size() / 2]}, {"runs", times.size()}};
  }

  std::unique_ptr<Layer> layer_;
};

}  // namespace

int main() {
  Worker worker;
  for (std::string line; std::getline(std::cin, line);) {
    json answer;
    try {
      const json request = json::parse(line);
      if (request.at("do") == "quit") break;
      answer = worker.answer(request);
    } catch (const std::exception& error) {
      answer = {{"error", error.what()}};
    }
    std::cout << answer.dump() << std::endl;
  }
}
