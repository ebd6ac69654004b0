// The C API over runtime::Operation: exceptions become a status and a sentence of the calling
// thread.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <limits>
#include <string>
#include <vector>

#include "planner/problem.h"
#include "runtime/c_struct.h"
#include "runtime/error.h"
#include "runtime/operation.h"
#include "tconv/inspect.hpp"
#include "tconv/tconv.h"

struct tconv_op {
  std::shared_ptr<const tconv::runtime::Operation> operation;
};

namespace {

// A plain array: a thread_local with a destructor is registered at its first use, and the C library
// aborts the process where there is no memory for that.
struct LastError {
  char text[2048] = {};
  void set(const char* what) {
    const std::size_t length = std::min(std::strlen(what), sizeof text - 1);
    std::memcpy(text, what, length);
    text[length] = 0;
  }
};
thread_local constinit LastError last_error;

tconv_status fail(tconv_status status, const char* what) {
  last_error.set(what);
  return status;
}

template <class Body>
tconv_status guarded(Body&& body) {
  try {
    body();
    return TCONV_OK;
  } catch (const tconv::Error& e) {
    return fail(static_cast<tconv_status>(e.status()), e.what());
  } catch (const std::bad_alloc&) {
    return fail(TCONV_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception& e) {
    return fail(TCONV_INTERNAL, e.what());
  } catch (...) {  // nothing of C++ may pass a C caller
    return fail(TCONV_INTERNAL, "an exception that is no std::exception");
  }
}

void require(const void* pointer, const char* name) {
  if (pointer == nullptr) tconv::runtime::refuse(std::string(name) + " is NULL");
}

tconv::ConstTensor tensor(const tconv_const_tensor& t) { return {t.data, t.bytes}; }
tconv::Tensor tensor(const tconv_tensor& t) { return {t.data, t.bytes}; }

}  // namespace

extern "C" {

tconv_status tconv_create(const char* problem, const char* options, tconv_op** op) {
  return guarded([&] {
    require(op, "op");
    *op = nullptr;
    require(problem, "problem");
    const auto given = tconv::Options::parse(options == nullptr ? "" : options);
    auto made = std::make_unique<tconv_op>();
    made->operation = tconv::runtime::Operation::create(problem, given);
    *op = made.release();
  });
}

void tconv_destroy(tconv_op* op) { delete op; }

size_t tconv_packed_filter_bytes(const tconv_op* op) {
  return op == nullptr ? 0 : op->operation->packed_filter_bytes();
}

tconv_status tconv_pack_filter(const tconv_op* op, const void* filter, void* packed) {
  return guarded([&] {
    require(op, "op");
    op->operation->pack(filter, packed);
  });
}

tconv_status tconv_prepare(const tconv_op* op, const void* packed, size_t bytes) {
  return guarded([&] {
    require(op, "op");
    op->operation->prepare({packed, bytes});
  });
}

const char* tconv_packed_layout(const tconv_op* op) {
  return op == nullptr ? "" : op->operation->packed_layout().c_str();
}

size_t tconv_workspace_bytes(const tconv_op* op) {
  return op == nullptr ? 0 : op->operation->workspace_bytes();
}

tconv_status tconv_run(const tconv_op* op, const void* input, const void* packed, const void* bias,
                       void* output, void* workspace) {
  return guarded([&] {
    require(op, "op");
    op->operation->run(input, packed, bias, output, workspace);
  });
}

tconv_status tconv_run_args(const tconv_op* op, const tconv_args* args) {
  return guarded([&] {
    require(op, "op");
    require(args, "args");
    // The first release ended before `batch`.
    tconv_args given;
    tconv::runtime::read_struct("args", args, &given,
                                {offsetof(tconv_args, batch), sizeof(tconv_args)});
    if (given.operand_count > 0) require(given.operands, "args.operands");
    // A problem has few post-ops; a run must not allocate.
    constexpr size_t most = tconv::planner::kMostOperands;
    tconv::ConstTensor operands[most];
    if (given.operand_count > most)
      tconv::runtime::refuse("args.operand_count = " + std::to_string(given.operand_count) +
                             "; at most " + std::to_string(most) + " are possible");
    for (size_t i = 0; i < given.operand_count; ++i) operands[i] = tensor(given.operands[i]);
    tconv::RunArgs run;
    run.input = tensor(given.input);
    run.packed_filter = tensor(given.packed_filter);
    run.bias = tensor(given.bias);
    run.output = tensor(given.output);
    run.operands = {operands, given.operand_count};
    run.workspace = tensor(given.workspace);
    run.batch = given.batch;
    run.length = given.length;
    run.parallel_for = {given.parallel_for, given.parallel_context};
    op->operation->run(run);
  });
}

const char* tconv_describe(const tconv_op* op) {
  return op == nullptr ? "" : op->operation->describe().c_str();
}

tconv_status tconv_load_plans(const char* files, size_t* entries, size_t* damaged) {
  return guarded([&] {
    require(files, "files");
    const tconv::PlansLoaded now = tconv::load_plans(files);
    if (entries != nullptr) *entries = now.entries;
    if (damaged != nullptr) *damaged = now.damaged.size();
  });
}

tconv_status tconv_cache_counters(tconv_counters* counters) {
  return guarded([&] {
    require(counters, "counters");
    const tconv::KernelCacheCounters now = tconv::kernel_cache_counters();
    tconv_counters known{};
    known.hits = now.hits, known.misses = now.misses, known.compiles = now.compiles;
    known.evictions = now.evictions, known.entries = now.entries, known.bytes = now.bytes;
    known.limit_bytes = now.limit_bytes;
    tconv::runtime::write_struct("counters", counters, &known, {sizeof known});
  });
}

tconv_status tconv_set_cache_limit(size_t bytes) {
  return guarded([&] {
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    tconv::set_kernel_cache_limit(
        static_cast<std::int64_t>(std::min(bytes, static_cast<std::size_t>(most))));
  });
}

const char* tconv_last_error(void) { return last_error.text; }

const char* tconv_version(void) { return TCONV_VERSION; }

}  // extern "C"
