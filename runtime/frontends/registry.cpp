#include "runtime/frontends/registry.h"

#include <algorithm>

#include "runtime/error.h"
#include "runtime/frontends/fail.h"

namespace tconv {
namespace {

using frontends::FrontDoor;

// One line per file of front doors.
constexpr std::span<const FrontDoor> (*kTables[])() = {
    frontends::tf_front_doors,
    frontends::onnx_front_doors,
    frontends::torch_front_doors,
    frontends::keras_initializer_doors,
    frontends::keras_regularizer_doors,
    frontends::keras_constraint_doors,
    frontends::keras_layer_front_doors,
};

const FrontDoor* find(std::string_view api) {
  for (const auto table : kTables)
    for (const FrontDoor& door : table())
      if (door.api == api) return &door;
  return nullptr;
}

}  // namespace

Value call(std::string_view api, const Value::Dict& arguments, const Options& options) {
  return runtime::guarded([&] {
    const FrontDoor* door = find(api);
    if (door == nullptr)
      frontends::value_error("api", "there is no front door '{}'; front_doors() lists them", api);
    return door->function(arguments, options);
  });
}

bool is_front_door(std::string_view api) { return find(api) != nullptr; }

std::vector<std::string> front_doors() {
  std::vector<std::string> r;
  for (const auto table : kTables)
    for (const FrontDoor& door : table()) r.emplace_back(door.api);
  std::sort(r.begin(), r.end());
  return r;
}

}  // namespace tconv
