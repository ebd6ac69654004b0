#include "runtime/error.h"

#include <new>

#include "jit/backend.h"
#include "jit/part.h"
#include "planner/plan.h"
#include "planner/problem.h"

namespace tconv {

Error::~Error() = default;

namespace runtime {

namespace {

// Made when the library is loaded: copying it takes no memory.
const Error kOutOfMemory(Status::out_of_memory, "out of memory");

[[noreturn]] void translate() {
  try {
    throw;
  } catch (const Error&) {
    throw;
  } catch (const planner::ProblemError& e) {
    throw Error(Status::invalid_argument, std::string("problem: ") + e.what());
  } catch (const planner::PlanError& e) {
    throw Error(Status::invalid_argument, std::string("plan: ") + e.what());
  } catch (const jit::CompileError& e) {
    throw Error(Status::unsupported, e.what());
  } catch (const jit::PartError& e) {
    throw Error(Status::unsupported, e.what());
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& e) {
    throw Error(Status::internal, std::string("internal error: ") + e.what());
  }
}

}  // namespace

void rethrow_as_error() {
  try {
    translate();
  } catch (const std::bad_alloc&) {  // also for a sentence
    throw kOutOfMemory;
  }
}

}  // namespace runtime
}  // namespace tconv
