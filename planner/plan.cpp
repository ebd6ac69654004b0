#include "planner/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <vector>

namespace tconv::planner {
namespace {

constexpr const char* kSchedules[] = {"direct", "width", "channelwise", "bias_only", "winograd"};

std::int64_t number(std::string_view key, std::string_view text, std::int64_t most) {
  std::int64_t v = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (error != std::errc() || end != text.data() + text.size() || v < 0 || v > most)
    throw PlanError(fmt::format("plan field '{}={}': a whole number from 0 to {} is expected", key,
                                text, most));
  return v;
}

void set(Plan& plan, std::string_view key, std::string_view value, bool has_value) {
  constexpr std::int64_t kMost = 1 << 20;
  constexpr std::int64_t kMostOfTile = 1024;  // beyond any register file; products stay in an int
  if (!has_value) {
    if (key == "strip") return void(plan.strip = true);
    if (key == "stream") return void(plan.stream = true);
    if (key == "transposed") return void(plan.transposed = true);
    if (key == "merged") return void(plan.merged = 1);
    if (key == "prefetch") return void(plan.prefetch = true);
    if (key == "dot2") return void(plan.dot2 = true);
    throw PlanError(
        fmt::format("plan field '{}' is not known; flags are dot2, strip, stream, prefetch, "
                    "transposed and merged",
                    key));
  }
  if (key == "tile") {
    if (value != "w" && value != "n")
      throw PlanError(fmt::format("plan field 'tile={}': w or n is expected", value));
    plan.tile = value == "w" ? TileAxis::w : TileAxis::n;
  } else if (key == "mr") {
    plan.mr = static_cast<int>(number(key, value, kMostOfTile));
  } else if (key == "nr") {
    plan.nr = static_cast<int>(number(key, value, kMostOfTile));
  } else if (key == "rows") {
    plan.rows = static_cast<int>(number(key, value, kMost));
  } else if (key == "cols") {
    plan.cols = number(key, value, std::numeric_limits<std::int64_t>::max() / 1024);
  } else if (key == "panels") {
    plan.panels = static_cast<int>(number(key, value, kMost));
  } else if (key == "m") {
    for (bool more = true; more;) {
      const std::size_t x = value.find('x');
      plan.m.push_back(static_cast<int>(number(key, value.substr(0, x), kMostOfTile)));
      more = x != std::string_view::npos;
      if (more) value.remove_prefix(x + 1);
    }
  } else if (key == "r") {
    plan.r = static_cast<int>(number(key, value, kMostOfTile));
  } else if (key == "images") {
    plan.images = static_cast<int>(number(key, value, kMost));
  } else if (key == "merged") {
    plan.merged = static_cast<int>(number(key, value, 3));
  } else if (key == "phases") {
    plan.phases = static_cast<int>(number(key, value, kMostOfTile));
  } else if (key == "fetch") {
    plan.fetch = static_cast<int>(number(key, value, 64));
  } else if (key == "ku") {
    plan.ku = static_cast<int>(number(key, value, 64));
  } else {
    throw PlanError(
        fmt::format("plan field '{}' is not known; fields are m r mr nr tile images rows cols "
                    "panels phases fetch ku merged",
                    key));
  }
}

}  // namespace

const char* name(Schedule schedule) { return kSchedules[static_cast<std::size_t>(schedule)]; }

std::string print(const Plan& plan) {
  std::string fields;
  const auto add = [&](const std::string& f) { fields += (fields.empty() ? "" : ",") + f; };
  if (!plan.m.empty()) add(fmt::format("m={}", fmt::join(plan.m, "x")));
  if (plan.r) add(fmt::format("r={}", plan.r));
  if (plan.mr) add(fmt::format("mr={}", plan.mr));
  if (plan.nr) add(fmt::format("nr={}", plan.nr));
  if (plan.tile == TileAxis::n) add("tile=n");
  if (plan.images != 1) add(fmt::format("images={}", plan.images));
  if (plan.rows != 1) add(fmt::format("rows={}", plan.rows));
  if (plan.cols) add(fmt::format("cols={}", plan.cols));
  if (plan.panels) add(fmt::format("panels={}", plan.panels));
  if (plan.phases != 1) add(fmt::format("phases={}", plan.phases));
  if (plan.fetch) add(fmt::format("fetch={}", plan.fetch));
  if (plan.ku != 1) add(fmt::format("ku={}", plan.ku));
  if (plan.dot2) add("dot2");
  if (plan.strip) add("strip");
  if (plan.stream) add("stream");
  if (plan.prefetch) add("prefetch");
  if (plan.transposed) add("transposed");
  if (plan.merged) add(plan.merged == 1 ? "merged" : fmt::format("merged={}", plan.merged));
  return fmt::format("{}({})", name(plan.schedule), fields);
}

Plan parse_plan(std::string_view text) {
  const std::size_t open = text.find('(');
  if (open == std::string_view::npos || text.back() != ')')
    throw PlanError(fmt::format("plan '{}': schedule(field=value,..) is expected", text));
  Plan plan;
  bool known = false;
  for (std::size_t i = 0; i < std::size(kSchedules); ++i)
    if (text.substr(0, open) == kSchedules[i]) {
      plan.schedule = static_cast<Schedule>(i);
      known = true;
    }
  if (!known)
    throw PlanError(
        fmt::format("plan '{}': schedule '{}' is not known; known are direct width "
                    "channelwise bias_only winograd",
                    text, text.substr(0, open)));
  std::string_view rest = text.substr(open + 1, text.size() - open - 2);
  std::vector<std::string_view> seen;
  for (bool more = !rest.empty(); more;) {
    const std::size_t comma = rest.find(',');
    const std::string_view field = rest.substr(0, comma);
    more = comma != std::string_view::npos;
    if (more) rest = rest.substr(comma + 1);
    const std::size_t equals = field.find('=');
    const std::string_view key = field.substr(0, equals);
    if (key.empty()) throw PlanError(fmt::format("plan '{}': an empty field", text));
    if (std::find(seen.begin(), seen.end(), key) != seen.end())
      throw PlanError(fmt::format("plan '{}': field '{}' stands twice", text, key));
    seen.push_back(key);
    set(plan, key, equals == std::string_view::npos ? std::string_view() : field.substr(equals + 1),
        equals != std::string_view::npos);
  }
  return plan;
}

}  // namespace tconv::planner
