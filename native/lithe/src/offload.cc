#include "offload.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "code_mark.h"
#include "in_place_call.h"
#include "lithe/blocking.h"
#include "lithe/error.h"
#include "lithe/offload.h"
#include "lithe/stats.h"
#include "raw_syscall.h"
#include "runtime.h"
#include "signal_handler.h"

namespace lithe::core {

std::atomic<bool> offload_is_on{false};

namespace {
std::atomic<unsigned long> seen{0}, offloaded{0};
}  // namespace

}  // namespace lithe::core

#if defined(__x86_64__)

namespace lithe::core {
namespace {

// Numbers of the kernel's interface that older headers lack.
constexpr int set_syscall_user_dispatch = 59, dispatch_off = 0, dispatch_on = 1;
constexpr int si_code_user_dispatch = 2;

// The handler's frame has the mask that its end will load; a change made by the call has to go there. SIGSYS stays
// deliverable: the kernel ends a process that traps while it is blocked.
void keep_mask(ucontext_t *machine_context) {
  uint64_t mask = 0;
  raw_syscall(SYS_rt_sigprocmask, SIG_BLOCK, 0, reinterpret_cast<long>(&mask), sizeof mask);
  mask &= ~(uint64_t{1} << (SIGSYS - 1));
  std::memcpy(&machine_context->uc_sigmask, &mask, sizeof mask);
}

bool is_ready(long fd, short events) {
  pollfd one{static_cast<int>(fd), events, 0};
  return raw_syscall(SYS_poll, reinterpret_cast<long>(&one), 1) != 0;
}

bool may_block(long number, const greg_t *registers) {
  const long first = registers[REG_RDI];
  switch (number) {
    case SYS_nanosleep:
    case SYS_clock_nanosleep:
    case SYS_pause:
    case SYS_rt_sigtimedwait:
    case SYS_rt_sigsuspend:
    case SYS_select:
    case SYS_pselect6:
    case SYS_ppoll:
    case SYS_connect:
    case SYS_wait4:
    case SYS_waitid:
    case SYS_flock:
    case SYS_fsync:
    case SYS_fdatasync:
    case SYS_msgrcv:
    case SYS_msgsnd:
    case SYS_semop:
    case SYS_semtimedop:
      return true;
    case SYS_poll:
      return registers[REG_RDX] != 0;
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
      return registers[REG_R10] != 0;
    case SYS_futex: {
      const long operation = registers[REG_RSI] & FUTEX_CMD_MASK;
      return operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET || operation == FUTEX_LOCK_PI ||
             operation == FUTEX_WAIT_REQUEUE_PI;
    }
    case SYS_fcntl:
      return registers[REG_RSI] == F_SETLKW || registers[REG_RSI] == F_OFD_SETLKW;
    case SYS_read:
    case SYS_readv:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_recvmmsg:
    case SYS_accept:
    case SYS_accept4:
      return !is_ready(first, POLLIN);
    case SYS_write:
    case SYS_writev:
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_sendmmsg:
      return !is_ready(first, POLLOUT);
    default:
      return false;
  }
}

// Runs on the stack of the context, which may go on from here on another kernel thread, and come back on a third: the
// frame that the restorer loads is on the stack. Its signal mask is that of a carrier, the same for all.
void on_syscall(int, siginfo_t *info, void *machine_context) {
  Context *self = self_pointer;
  Carrier *carrier = self ? self->carrier : nullptr;
  greg_t *registers = static_cast<ucontext_t *>(machine_context)->uc_mcontext.gregs;
  if (info->si_code != si_code_user_dispatch || !carrier) {
    // Not of the runtime's making (a seccomp filter, say): as if there were no handler.
    signal_handle_by_default(SIGSYS);
    raw_syscall(SYS_tgkill, raw_syscall(SYS_getpid), raw_syscall(SYS_gettid), SIGSYS);
    return;
  }
  code_left(carrier);
  seen.fetch_add(1, std::memory_order_relaxed);
  const long number = info->si_syscall;
  if (must_be_made_in_place(number)) {
    registers[REG_RIP] -= 2;  // the length of `syscall`: once more, and now it passes
    registers[REG_RAX] = number;
    return;
  }
  // Whoever holds a spin lock keeps the hart: malloc may block under it, and the others would spin on their harts until
  // the holder has one again.
  const bool keeps_hart = carrier->in_callback || self->undisturbed.load(std::memory_order_relaxed) > 0;
  const bool goes_away = self->kind == ContextKind::donor && !keeps_hart && may_block(number, registers);
  if (goes_away) {
    offloaded.fetch_add(1, std::memory_order_relaxed);
    lithe_blocking_begin();
  }
  registers[REG_RAX] = raw_syscall(number, registers[REG_RDI], registers[REG_RSI], registers[REG_RDX],
                                   registers[REG_R10], registers[REG_R8], registers[REG_R9]);
  if (goes_away) lithe_blocking_end();
  if (number == SYS_rt_sigprocmask) keep_mask(static_cast<ucontext_t *>(machine_context));
  code_resumed(self);  // no system call from here on but the restorer's
}

}  // namespace

void offload_attach(Carrier *carrier) {
  if (!offload_is_on.load(std::memory_order_relaxed)) return;
  prctl(set_syscall_user_dispatch, dispatch_on, &lithe_signal_restore,
        static_cast<unsigned long>(&lithe_signal_restore_end - &lithe_signal_restore), &carrier->selector);
}

void offload_detach() {
  if (!offload_is_on.load(std::memory_order_relaxed)) return;
  prctl(set_syscall_user_dispatch, dispatch_off, 0, 0, 0);
}

}  // namespace lithe::core

using namespace lithe::core;

extern "C" int lithe_offload_start(void) {
  if (offload_is_on.load(std::memory_order_relaxed)) return 0;
  int code = 0;
  Runtime *current = runtime_start(code);
  if (!current) return code;
  if (offload_is_on.load(std::memory_order_relaxed)) return 0;  // HARTS_OFFLOAD
  lithe_stats_t stats;
  lithe_stats_get(&stats);
  struct sigaction before;
  if (stats.carriers > 0 || stats.schedulers_entered > 0) return LITHE_EBUSY;
  if (sigaction(SIGSYS, nullptr, &before) != 0 || before.sa_handler != SIG_DFL) return LITHE_EBUSY;
  // Whether the kernel knows it: on and off again, for this thread.
  static uint8_t probe = selector_pass;
  if (prctl(set_syscall_user_dispatch, dispatch_on, 0, 0, &probe) != 0) return LITHE_ENOTSUP;
  prctl(set_syscall_user_dispatch, dispatch_off, 0, 0, 0);
  // The kernel ends a process that traps with SIGSYS blocked: the handler does not block it.
  if (!signal_handle(SIGSYS, on_syscall, 0)) return LITHE_ENOTSUP;
  offload_is_on.store(true, std::memory_order_relaxed);
  return 0;
}

#else

namespace lithe::core {

void offload_attach(Carrier *) {}
void offload_detach() {}

}  // namespace lithe::core

using namespace lithe::core;

extern "C" int lithe_offload_start(void) { return LITHE_ENOTSUP; }

#endif

extern "C" void lithe_offload_counts(unsigned long *all, unsigned long *away) {
  if (all) *all = seen.load(std::memory_order_relaxed);
  if (away) *away = offloaded.load(std::memory_order_relaxed);
}
