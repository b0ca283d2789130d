#include "signal_handler.h"

#include <cstring>
#include <sys/syscall.h>

#include "raw_syscall.h"

#if defined(__x86_64__)

asm(R"(
  .text
  .p2align 4
  .globl lithe_signal_restore
  .hidden lithe_signal_restore
  .type lithe_signal_restore, @function
lithe_signal_restore:
  movl $15, %eax
  syscall
  ud2  # never reached; the kernel judges a call by the address after it, which this puts into the range
  .globl lithe_signal_restore_end
  .hidden lithe_signal_restore_end
lithe_signal_restore_end:
  .size lithe_signal_restore, . - lithe_signal_restore
)");

namespace lithe::core {
namespace {

constexpr unsigned long has_restorer = 0x04000000;  // the kernel's; libc keeps it to itself

struct KernelSigaction {
  SignalHandler handler;
  unsigned long flags;
  const void *restorer;
  unsigned long mask;
};

// Not by sigaction, which would put libc's restorer in.
bool install(int signo, SignalHandler handler, unsigned long flags) {
  const KernelSigaction action{handler, flags | has_restorer, &lithe_signal_restore, 0};
  return raw_syscall(SYS_rt_sigaction, signo, reinterpret_cast<long>(&action), 0, sizeof action.mask) == 0;
}

}  // namespace

#else

namespace lithe::core {
namespace {

// libc's structure and its restorer: the kernel's own return code passes there.
bool install(int signo, SignalHandler handler, unsigned long flags) {
  struct sigaction action;
  std::memset(&action, 0, sizeof action);
  if (handler) {
    action.sa_sigaction = handler;
  } else {
    action.sa_handler = SIG_DFL;
  }
  action.sa_flags = static_cast<int>(flags);
  return sigaction(signo, &action, nullptr) == 0;
}

}  // namespace

#endif

bool signal_handle(int signo, SignalHandler handler, unsigned long flags) {
  return install(signo, handler, flags | SA_SIGINFO | SA_NODEFER);
}

void signal_handle_by_default(int signo) { install(signo, nullptr, 0); }

}  // namespace lithe::core
