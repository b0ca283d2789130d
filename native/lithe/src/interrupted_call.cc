#include "interrupted_call.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "raw_syscall.h"

namespace lithe::core {
namespace {

#if defined(__x86_64__)

struct Registers {
  uintptr_t pc, sp;
  long result;
  bool is_at_call;
  long number;
  unsigned long arguments[6];

  explicit Registers(const ucontext_t &from) {
    const greg_t *all = from.uc_mcontext.gregs;
    pc = static_cast<uintptr_t>(all[REG_RIP]);
    sp = static_cast<uintptr_t>(all[REG_RSP]);
    result = number = static_cast<long>(all[REG_RAX]);
    const int in_order[] = {REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9};
    for (int i = 0; i < 6; ++i) arguments[i] = static_cast<unsigned long>(all[in_order[i]]);
    // 0f is never a whole instruction: the byte behind it can be read.
    const auto *code = reinterpret_cast<const volatile unsigned char *>(pc);
    is_at_call = code[0] == 0x0f && code[1] == 0x05;
  }
  static constexpr uintptr_t call_bytes = 2;
};

void set_result(ucontext_t &to, uintptr_t pc, long result) {
  to.uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(pc);
  to.uc_mcontext.gregs[REG_RAX] = result;
}

#elif defined(__aarch64__)

struct Registers {
  uintptr_t pc, sp;
  long result;
  bool is_at_call;
  long number;
  unsigned long arguments[6];

  explicit Registers(const ucontext_t &from) {
    const auto &all = from.uc_mcontext;
    pc = all.pc;
    sp = all.sp;
    result = static_cast<long>(all.regs[0]);
    number = static_cast<long>(all.regs[8]);
    for (int i = 0; i < 6; ++i) arguments[i] = all.regs[i];
    is_at_call = *reinterpret_cast<const volatile uint32_t *>(pc) == 0xd4000001;  // svc #0
  }
  static constexpr uintptr_t call_bytes = 4;
};

void set_result(ucontext_t &to, uintptr_t pc, long result) {
  to.uc_mcontext.pc = pc;
  to.uc_mcontext.regs[0] = static_cast<unsigned long>(result);
}

#else
#error "harts does not know this processor: say here how a signal's frame shows a system call"
#endif

}  // namespace

bool parse_blocked_call(const char *text, BlockedCall &out) {
  char *end = nullptr;
  out.number = std::strtol(text, &end, 10);
  if (end == text || out.number < 0) return false;
  unsigned long values[8];
  for (unsigned long &value : values) {
    const char *from = end;
    value = std::strtoul(from, &end, 16);
    if (end == from) return false;
  }
  std::memcpy(out.arguments, values, sizeof out.arguments);
  out.sp = values[6];
  out.pc = values[7];
  return true;
}

bool read_blocked_call(pid_t tid, BlockedCall &out) {
  char path[64], text[256];
  std::snprintf(path, sizeof path, "/proc/self/task/%d/syscall", static_cast<int>(tid));
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  if (length <= 0) return false;
  text[length] = '\0';
  return parse_blocked_call(text, out);
}

bool InterruptedCall::find(const ucontext_t &machine_context, const BlockedCall &seen) {
  const Registers now(machine_context);
  if (now.is_at_call) {
    number_ = now.number;
    std::memcpy(arguments_, now.arguments, sizeof arguments_);
    behind_ = now.pc + Registers::call_bytes;
    blocked_at_ = 0;
    return true;
  }
  if (seen.number < 0 || now.result != -EINTR || now.pc != seen.pc || now.sp != seen.sp) return false;
  number_ = seen.number;
  std::memcpy(arguments_, seen.arguments, sizeof arguments_);
  behind_ = now.pc;
  blocked_at_ = seen.at;
  return true;
}

long InterruptedCall::make(uint64_t now) {
  if (blocked_at_ != 0) shorten(now > blocked_at_ ? now - blocked_at_ : 0);
  const auto argument = [this](int i) { return static_cast<long>(arguments_[i]); };
  return raw_syscall(number_, argument(0), argument(1), argument(2), argument(3), argument(4), argument(5));
}

void InterruptedCall::finish(ucontext_t &machine_context, const InterruptedCall &call, long result) {
  set_result(machine_context, call.behind_, result);
}

// Calls whose timeout is relative and which do not write back what is left of it; select, pselect and ppoll do.
void InterruptedCall::shorten(uint64_t elapsed) {
  constexpr unsigned long absolute = 1;  // TIMER_ABSTIME
  switch (number_) {
    case SYS_nanosleep:
      shorten_timespec(0, elapsed);
      break;
    case SYS_clock_nanosleep:
      if ((arguments_[1] & absolute) == 0) shorten_timespec(2, elapsed);
      break;
    case SYS_rt_sigtimedwait:
      shorten_timespec(2, elapsed);
      break;
    case SYS_semtimedop:
#ifdef SYS_epoll_pwait2
    case SYS_epoll_pwait2:
#endif
      shorten_timespec(3, elapsed);
      break;
    case SYS_io_getevents:
      shorten_timespec(4, elapsed);
      break;
    case SYS_futex:
      if ((arguments_[1] & FUTEX_CMD_MASK) == FUTEX_WAIT) shorten_timespec(3, elapsed);
      break;
#ifdef SYS_poll  // newer architectures have the forms with more arguments only
    case SYS_poll:
      shorten_milliseconds(2, elapsed);
      break;
    case SYS_epoll_wait:
#endif
    case SYS_epoll_pwait:
      shorten_milliseconds(3, elapsed);
      break;
    default:
      break;
  }
}

void InterruptedCall::shorten_timespec(int argument, uint64_t elapsed) {
  constexpr uint64_t second = 1'000'000'000;
  const auto *asked = reinterpret_cast<const timespec *>(arguments_[argument]);
  if (!asked) return;
  const auto seconds = static_cast<uint64_t>(asked->tv_sec);
  if (seconds > UINT64_MAX / second - 1) return;  // for ever
  const uint64_t all = seconds * second + static_cast<uint64_t>(asked->tv_nsec);
  const uint64_t left = all > elapsed ? all - elapsed : 0;
  left_ = {static_cast<time_t>(left / second), static_cast<long>(left % second)};
  arguments_[argument] = reinterpret_cast<unsigned long>(&left_);
}

void InterruptedCall::shorten_milliseconds(int argument, uint64_t elapsed) {
  const int asked = static_cast<int>(arguments_[argument]);
  if (asked < 0) return;  // for ever
  const uint64_t gone = elapsed / 1'000'000;
  arguments_[argument] = static_cast<uint64_t>(asked) > gone ? static_cast<unsigned long>(asked) - gone : 0;
}

}  // namespace lithe::core
