#include "runtime/frontends/registry.h"

namespace tconv::frontends {

std::span<const FrontDoor> tf_front_doors() { return {}; }

}  // namespace tconv::frontends
