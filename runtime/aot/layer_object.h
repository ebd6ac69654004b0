// The object file of a layer beside its kernels': tables, and the functions that callers see.
#pragma once

#include <string>
#include <vector>

#include "jit/elf_object.h"
#include "runtime/aot/layer_code.h"

namespace tconv::runtime {

// The functions' names behind the layer's symbol: pack, run, begin, isa, missing.
const std::vector<std::string>& layer_functions();

// Each function passes its arguments on to the driver's, and the layer's tables behind them.
std::string layer_object(const LayerCode& layer, jit::ElfMachine machine);

}  // namespace tconv::runtime
