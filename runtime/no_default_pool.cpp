// TCONV_TBB=OFF.
#include "runtime/default_pool.h"

namespace tconv::runtime {

const char* default_pool_name() { return ""; }

int default_pool_threads() { return 1; }

void run_in_default_pool(int tasks, Fork& fork) {
  for (int worker = 0; worker < tasks; ++worker) fork.work(worker);
}

}  // namespace tconv::runtime
