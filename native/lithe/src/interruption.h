// What the monitor does to a kernel thread that carries a hart and does not come to a scheduling point: a signal, whose
// handler acts on the context's own stack.
//
//   leave_hart  The thread is blocked in a system call. The handler makes the call again in a blocking section
//               (interrupted_call.h, blocking.cc): the hart goes on without the context, which takes one again before
//               its code continues behind the call. That is what offload does to a call, here done late.
//   yield       The context has had its quantum (lithe_preemption_start). The handler lets it leave its stack as if it
//               yielded; it returns from the handler when it is resumed.
//
// The handler does nothing unless code of a context runs (code_mark.h): the runtime's own has not been interrupted, nor
// has a scheduler's callback. A context is switched out only if it is a donor, whose TLS stays behind with it: a guest's
// loop shares the guest's, which may be in the middle of malloc. And never within this library's code, where a context may
// hold one of the runtime's locks or have read which carrier it is on. RawLock sections of contexts call nothing outside
// the library, unless they are RuntimeCode.
//
// The handler's `want` is posted and taken back by the monitor, and taken by the handler, as follows:
//
//   monitor (under Root::lock_, so that a guest's home is still there):   nothing|posted -> nothing, write call, -> posted
//   handler (on the thread itself):                                       posted -> reading, read call, -> nothing
//
// The monitor leaves it alone while it is `reading`. Each arrow is an acquire-release exchange or a release store, so the
// fields of `call` are never written and read at the same time. A signal that comes late, when other code runs on the
// thread, finds the want of that moment: what it says of a call is checked against the interrupted registers, and to
// yield once too often does no harm.
#pragma once

#include <atomic>
#include <csignal>
#include <cstdint>

#include "interrupted_call.h"

namespace lithe::core {

// Ignored by default, and by nearly every program; no debugger stops on it.
constexpr int interruption_signal = SIGURG;

enum class Want : uint32_t { nothing, leave_hart, yield, reading };

class Interruption {
 public:
  // The monitor. False when the handler is at work.
  bool post(Want want, const BlockedCall &call);
  // The handler.
  Want take(BlockedCall &call);

 private:
  std::atomic<Want> want_{Want::nothing};
  BlockedCall call_;
};

// Installs the handler, once in a process; a handler that the program has is called for signals of other origin. False if
// the kernel refuses.
bool interruption_prepare();

// Sends the signal to a thread of this process; to one that has gone, nothing happens.
void interruption_send(pid_t tid);

}  // namespace lithe::core
