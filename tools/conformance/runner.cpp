#include "tools/conformance/runner.h"

#include <fmt/format.h>

#include "tools/conformance/expectation.h"
#include "tools/conformance/families.h"
#include "tools/conformance/literal.h"
#include "tools/conformance/skips.h"

namespace tconv::tools::conformance {
namespace {

// "torch.nn.functional.conv_transposeNd" with rank 2 is .._transpose2d.
std::string resolved_api(const Json& c) {
  auto api = c.at("api").get<std::string>();
  if (api.ends_with("Nd") && c.contains("rank") && c["rank"].is_number_integer())
    api.replace(api.size() - 2, 1, std::to_string(c["rank"].get<int>()));
  // Its cases say the activation as an argument, also where there is none of that name.
  if (api.starts_with("keras.activations.")) api = "keras.activations.get";
  return api;
}

Result skipped(Result result, std::string_view reason) {
  result.outcome = Outcome::skipped;
  result.detail = reason;
  return result;
}

Result judged(Result result, const std::string& why) {
  result.outcome = why.empty() ? Outcome::passed : Outcome::failed;
  result.detail = why;
  return result;
}

// The arguments of an oracle case.
Value::Dict called_with(const Json& c, const Family* family, DType dtype) {
  Value::Dict arguments;
  for (const auto& [key, json] : c.at("args").items())
    if (key != "rank") arguments[key] = argument(json, key, dtype);  // the api's name says the rank
  if (family != nullptr && family->complete != nullptr) family->complete(c, arguments);
  return arguments;
}

// Of an error case of conformance_cases.json: tensors are given by their shapes.
Value::Dict called_with_shapes(const Json& c, const Family& family) {
  Value::Dict arguments;
  for (const auto& [key, json] : c.at("args").items()) {
    bool is_tensor = false;
    for (const std::string_view name : family.tensors) is_tensor |= name == key;
    arguments[key] = is_tensor && json.is_array()
                         ? filled(DType::f32, shape_of(json), letter_of(key))
                         : argument(json, key, DType::f32);
  }
  if (family.complete != nullptr) family.complete(c, arguments);
  return arguments;
}

bool is_whole(const Json& c, const Family& family) {
  for (const std::string_view name : family.whole)
    if (!c.at("args").contains(name)) return false;
  return true;
}

std::string why_wrong(const Json& c, const Family* family, const std::string& api,
                      const Value::Dict& arguments, const Expectation& expectation,
                      const Options& options) {
  try {
    Value result = call(api, arguments, options);
    if (family != nullptr && family->examine != nullptr) family->examine(c, result);
    return expectation.against(result);
  } catch (const FrontError& e) {
    return expectation.against(e);
  }
}

Result run_line_case(const Json& c, Result result, const Expectation& expectation,
                     const Options& options) {
  try {
    return judged(result, expectation.against(run_line(literal_problem(c), options)));
  } catch (const Error& e) {
    if (e.status() == Status::unsupported) return skipped(result, e.what());
    throw;
  }
}

Result run(const Json& c, const Options& options) {
  Result result{c.at("id").get<std::string>(), c.at("api").get<std::string>(), {}, {}};
  if (!c.at("expect").is_object()) throw Damaged("expect is no object");
  const std::string api = resolved_api(c);
  const bool ours = is_front_door(api);
  const Family* family = family_of(api);
  const bool has_line = c.contains("padding_resolved");
  if (!has_line && !(c.contains("args") && c["args"].is_object())) throw Damaged("it has no args");
  const DType dtype = c.contains("dtype") ? dtype_of(c["dtype"]) : DType::f32;
  const Expectation expectation(c["expect"], dtype);
  // conformance_cases.json says of every expectation what kind it is, oracle_cases.json of none.
  const bool is_oracle = !c["expect"].contains("kind");

  if (!ours && has_line) return run_line_case(c, result, expectation, options);
  if (!ours) {
    const Kind kind = is_oracle ? Kind::calls : expectation.is_error() ? Kind::errors : Kind::lines;
    const std::string_view reason = why_skipped(api, kind);
    return skipped(result, reason.empty() ? "the API is unknown" : reason);
  }
  if (is_oracle)
    return judged(result,
                  why_wrong(c, family, api, called_with(c, family, dtype), expectation, options));
  if (family == nullptr)
    return skipped(result, "tools/conformance/families.cpp has no row for the API");
  if (has_line && family->arguments != nullptr)
    return judged(result, why_wrong(c, family, api, family->arguments(literal_tensors(c)),
                                    expectation, options));
  if (!is_whole(c, *family)) return skipped(result, kNotWhole);
  return judged(result,
                why_wrong(c, family, api, called_with_shapes(c, *family), expectation, options));
}

}  // namespace

const char* name(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed:
      return "passed";
    case Outcome::failed:
      return "failed";
    case Outcome::skipped:
      return "skipped";
    case Outcome::divergent:
      return "divergent";
  }
  return "";
}

Result run_case(const Json& c, const Options& options) {
  Result result;
  try {
    result = run(c, options);
  } catch (const Damaged&) {
    throw;
  } catch (const Json::exception& e) {
    throw Damaged(e.what());
  } catch (const std::exception& e) {  // no error of a front door: a case must not end like that
    result = {c.at("id").get<std::string>(), c.at("api").get<std::string>(), Outcome::failed,
              e.what()};
  }
  if (!c.contains("divergent")) return result;
  const std::string ours = result.outcome == Outcome::passed   ? "ours is the same"
                           : result.outcome == Outcome::failed ? "ours differs: " + result.detail
                                                               : "not run: " + result.detail;
  const Json& reason = c["divergent"];
  result.outcome = Outcome::divergent;
  result.detail =
      fmt::format("{}; {}", reason.is_string() ? reason.get<std::string>() : reason.dump(), ours);
  return result;
}

}  // namespace tconv::tools::conformance
