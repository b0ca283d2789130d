// The system call out of which a signal took a thread, and how to make it again from within the signal's handler.
//
// The kernel leaves a call that a signal interrupts in one of two ways (the handler has SA_RESTART). Most calls are to be
// made again when the handler returns: the saved program counter is at the call's instruction, its registers are set.
// Whether the thread had been in the call, or was about to make it, is the same then. The others fail with EINTR: those
// with a relative timeout, and those that wait for a signal. To make these again one has to know what they were, which
// the registers no longer say on every processor, and what is left of the timeout. That is what `BlockedCall` is for: the
// monitor read it from /proc while the thread was blocked.
#pragma once

#include <cstdint>
#include <ctime>
#include <sys/types.h>
#include <ucontext.h>

namespace lithe::core {

// A thread that is blocked in a system call, as the kernel tells.
struct BlockedCall {
  long number = -1;  // -1: none
  unsigned long arguments[6] = {};
  uintptr_t sp = 0;
  uintptr_t pc = 0;  // behind the call's instruction
  uint64_t at = 0;   // when it was seen: blocked since then at the latest
};

// Reads what the thread `tid` of this process is blocked in. False when it is not, or when the kernel does not tell
// (/proc/self/task/<tid>/syscall needs CONFIG_HAVE_ARCH_TRACEHOOK).
bool read_blocked_call(pid_t tid, BlockedCall &out);
// Its text: `number arg0 .. arg5 sp pc`, numbers but the first in hexadecimal; `running`; or `-1 sp pc`.
bool parse_blocked_call(const char *text, BlockedCall &out);

class InterruptedCall {
 public:
  // Whether the signal whose handler got `machine_context` found the thread in a system call, or before one; `seen` may
  // be empty.
  bool find(const ucontext_t &machine_context, const BlockedCall &seen);
  long number() const { return number_; }
  // Makes the call, with what is left of its timeout at `now`. Returns the kernel's answer.
  long make(uint64_t now);
  // Lets the interrupted code go on behind the call, with its result.
  static void finish(ucontext_t &machine_context, const InterruptedCall &call, long result);

 private:
  void shorten(uint64_t elapsed);
  void shorten_timespec(int argument, uint64_t elapsed);
  void shorten_milliseconds(int argument, uint64_t elapsed);

  long number_ = -1;
  unsigned long arguments_[6] = {};
  uintptr_t behind_ = 0;
  uint64_t blocked_at_ = 0;  // 0: its timeout, if any, begins anew
  timespec left_{};          // in place of the caller's own
};

}  // namespace lithe::core
