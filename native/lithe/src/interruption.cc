#include "interruption.h"

#include <link.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "carrier.h"
#include "code_mark.h"
#include "in_place_call.h"
#include "keep_errno.h"
#include "lithe/blocking.h"
#include "park.h"
#include "raw_lock.h"
#include "raw_syscall.h"
#include "signal_handler.h"

namespace lithe::core {
namespace {

uint32_t prepare_lock = 0;
std::atomic<bool> is_prepared{false};
// What the program had before; and where this library's code is. Written before the handler can run.
struct sigaction previous;
uintptr_t code_begin = 0, code_end = 0;

void on_interruption(int signo, siginfo_t *info, void *machine_context);

int find_own_code(dl_phdr_info *object, size_t, void *) {
  const auto here = reinterpret_cast<uintptr_t>(&on_interruption);
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto &header = object->dlpi_phdr[i];
    const uintptr_t begin = object->dlpi_addr + header.p_vaddr;
    if (header.p_type != PT_LOAD || here < begin || here - begin >= header.p_memsz) continue;
    code_begin = begin;
    code_end = begin + header.p_memsz;
    return 1;
  }
  return 0;
}

bool is_own_code(uintptr_t pc) { return pc - code_begin < code_end - code_begin; }

uintptr_t pc_of(const ucontext_t &machine_context) {
#if defined(__x86_64__)
  return static_cast<uintptr_t>(machine_context.uc_mcontext.gregs[REG_RIP]);
#else
  return machine_context.uc_mcontext.pc;
#endif
}

void pass_to_previous(int signo, siginfo_t *info, void *machine_context) {
  if (previous.sa_flags & SA_SIGINFO) {
    previous.sa_sigaction(signo, info, machine_context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signo);
  }
}

// Makes the call without the hart. In between the context is on another kernel thread, unless it is a guest; the frame
// that the handler returns to is on its stack and comes along.
void make_without_hart(ucontext_t *machine_context, InterruptedCall &call, Carrier *carrier) {
  carrier->hart.load(std::memory_order_relaxed)->counters.departures.add();
  if (lithe_blocking_begin() != 0) return;
  InterruptedCall::finish(*machine_context, call, call.make(now_ns()));
  lithe_blocking_end();
}

void on_interruption(int signo, siginfo_t *info, void *frame) {
  const KeepErrno keep;
  Context *self = self_pointer;
  Carrier *carrier = self ? self->carrier : nullptr;
  auto *machine_context = static_cast<ucontext_t *>(frame);
  BlockedCall seen;
  const Want want = carrier ? carrier->interruption.take(seen) : Want::nothing;
  if (want == Want::nothing) {
    pass_to_previous(signo, info, frame);
    return;
  }
  if (!carrier->in_code.load(std::memory_order_relaxed) || carrier->in_callback ||
      self->undisturbed.load(std::memory_order_relaxed) > 0) {
    return;
  }
  InterruptedCall call;
  if (call.find(*machine_context, seen)) {
    if (must_be_made_in_place(call.number())) return;
    code_left(carrier);
    make_without_hart(machine_context, call, carrier);
    code_resumed(self);
  } else if (want == Want::yield && self->kind == ContextKind::donor && !is_own_code(pc_of(*machine_context))) {
    Carrier::leave(self, Departure::preempted);
  }
}

}  // namespace

bool Interruption::post(Want want, const BlockedCall &call) {
  Want now = want_.load(std::memory_order_relaxed);
  do {
    if (now == Want::reading) return false;
  } while (!want_.compare_exchange_weak(now, Want::nothing, std::memory_order_acq_rel, std::memory_order_relaxed));
  call_ = call;
  want_.store(want, std::memory_order_release);
  return true;
}

Want Interruption::take(BlockedCall &call) {
  Want now = want_.load(std::memory_order_relaxed);
  do {
    if (now == Want::nothing || now == Want::reading) return Want::nothing;
  } while (!want_.compare_exchange_weak(now, Want::reading, std::memory_order_acq_rel, std::memory_order_relaxed));
  call = call_;
  want_.store(Want::nothing, std::memory_order_release);
  return now;
}

bool interruption_prepare() {
  if (is_prepared.load(std::memory_order_acquire)) return true;
  Locked lock(&prepare_lock);
  if (is_prepared.load(std::memory_order_relaxed)) return true;
  dl_iterate_phdr(find_own_code, nullptr);
  if (sigaction(interruption_signal, nullptr, &previous) != 0) return false;
  if (!signal_handle(interruption_signal, on_interruption, SA_RESTART)) return false;
  is_prepared.store(true, std::memory_order_release);
  return true;
}

void interruption_send(pid_t tid) { raw_syscall(SYS_tgkill, getpid(), tid, interruption_signal); }

}  // namespace lithe::core
