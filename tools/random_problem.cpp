#include "tools/random_problem.h"

#include <algorithm>
#include <limits>

namespace tconv::tools {
namespace {

struct Window {
  std::int64_t k, s, d, p;
};

// What networks use.
constexpr Window kCommon[]{{4, 2, 1, 1}, {3, 2, 1, 1},   {2, 2, 1, 0}, {3, 1, 1, 1}, {5, 2, 1, 2},
                           {4, 2, 1, 0}, {5, 1, 1, 2},   {1, 1, 1, 0}, {3, 3, 1, 0}, {16, 8, 1, 4},
                           {4, 1, 1, 0}, {25, 4, 1, 11}, {7, 1, 1, 3}, {6, 3, 1, 1}};
// Holes (k < s), shared factors of s and d, dilation with stride.
constexpr Window kRare[]{{1, 2, 1, 0}, {2, 5, 1, 1}, {3, 4, 2, 2}, {3, 6, 4, 3}, {4, 2, 2, 1},
                         {3, 3, 3, 2}, {3, 1, 2, 2}, {5, 2, 3, 4}, {2, 3, 5, 0}, {3, 1, 4, 4},
                         {2, 7, 3, 1}, {9, 4, 6, 5}, {4, 5, 1, 0}, {2, 1, 7, 9}};

constexpr std::int64_t kChannels[]{1,  2,  3,  4,  5,  7,  8,  11, 12, 15,
                                   16, 17, 20, 24, 31, 32, 33, 40, 48};
constexpr std::int64_t kWideChannels[]{50, 64, 65, 80, 96, 100, 128};

constexpr const char* kPostOps[]{
    "relu",       "relu6",       "leaky_relu",     "prelu",       "elu",        "selu",
    "tanh",       "sigmoid",     "hard_sigmoid",   "swish",       "hard_swish", "gelu",
    "gelu_tanh",  "softplus",    "softsign",       "mish",        "exp",        "clip",
    "celu",       "hard_shrink", "soft_shrink",    "tanh_shrink", "threshold",  "relu_above",
    "squareplus", "sparse_plus", "sparse_sigmoid", "log_sigmoid", "add",        "mul"};
constexpr const char* kHalfPostOps[]{"relu", "relu6", "leaky_relu", "prelu", "clip", "add", "mul"};
constexpr const char* kIntegerPostOps[]{"relu", "relu6", "clip", "add", "mul"};

double output_size(const Shape& r) {
  double size = static_cast<double>(r.n * r.oc);
  for (const std::int64_t o : r.o) size *= static_cast<double>(o);
  return size;
}

}  // namespace

// std::uniform_int_distribution differs between standard libraries.
std::int64_t RandomProblems::between(std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
}

void RandomProblems::channels(Shape& r) {
  const bool wide = chance(30);
  const auto one = [&] { return wide ? pick(kWideChannels) : pick(kChannels); };
  const std::int64_t kind = between(1, 100);
  if (kind <= 60) {
    r.ic = one();
    r.oc = chance(25) ? between(1, 4) : one();
    if (chance(15)) r.ic = between(1, 3);
  } else if (kind <= 80) {  // depthwise, sometimes with several outputs per channel
    r.g = r.ic = one();
    r.oc = r.g * (chance(30) ? between(2, 3) : 1);
  } else {
    r.g = between(2, 4);
    r.ic = r.g * (wide ? between(16, 33) : between(1, 9));
    r.oc = r.g * (wide ? between(16, 40) : between(1, 17));
  }
}

void RandomProblems::axis(Shape& r) {
  Window w = chance(45) ? kCommon[between(0, std::size(kCommon) - 1)]
                        : kRare[between(0, std::size(kRare) - 1)];
  if (chance(35))
    w = {between(1, 6), chance(40) ? 1 : between(2, 5), chance(60) ? 1 : between(2, 4), 0};
  if (chance(30)) w.p = between(0, (w.k - 1) * w.d + 1);
  r.k.push_back(w.k), r.s.push_back(w.s), r.d.push_back(w.d), r.p.push_back(w.p);
}

void RandomProblems::spatial(Shape& r) {
  const auto rank = static_cast<std::size_t>(chance(40) ? 2 : chance(60) ? 1 : 3);
  const bool same = chance(60);
  for (std::size_t a = 0; a < rank; ++a) {
    if (same && a > 0) {
      r.k.push_back(r.k[0]), r.s.push_back(r.s[0]), r.d.push_back(r.d[0]), r.p.push_back(r.p[0]);
    } else {
      axis(r);
    }
    const std::int64_t kind = between(1, 10);
    const std::int64_t most = rank == 1 ? 40 : rank == 2 ? 14 : 6;
    r.i.push_back(kind <= 2   ? between(1, 2)
                  : kind <= 8 ? between(3, most)
                              : between(most, rank == 1 ? 400 : 3 * most));
  }
}

void RandomProblems::outputs(Shape& r) {
  r.o.clear();
  const bool given = chance(45);
  for (int a = 0; a < r.rank(); ++a) {
    const auto at = static_cast<std::size_t>(a);
    std::int64_t o = r.natural(a) - 2 * r.p[at];
    if (given) o = r.natural(a) - r.p[at] - between(-r.s[at] - 2, r.s[at] + 2);
    if (given && chance(10)) o = between(1, 3);
    r.o.push_back(std::max<std::int64_t>(o, 1));
  }
}

// Work is cut where it does not change the class: batch, lengths, and only then channels.
void RandomProblems::limit(Shape& r) {
  const auto over = [&] {
    return multiply_adds(r) > options_.max_multiply_adds ||
           output_size(r) > options_.max_multiply_adds;
  };
  while (over()) {
    const auto longest = std::max_element(r.i.begin(), r.i.end());
    if (r.n > 1) {
      r.n /= 2;
    } else if (*longest > 3) {
      *longest = *longest * 2 / 3;
    } else if (*std::max_element(r.k.begin(), r.k.end()) > 4) {
      for (std::size_t a = 0; a < r.k.size(); ++a)
        if (r.k[a] > 4) r.k[a] /= 2, r.p[a] /= 2;
    } else if (*longest > 1) {
      *longest -= 1;
    } else if (r.group_oc() > 1) {
      r.oc = r.group_oc() / 2 * r.g;
    } else if (r.group_ic() > 1) {
      r.ic = r.group_ic() / 2 * r.g;
    } else {
      r.g = r.ic = r.oc = std::max<std::int64_t>(1, r.g / 2);
    }
    outputs(r);
  }
}

void RandomProblems::memory(Shape& r) {
  r.channels_last = r.half_sum || chance(60);
  r.torch_filter = r.channels_last == chance(12);
  if (r.channels_last && chance(20)) r.ips = r.ic + between(1, 20);
  if (r.channels_last && chance(20)) r.ops = r.oc + between(1, 20);
  const bool narrow = !r.half_sum && (r.type == Type::f16 || r.type == Type::bf16);
  r.wide_output = narrow && chance(25);
  r.bias = chance(50);
  r.bias_type = narrow && !chance(25) ? Type::f32 : r.type;
}

void RandomProblems::post_ops(Shape& r) {
  if (!chance(45)) return;
  for (std::int64_t count = chance(30) ? 2 : 1; count > 0; --count) {
    PostOp op;
    op.name = r.half_sum            ? kHalfPostOps[between(0, std::size(kHalfPostOps) - 1)]
              : r.type == Type::i32 ? kIntegerPostOps[between(0, std::size(kIntegerPostOps) - 1)]
                                    : kPostOps[between(0, std::size(kPostOps) - 1)];
    if (op.name == "leaky_relu") op.a = 0.01 * static_cast<double>(between(-5, 30));
    if (op.name == "elu" || op.name == "celu" || op.name == "squareplus")
      op.a = 0.5 * static_cast<double>(between(1, 4));
    if (op.name == "hard_shrink" || op.name == "soft_shrink")
      op.a = 0.25 * static_cast<double>(between(0, 4));
    if (op.name == "threshold" || op.name == "relu_above")
      op.a = 0.25 * static_cast<double>(between(-2, 2)),
      op.b = 0.5 * static_cast<double>(between(-2, 3));
    if (op.name == "relu_above") op.c = chance(50) ? std::numeric_limits<double>::infinity() : 2;
    if (op.name == "clip") op.a = static_cast<double>(-between(0, 3)), op.b = 2;
    r.post.push_back(op);
  }
}

// The size that was drawn is the largest of the range. Short outputs may be empty, never negative.
void RandomProblems::leave_open(Shape& r) {
  std::int64_t least = 1;
  while (r.rank() == 1 && least < r.i[0] &&
         (least - 1) * r.s[0] + (r.k[0] - 1) * r.d[0] + 1 < 2 * r.p[0])
    ++least;
  const bool length = r.rank() == 1 && r.channels_last && r.n == 1 && least < r.i[0] &&
                      r.o[0] == r.natural(0) - 2 * r.p[0];
  if (length) {
    r.i_min = chance(50) ? least : between(least, r.i[0] - 1);
  } else if (r.n > 1) {
    r.n_min = chance(50) ? 1 : between(1, r.n - 1);
  }
}

std::string RandomProblems::next() {
  Shape r;
  r.type = options_.type;
  r.half_sum = options_.half_sum;
  const bool leaves_open = options_.open_percent > 0 && chance(options_.open_percent);
  r.n = chance(65) ? 1 : chance(80) ? between(2, 5) : between(6, 40);
  if (leaves_open && r.n == 1 && chance(50)) r.n = between(2, 6);
  channels(r);
  spatial(r);
  outputs(r);
  limit(r);
  if (chance(4)) {  // an empty tensor
    const std::int64_t kind = between(1, 4);
    if (kind == 1) r.n = 0;
    if (kind == 2) r.ic = 0, r.g = 1;
    if (kind == 3) r.i.back() = 0;
    if (kind == 4) r.o.back() = 0;
  }
  memory(r);
  post_ops(r);
  if (leaves_open) leave_open(r);
  return to_line(r);
}

ProblemClass classify(const std::string& line) {
  const Shape r = parse_shape(line);
  const auto above_one = [](const std::vector<std::int64_t>& values) {
    return std::any_of(values.begin(), values.end(), [](std::int64_t v) { return v > 1; });
  };
  const bool strided = above_one(r.s), dilated = above_one(r.d);
  ProblemClass c;
  c.group = r.g == 1 ? "dense" : r.group_ic() == 1 ? "depthwise" : "grouped";
  c.step = strided && dilated ? "strided+dilated"
           : strided          ? "strided"
           : dilated          ? "dilated"
                              : "stride1";
  c.layout = layout_name(r);
  c.tail = r.group_oc() % 16 == 0 ? "full" : "odd";
  c.sizes = r.n_min > 0 ? "batch" : r.i_min > 0 ? "length" : "fixed";
  return c;
}

}  // namespace tconv::tools
