#include "tools/interrupt.h"

#include <csignal>

namespace tconv::tools {
namespace {

volatile std::sig_atomic_t flag = 0;
void (*volatile second)(int) = SIG_DFL;

extern "C" void note_interrupt(int signal) {
  flag = 1;
  std::signal(signal, second);
}

}  // namespace

InterruptFlag::InterruptFlag() {
  flag = 0;
  interrupt_ = std::signal(SIGINT, note_interrupt);
  terminate_ = std::signal(SIGTERM, note_interrupt);
  second = interrupt_;
}

InterruptFlag::~InterruptFlag() {
  std::signal(SIGINT, interrupt_);
  std::signal(SIGTERM, terminate_);
}

bool InterruptFlag::raised() const { return flag != 0; }

}  // namespace tconv::tools
