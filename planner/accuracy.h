// What a plan's way of adding products does to the bits and to the error.
#pragma once

#include <cstdint>
#include <string>

#include "planner/plan.h"
#include "planner/problem.h"

namespace tconv::planner {

// exact_order: only plans that add each output's products in the definition's order, so that every
// ISA with FMA and every number of threads gives the same bits.
enum class Accuracy : std::uint8_t { standard, exact_order };

// Whether only plans that add in the definition's order will do: by request, or for the type.
bool needs_definition_order(const Problem& problem, Accuracy accuracy);

// Names the order; plans of one problem with the same text give the same bits. Empty: the
// definition's order (taps, outermost axis first, then input channels).
std::string sum_order(const Problem& problem, const Plan& plan);

// By how much the bound of a plain sum of K products, (K + 8) * u * sum|w * x|, grows: 1, or more
// where minimal filtering takes part. docs/accuracy.md has the table.
double error_factor(const Problem& problem, const Plan& plan);

}  // namespace tconv::planner
