#include "runtime/core_name.h"

#include "planner/machine.h"

namespace tconv::runtime {

std::string core_name(const std::string& vendor, unsigned family, unsigned model) {
  if (vendor == "AuthenticAMD") {
    if (family == 0x1A) return "zen5";
    // Family 0x19 is Zen 3 as well: Milan 0x00, Chagall 0x08, Vermeer 0x21, Rembrandt 0x44, Cezanne
    // 0x50. Zen 4: Genoa 0x11, Storm Peak 0x18, Raphael 0x61, Phoenix 0x74 to 0x7F, Siena 0xA0.
    if (family == 0x19 &&
        ((model >= 0x10 && model < 0x20) || (model >= 0x60 && model < 0x80) || model >= 0xA0))
      return "zen4";
  }
  constexpr unsigned kSapphireRapids = 0x8F, kEmeraldRapids = 0xCF;
  if (vendor == "GenuineIntel" && family == 6 &&
      (model == kSapphireRapids || model == kEmeraldRapids))
    return "sapphire-rapids";
  return planner::kGenericCore;
}

}  // namespace tconv::runtime
