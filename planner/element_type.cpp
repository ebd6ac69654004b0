#include "planner/element_type.h"

#include <array>
#include <stdexcept>
#include <string>

namespace tconv::planner {
namespace {

using ir::DType;

// A winograd of 16-bit types has f32 sums and f32 transforms: what it loses is what f32 loses. It
// is left to who asks, since these types are chosen for speed that `direct` gets from memory.
constexpr std::array<ElementType, 6> kTypes{{
    {.memory = DType::f32, .sum = DType::f32, .bias = DType::f32},
    {.memory = DType::f64, .sum = DType::f64, .bias = DType::f64, .pair = DType::f64},
    {.memory = DType::f16, .sum = DType::f32, .bias = DType::f32, .proposes_winograd = false},
    {.memory = DType::f16,
     .sum = DType::f16,
     .bias = DType::f16,
     .pair = DType::f16,
     .minimal_filtering = false,
     .proposes_winograd = false,
     .definition_order = true},
    {.memory = DType::bf16,
     .sum = DType::f32,
     .bias = DType::f32,
     .pair = DType::bf16x2,
     .proposes_winograd = false},
    // There is no integer multiply-add: the product waits in a register.
    {.memory = DType::i32,
     .sum = DType::i32,
     .bias = DType::i32,
     .multiply_add_registers = 1,
     .pair = DType::i32,
     .minimal_filtering = false,
     .proposes_winograd = false},
}};

}  // namespace

const ElementType& element_type(ir::DType memory, bool narrow_sum) {
  for (const ElementType& t : kTypes)
    if (t.memory == memory && (!narrow_sum || !t.converts())) return t;
  throw std::logic_error(std::string("a problem of type ") + ir::name(memory));
}

}  // namespace tconv::planner
