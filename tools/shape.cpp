#include "tools/shape.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>
#include <stdexcept>

namespace tconv::tools {
namespace {

constexpr std::array<const char*, 5> kTypes{"f32", "f64", "f16", "bf16", "i32"};
constexpr std::array<const char*, 6> kLayouts{"nwc", "nhwc", "ndhwc", "ncw", "nchw", "ncdhw"};

template <class List>
int find(const List& list, const std::string& word) {
  const auto at = std::find(list.begin(), list.end(), word);
  return at == list.end() ? -1 : static_cast<int>(at - list.begin());
}

std::vector<std::int64_t> numbers(const std::string& text, std::size_t rank) {
  std::vector<std::int64_t> r;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, 'x');) r.push_back(std::stoll(part));
  if (r.size() == 1) r.resize(rank, r[0]);
  if (r.size() != rank) throw std::invalid_argument(text + ": wrong number of axes");
  return r;
}

// "a..b" or "b": the largest value; the smallest goes to `least`.
std::int64_t range(const std::string& text, std::int64_t& least) {
  const std::size_t dots = text.find("..");
  if (dots == std::string::npos) return std::stoll(text);
  least = std::stoll(text.substr(0, dots));
  return std::stoll(text.substr(dots + 2));
}

std::string joined(const std::vector<std::int64_t>& values) {
  std::string text;
  for (const std::int64_t v : values) text += (text.empty() ? "" : "x") + std::to_string(v);
  return text;
}

std::string shortest(double value) {
  char digits[32];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  return {digits, end};
}

bool all(const std::vector<std::int64_t>& values, std::int64_t value) {
  return std::all_of(values.begin(), values.end(), [=](std::int64_t v) { return v == value; });
}

}  // namespace

const char* name(Type type) { return kTypes[static_cast<std::size_t>(type)]; }

const char* layout_name(const Shape& shape) {
  return kLayouts[static_cast<std::size_t>(shape.rank() - 1 + (shape.channels_last ? 0 : 3))];
}

std::int64_t Shape::natural(int axis) const {
  const auto a = static_cast<std::size_t>(axis);
  return i[a] == 0 ? 0 : (i[a] - 1) * s[a] + (k[a] - 1) * d[a] + 1;
}

Shape parse_shape(const std::string& line) {
  Shape r;
  std::istringstream words(line);
  std::vector<std::pair<std::string, std::string>> axes;
  std::size_t rank = 0;
  std::string filter, bias;
  for (std::string word; words >> word;) {
    const std::size_t eq = word.find('=');
    const std::string key = word.substr(0, eq);
    const std::string value = eq == std::string::npos ? "" : word.substr(eq + 1);
    if (const int at = find(kTypes, word); at >= 0) {
      r.type = static_cast<Type>(at);
    } else if (const int layout = find(kLayouts, word); layout >= 0) {
      r.channels_last = layout < 3;
      rank = static_cast<std::size_t>(layout % 3 + 1);
    } else if (key == "out") {
      r.wide_output = true;
    } else if (key == "sum") {
      r.half_sum = true;
    } else if (key == "n") {
      r.n = range(value, r.n_min);
    } else if (key == "g") {
      r.g = std::stoll(value);
    } else if (key == "ic") {
      r.ic = std::stoll(value);
    } else if (key == "oc") {
      r.oc = std::stoll(value);
    } else if (key == "ips") {
      r.ips = std::stoll(value);
    } else if (key == "ops") {
      r.ops = std::stoll(value);
    } else if (key == "filter") {
      filter = value;
    } else if (key == "bias") {
      r.bias = true;
      bias = value;
    } else if (key.size() == 1 && std::string("ioksdp").find(key) != std::string::npos) {
      axes.emplace_back(key, value);
    } else {
      PostOp op{.name = key};
      std::istringstream parts(value);
      std::string part;
      for (double* number : {&op.a, &op.b, &op.c})
        if (std::getline(parts, part, ',')) *number = std::stod(part);
      r.post.push_back(op);
    }
  }
  if (rank == 0) throw std::invalid_argument("no layout in '" + line + "'");
  r.s.assign(rank, 1), r.d.assign(rank, 1), r.p.assign(rank, 0);
  for (const auto& [key, value] : axes) {
    switch (key[0]) {
      case 'i':
        r.i = numbers(std::to_string(0), rank);
        if (value.find("..") != std::string::npos) {
          r.i[0] = range(value, r.i_min);
        } else {
          r.i = numbers(value, rank);
        }
        break;
      case 'o':
        r.o = numbers(value, rank);
        break;
      case 'k':
        r.k = numbers(value, rank);
        break;
      case 's':
        r.s = numbers(value, rank);
        break;
      case 'd':
        r.d = numbers(value, rank);
        break;
      default:
        r.p = numbers(value, rank);
        break;
    }
  }
  if (r.i.empty() || r.k.empty()) throw std::invalid_argument("no i or k in '" + line + "'");
  if (r.o.empty())
    for (int a = 0; a < r.rank(); ++a)
      r.o.push_back(r.natural(a) - 2 * r.p[static_cast<std::size_t>(a)]);
  r.torch_filter = filter.empty() ? !r.channels_last : filter == "torch";
  const bool narrow = !r.half_sum && (r.type == Type::f16 || r.type == Type::bf16);
  r.bias_type = narrow ? Type::f32 : r.type;
  if (!bias.empty()) r.bias_type = static_cast<Type>(find(kTypes, bias));
  return r;
}

std::string to_line(const Shape& r) {
  std::ostringstream line;
  line << name(r.type) << (r.wide_output ? " out=f32" : "") << (r.half_sum ? " sum=f16 " : " ")
       << layout_name(r);
  if (r.n_min > 0) line << " n=" << r.n_min << ".." << r.n;
  if (r.n_min == 0 && r.n != 1) line << " n=" << r.n;
  if (r.g != 1) line << " g=" << r.g;
  line << " ic=" << r.ic << " oc=" << r.oc << " i=";
  if (r.i_min > 0) {
    line << r.i_min << ".." << r.i[0];
  } else {
    line << joined(r.i);
  }
  bool default_output = true;
  for (std::size_t a = 0; a < r.i.size(); ++a)
    default_output =
        default_output && r.i[a] != 0 && r.o[a] == r.natural(static_cast<int>(a)) - 2 * r.p[a];
  if (!default_output) line << " o=" << joined(r.o);
  line << " k=" << joined(r.k);
  if (!all(r.s, 1)) line << " s=" << joined(r.s);
  if (!all(r.d, 1)) line << " d=" << joined(r.d);
  if (!all(r.p, 0)) line << " p=" << joined(r.p);
  if (r.ips != 0 && r.ips != r.ic) line << " ips=" << r.ips;
  if (r.ops != 0 && r.ops != r.oc) line << " ops=" << r.ops;
  if (r.torch_filter == r.channels_last) line << " filter=" << (r.torch_filter ? "torch" : "tf");
  if (r.bias) line << " bias";
  const bool narrow = !r.half_sum && (r.type == Type::f16 || r.type == Type::bf16);
  if (r.bias && narrow && r.bias_type != Type::f32) line << '=' << name(r.bias_type);
  for (const PostOp& op : r.post) {
    line << ' ' << op.name;
    const int count = parameters(op);
    if (count > 0) line << '=' << shortest(op.a);
    if (count > 1) line << ',' << shortest(op.b);
    if (count > 2) line << ',' << shortest(op.c);
  }
  return line.str();
}

int parameters(const PostOp& op) {
  if (op.name == "relu_above") return 3;
  if (op.name == "clip" || op.name == "threshold") return 2;
  for (const char* one : {"leaky_relu", "elu", "celu", "hard_shrink", "soft_shrink", "squareplus"})
    if (op.name == one) return 1;
  return 0;
}

std::int64_t pixels(std::int64_t n, const std::vector<std::int64_t>& lengths) {
  for (const std::int64_t length : lengths) n *= length;
  return n;
}

std::int64_t input_elements(const Shape& r) {
  const std::int64_t count = pixels(r.n, r.i);
  return count == 0 || r.ic == 0 ? 0 : (count - 1) * r.input_pixel() + r.ic;
}

std::int64_t output_elements(const Shape& r) {
  const std::int64_t count = pixels(r.n, r.o);
  return count == 0 ? 0 : (count - 1) * r.output_pixel() + r.oc;
}

std::int64_t filter_elements(const Shape& r) { return pixels(r.ic * r.group_oc(), r.k); }

std::int64_t operand_elements(const Shape& r, const PostOp& op) {
  return op.name == "prelu" ? r.oc : pixels(r.n * r.oc, r.o);
}

double multiply_adds(const Shape& r) {
  double total = static_cast<double>(r.n * r.ic) * static_cast<double>(r.group_oc());
  for (std::size_t a = 0; a < r.i.size(); ++a) {
    double pairs = 0;
    for (std::int64_t t = 0; t < r.k[a]; ++t) {
      // x*s + c lands in 0..o-1
      const std::int64_t c = t * r.d[a] - r.p[a];
      const std::int64_t first = c >= 0 ? 0 : (-c + r.s[a] - 1) / r.s[a];
      const std::int64_t end = r.o[a] <= c ? 0 : (r.o[a] - c + r.s[a] - 1) / r.s[a];
      pairs += static_cast<double>(std::max<std::int64_t>(0, std::min(end, r.i[a]) - first));
    }
    total *= pairs;
  }
  return total;
}

}  // namespace tconv::tools
