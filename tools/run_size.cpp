#include "tools/run_size.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tools/command.h"

namespace tconv::tools {

namespace {

std::int64_t wanted(const char* option, const char* field, std::int64_t wish, std::int64_t least,
                    std::int64_t most) {
  if (wish == 0) return least > 0 ? most : 0;
  if (least == 0)
    throw UsageError(fmt::format("{} {}: the problem has no {}=LO..HI", option, wish, field));
  if (wish < least || wish > most)
    throw UsageError(
        fmt::format("{} {}: the problem has {}={}..{}", option, wish, field, least, most));
  return wish;
}

}  // namespace

RunSize wanted(const Shape& shape, const RunSize& wish) {
  return {wanted("--batch", "n", wish.batch, shape.n_min, shape.n),
          wanted("--length", "i", wish.length, shape.i_min, shape.i[0])};
}

Shape at(const Shape& shape, const RunSize& size) {
  Shape r = shape;
  if (r.n_min > 0) r.n = size.batch;
  if (r.i_min > 0) {
    r.i[0] = size.length;
    r.o[0] = r.natural(0) - 2 * r.p[0];
  }
  r.n_min = r.i_min = 0;
  return r;
}

std::vector<RunSize> sampled(const Shape& shape, std::uint64_t seed) {
  if (!open(shape)) return {{}};
  const std::int64_t least = std::max(shape.n_min, shape.i_min);
  const std::int64_t most = shape.n_min > 0 ? shape.n : shape.i[0];
  const auto middle =
      static_cast<std::int64_t>(std::sqrt(static_cast<double>(least) * static_cast<double>(most)));
  const auto chance = static_cast<std::int64_t>((seed * 0x9e3779b97f4a7c15 >> 20) %
                                                static_cast<std::uint64_t>(most - least + 1));
  std::vector<std::int64_t> sizes = {least, least + 1, middle, least + chance, most - 1, most};
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  std::vector<RunSize> r;
  for (const std::int64_t s : sizes)
    r.push_back(shape.n_min > 0 ? RunSize{.batch = s} : RunSize{.length = s});
  return r;
}

std::string text(const Shape& shape, const RunSize& size) {
  if (shape.n_min > 0) return "n=" + std::to_string(size.batch);
  if (shape.i_min > 0) return "i=" + std::to_string(size.length);
  return {};
}

}  // namespace tconv::tools
