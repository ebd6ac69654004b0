#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <utility>

#include "planner/problem.h"
#include "planner/problem_fields.h"

namespace tconv::planner {
namespace {

using Int = std::int64_t;

constexpr std::array<const char*, kPostKinds> kPostNames{
    "relu",       "relu6",       "leaky_relu",     "prelu",       "elu",        "selu",
    "tanh",       "sigmoid",     "hard_sigmoid",   "swish",       "hard_swish", "gelu",
    "gelu_tanh",  "softplus",    "softsign",       "mish",        "exp",        "clip",
    "celu",       "hard_shrink", "soft_shrink",    "tanh_shrink", "threshold",  "relu_above",
    "squareplus", "sparse_plus", "sparse_sigmoid", "log_sigmoid", "add",        "mul"};

constexpr std::array<const char*, 6> kLayouts{"nwc", "nhwc", "ndhwc", "ncw", "nchw", "ncdhw"};
constexpr std::array<ir::DType, 5> kTypes{ir::DType::f32, ir::DType::f64, ir::DType::f16,
                                          ir::DType::bf16, ir::DType::i32};
constexpr const char* kLengthRule = "a length known only at run time needs nwc and n=1";
constexpr const char* kTypeNames = "f32 f64 f16 bf16 i32";

// Fields of the form name=value, but for post-ops.
constexpr std::array<const char*, 15> kKeys{"out", "sum", "n", "g", "ic",  "oc",  "i",     "o",
                                            "k",   "s",   "d", "p", "ips", "ops", "filter"};
enum Key { out, sum, n, g, ic, oc, i, o, k, s, d, p, ips, ops, filter };

[[noreturn]] void fail(std::string_view given, const std::string& why) {
  throw ProblemError(std::string(given) + ": " + why);
}

template <class List>
int find(const List& list, std::string_view word) {
  for (std::size_t at = 0; at < std::size(list); ++at)
    if (word == list[at]) return static_cast<int>(at);
  return -1;
}

const ir::DType* find_type(std::string_view word) {
  for (const ir::DType& t : kTypes)
    if (word == ir::name(t)) return &t;
  return nullptr;
}

struct Token {
  std::string_view text, value;
  bool present() const { return !text.empty(); }
};

// The words of a line, each field at most once.
class Line {
 public:
  explicit Line(std::string_view line) {
    constexpr std::string_view kSpace = " \t\r\n";
    for (std::size_t at = line.find_first_not_of(kSpace); at != line.npos;
         at = line.find_first_not_of(kSpace, at)) {
      const std::size_t end = std::min(line.find_first_of(kSpace, at), line.size());
      take(line.substr(at, end - at));
      at = end;
    }
  }
  const Token& operator[](Key key) const { return keys_[key]; }
  const Token& dtype() const { return dtype_; }
  const Token& layout() const { return layout_; }
  const Token& bias() const { return bias_; }
  const std::vector<PostOp>& post() const { return post_; }

 private:
  void take(std::string_view text) {
    const std::size_t eq = text.find('=');
    const bool has_value = eq != text.npos;
    const std::string_view word = text.substr(0, eq);
    const Token token{text, has_value ? text.substr(eq + 1) : std::string_view{}};
    if (word == "bias") {
      if (has_value && find_type(token.value) == nullptr)
        fail(text, fmt::format("bias type must be one of {}", kTypeNames));
      return once(bias_, token);
    }
    if (const int at = find(kPostNames, word); at >= 0)
      return post_.push_back(post_op(static_cast<PostKind>(at), token, has_value));
    if (has_value) {
      const int at = find(kKeys, word);
      if (at < 0) unknown(text);
      if (token.value.empty()) fail(text, "a value is missing after =");
      return once(keys_[at], token);
    }
    if (find_type(word) != nullptr) return once(dtype_, token);
    if (find(kLayouts, word) >= 0) return once(layout_, token);
    if (word == "s8" || word == "u8")
      fail(word, fmt::format("this element type is not supported; supported are {}", kTypeNames));
    if (find(kKeys, word) >= 0) fail(word, fmt::format("a value is missing: {}=...", word));
    unknown(text);
  }

  static void once(Token& slot, const Token& token) {
    if (slot.present()) fail(token.text, fmt::format("given twice (first as {})", slot.text));
    slot = token;
  }

  [[noreturn]] static void unknown(std::string_view text) {
    fail(text, fmt::format("unknown word; a line has an element type ({}), a layout ({}), fields "
                           "({}=), bias, and post-ops ({})",
                           kTypeNames, fmt::join(kLayouts, " "), fmt::join(kKeys, "= "),
                           fmt::join(kPostNames, " ")));
  }

  static double parameter(const Token& token, std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range)
      fail(token.text, "the parameter does not fit in a double");
    if (error != std::errc{} || end != text.data() + text.size() || text.empty())
      fail(token.text, fmt::format("'{}' is not a number", text));
    return value;
  }

  static PostOp post_op(PostKind kind, const Token& token, bool has_value) {
    PostOp op{.kind = kind};
    const int count = parameter_count(kind);
    if (count == 0) {
      if (has_value) fail(token.text, fmt::format("{} takes no parameter", name(kind)));
      return op;
    }
    const auto takes = [&] {
      return fmt::format("{} takes {} parameter{}", name(kind), count,
                         count == 1   ? ""
                         : count == 2 ? "s separated by a comma"
                                      : "s separated by commas");
    };
    if (!has_value)
      fail(token.text, count == 1 ? fmt::format("a parameter is required: {}=A", name(kind))
                                  : fmt::format("{} parameters are required: {}={}",
                                                count == 2 ? "two" : "three", name(kind),
                                                parameter_names(kind)));
    std::string_view rest = token.value;
    for (int at = 0; at < count; ++at) {
      const bool last = at + 1 == count;
      const std::size_t comma = last ? rest.size() : rest.find(',');
      if (comma == rest.npos || (count == 1 && rest.find(',') != rest.npos))
        fail(token.text, takes());
      (at == 0 ? op.a : at == 1 ? op.b : op.c) = parameter(token, rest.substr(0, comma));
      if (!last) rest.remove_prefix(comma + 1);
    }
    return op;
  }

  std::array<Token, kKeys.size()> keys_;
  Token dtype_, layout_, bias_;
  std::vector<PostOp> post_;
};

Int integer(const Token& token, std::string_view text, const char* expected) {
  Int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range)
    fail(token.text, fmt::format("{} does not fit in 64 bits", text));
  if (error != std::errc{} || end != text.data() + text.size())
    fail(token.text, fmt::format("expected {}", expected));
  return value;
}

void read_count(const Token& token, Int& value) {
  if (token.present()) value = integer(token, token.value, "a number");
}

// LO..HI; one value when both are equal.
bool read_range(const Token& token, Int& least, Int& most) {
  const std::size_t dots = token.value.find("..");
  if (dots == token.value.npos) return false;
  constexpr const char* kExpected = "a range like 1..64";
  least = integer(token, token.value.substr(0, dots), kExpected);
  most = integer(token, token.value.substr(dots + 2), kExpected);
  if (least < 1 || most < least) fail(token.text, "a range goes from at least 1 upwards");
  if (least == most) least = 0;
  return true;
}

void refuse_other_ranges(const Line& line) {
  for (const Key key : {g, ic, oc, o, k, s, d, p, ips, ops})
    if (line[key].value.find("..") != std::string_view::npos)
      fail(line[key].text,
           "cannot be a range: known only at run time can be the batch (n=1..64), "
           "and with nwc and n=1 the input's length (i=1..100000)");
}

void read_axes(const Token& token, std::string_view layout, std::vector<Axis>& axes,
               Int Axis::*member) {
  std::size_t count = 0;
  std::string_view rest = token.value;
  Int first = 0;
  for (bool more = true; more; ++count) {
    const std::size_t cross = rest.find('x');
    more = cross != rest.npos;
    const Int value =
        integer(token, rest.substr(0, cross), "a number like 4, or one per axis like 4x4");
    if (count == 0) first = value;
    if (count < axes.size()) axes[count].*member = value;
    rest.remove_prefix(more ? cross + 1 : rest.size());
  }
  if (count == 1) {
    for (Axis& a : axes) a.*member = first;
  } else if (count != axes.size()) {
    fail(token.text, fmt::format("{} has {} spatial ax{}, got {} numbers", layout, axes.size(),
                                 axes.size() == 1 ? "is" : "es", count));
  }
}

void require(const Token& token, const char* field, const char* meaning) {
  if (!token.present()) fail(field, fmt::format("{} required", meaning));
}

// Before validate() has run, so nothing is known of the numbers.
void default_output(Axis& a, std::string_view given_input) {
  if (a.i == 0) fail("o", fmt::format("required, because {} has an axis of length 0", given_input));
  Int in = 0, kernel = 0, natural = 0, crop = 0;
  if (__builtin_mul_overflow(a.i - 1, a.s, &in) || __builtin_mul_overflow(a.k - 1, a.d, &kernel) ||
      __builtin_add_overflow(in, kernel, &natural) ||
      __builtin_add_overflow(natural, 1, &natural) || __builtin_mul_overflow(a.p, 2, &crop) ||
      __builtin_sub_overflow(natural, crop, &a.o))
    fail("o", "the natural length (i-1)*s + (k-1)*d + 1 does not fit in 64 bits");
}

void read_output(const Line& line, Problem& r) {
  if (line[o].present()) {
    if (r.i_min > 0)
      fail(line[o].text, fmt::format("with {} the output length follows from the input and must "
                                     "not be given",
                                     line[i].text));
    return read_axes(line[o], line.layout().text, r.axes, &Axis::o);
  }
  // Wrong numbers of other fields are reported as theirs, not as a strange length.
  for (Axis& a : r.axes) a.o = 0;
  Problem numbers = r;
  numbers.i_min = 0;
  validate(numbers);
  for (Axis& a : r.axes) {
    default_output(a, line[i].text);
    if (a.o < 0)
      fail("o", fmt::format("natural length {} minus p={} on both sides is negative ({}): give o=",
                            a.natural(), a.p, a.o));
  }
}

void append_number(std::string& text, double value) {
  char digits[32];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  text.append(digits, end);
}

bool has_default_output(const Problem& r) {
  for (const Axis& a : r.axes)
    if (a.i == 0 || a.o != a.natural() - 2 * a.p) return false;
  return true;
}

bool all_axes(const Problem& r, Int Axis::*member, Int value) {
  for (const Axis& a : r.axes)
    if (a.*member != value) return false;
  return true;
}

}  // namespace

const char* name(PostKind kind) { return kPostNames[static_cast<std::size_t>(kind)]; }

int parameter_count(PostKind kind) {
  switch (kind) {
    case PostKind::leaky_relu:
    case PostKind::elu:
    case PostKind::celu:
    case PostKind::hard_shrink:
    case PostKind::soft_shrink:
    case PostKind::squareplus:
      return 1;
    case PostKind::clip:
    case PostKind::threshold:
      return 2;
    case PostKind::relu_above:
      return 3;
    default:
      return 0;
  }
}

const char* parameter_names(PostKind kind) {
  return kind == PostKind::relu_above  ? "SLOPE,T,MAX"
         : kind == PostKind::threshold ? "T,V"
         : kind == PostKind::clip      ? "LO,HI"
                                       : "A";
}

std::string join_axes(const Problem& problem, std::int64_t Axis::*member) {
  std::string text;
  for (const Axis& a : problem.axes) {
    if (!text.empty()) text += 'x';
    text += std::to_string(a.*member);
  }
  return text;
}

Problem parse_problem(std::string_view text) {
  const Line line(text);
  require(line.layout(), "layout", "one of nwc nhwc ndhwc ncw nchw ncdhw is");
  require(line[ic], "ic", "input channels are");
  require(line[oc], "oc", "output channels are");
  require(line[i], "i", "the input's spatial size is");
  require(line[k], "k", "the kernel's size is");

  Problem r;
  if (line.dtype().present()) r.dtype = *find_type(line.dtype().text);
  if (line[out].present()) {
    if (line[out].value != "f32") fail(line[out].text, "only out=f32 is allowed");
    r.wide_output = true;
  }
  if (line[sum].present()) {
    if (line[sum].value != "f16") fail(line[sum].text, "only sum=f16 is allowed");
    r.narrow_sum = true;
  }
  const int layout = find(kLayouts, line.layout().text);
  r.layout = layout < 3 ? Layout::channels_last : Layout::channels_first;
  r.axes.resize(static_cast<std::size_t>(layout % 3 + 1));

  if (!read_range(line[n], r.n_min, r.n)) read_count(line[n], r.n);
  refuse_other_ranges(line);
  read_count(line[g], r.g);
  read_count(line[ic], r.ic);
  read_count(line[oc], r.oc);
  if (r.rank() != 1 && line[i].value.find("..") != std::string_view::npos)
    fail(line[i].text,
         fmt::format("{} has {} spatial axes: {}", line.layout().text, r.rank(), kLengthRule));
  if (Int most = 0; read_range(line[i], r.i_min, most)) {
    r.axes[0].i = most;
  } else {
    read_axes(line[i], line.layout().text, r.axes, &Axis::i);
  }
  for (const auto& [key, member] :
       {std::pair{k, &Axis::k}, {s, &Axis::s}, {d, &Axis::d}, {p, &Axis::p}})
    if (line[key].present()) read_axes(line[key], line.layout().text, r.axes, member);
  read_output(line, r);

  read_count(line[ips], r.input_pixel_stride);
  read_count(line[ops], r.output_pixel_stride);
  for (const Key key : {ips, ops})
    if (line[key].present() && (key == ips ? r.input_pixel_stride : r.output_pixel_stride) <= 0)
      fail(line[key].text, "pixel stride must be at least 1");
  r.filter = r.layout == Layout::channels_last ? FilterLayout::tf : FilterLayout::torch;
  if (line[filter].present()) {
    if (line[filter].value != "tf" && line[filter].value != "torch")
      fail(line[filter].text, "filter layout must be tf or torch");
    r.filter = line[filter].value == "tf" ? FilterLayout::tf : FilterLayout::torch;
  }
  r.bias = line.bias().present();
  if (!line.bias().value.empty()) r.bias_dtype = *find_type(line.bias().value);
  r.post = line.post();
  validate(r);

  // Values that say the default are the default, so that equal problems are equal values.
  if (r.bias_dtype == r.type().bias) r.bias_dtype.reset();
  if (r.input_pixel_stride == r.ic) r.input_pixel_stride = 0;
  if (r.output_pixel_stride == r.oc) r.output_pixel_stride = 0;
  return r;
}

std::string print(const Problem& r) {
  std::string text;
  text.reserve(128);
  const auto word = [&](std::string_view w) {
    if (!text.empty()) text += ' ';
    text += w;
  };
  const auto field = [&](const char* key, const std::string& value) {
    word(key);
    text += '=';
    text += value;
  };
  word(ir::name(r.dtype));
  if (r.wide_output) word("out=f32");
  if (r.narrow_sum) word("sum=f16");
  word(kLayouts[static_cast<std::size_t>(r.rank() - 1 +
                                         (r.layout == Layout::channels_first ? 3 : 0))]);
  if (r.n_min > 0) field("n", fmt::format("{}..{}", r.n_min, r.n));
  if (r.n_min == 0 && r.n != 1) field("n", std::to_string(r.n));
  if (r.g != 1) field("g", std::to_string(r.g));
  field("ic", std::to_string(r.ic));
  field("oc", std::to_string(r.oc));
  field("i", r.i_min > 0 ? fmt::format("{}..{}", r.i_min, r.axes[0].i) : join_axes(r, &Axis::i));
  if (!has_default_output(r)) field("o", join_axes(r, &Axis::o));
  field("k", join_axes(r, &Axis::k));
  if (!all_axes(r, &Axis::s, 1)) field("s", join_axes(r, &Axis::s));
  if (!all_axes(r, &Axis::d, 1)) field("d", join_axes(r, &Axis::d));
  if (!all_axes(r, &Axis::p, 0)) field("p", join_axes(r, &Axis::p));
  if (r.input_pixel_stride != 0 && r.input_pixel_stride != r.ic)
    field("ips", std::to_string(r.input_pixel_stride));
  if (r.output_pixel_stride != 0 && r.output_pixel_stride != r.oc)
    field("ops", std::to_string(r.output_pixel_stride));
  const bool last = r.layout == Layout::channels_last;
  if (last != (r.filter == FilterLayout::tf)) field("filter", last ? "torch" : "tf");
  if (r.bias) word("bias");
  if (r.bias && r.bias_dtype && *r.bias_dtype != r.type().bias) {
    text += '=';
    text += ir::name(*r.bias_dtype);
  }
  for (const PostOp& op : r.post) {
    word(name(op.kind));
    const int count = parameter_count(op.kind);
    if (count > 0) append_number(text += '=', op.a);
    if (count > 1) append_number(text += ',', op.b);
    if (count > 2) append_number(text += ',', op.c);
  }
  return text;
}

}  // namespace tconv::planner
