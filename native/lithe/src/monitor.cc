#include "monitor.h"

#include <algorithm>
#include <csignal>
#include <ctime>
#include <new>
#include <pthread.h>
#include <sys/prctl.h>

#include "carrier.h"
#include "code_mark.h"
#include "keep_errno.h"
#include "park.h"
#include "raw_lock.h"
#include "runtime.h"
#include "service_thread.h"
#include "stress.h"

namespace lithe::core {
namespace {

// How long no hart has to be at work before the monitor sleeps: a program that computes now and then would pay for a
// wake-up each time.
constexpr uint64_t linger_ns = 20'000'000;
constexpr uint64_t limits_period_ns = 1'000'000'000;
constexpr uint64_t start_again_ns = 1'000'000'000;

// The clock that counts the processor time of a thread of this process: what pthread_getcpuclockid returns.
bool cpu_time(pid_t tid, uint64_t &out) {
  constexpr clockid_t per_thread_and_exact = 6;
  timespec used;
  if (clock_gettime(static_cast<clockid_t>(~static_cast<unsigned>(tid) << 3) | per_thread_and_exact, &used) != 0) {
    return false;
  }
  out = static_cast<uint64_t>(used.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(used.tv_nsec);
  return true;
}

uint64_t progress_of(const Hart &hart) {
  return hart.counters.decisions.read() + hart.counters.context_switches.read() + hart.counters.blocks.read();
}

}  // namespace

void Monitor::wake() {
  uint32_t expected = asleep;
  if (state_.compare_exchange_strong(expected, awake, std::memory_order_acq_rel)) {
    futex_wake(reinterpret_cast<const uint32_t *>(&state_), 1);
    return;
  }
  if (expected != absent || now_ns() < next_start_.load(std::memory_order_relaxed)) return;
  if (!state_.compare_exchange_strong(expected, awake, std::memory_order_acq_rel)) return;
  if (start()) return;
  next_start_.store(now_ns() + start_again_ns, std::memory_order_relaxed);
  state_.store(absent, std::memory_order_release);
}

bool Monitor::start() {
  const RuntimeCode own;
  const KeepErrno keep;
  if (!watches_) watches_.reset(new (std::nothrow) Watch[static_cast<size_t>(runtime_.hart_count())]);
  if (!watches_ || !interruption_prepare()) return false;
  return service_thread_start(&runtime_, main, this) == 0;
}

void *Monitor::main(void *self) {
  pthread_setname_np(pthread_self(), "lithe-monitor");
  prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  static_cast<Monitor *>(self)->watch();
}

void Monitor::watch() {
  uint64_t idle_since = 0;
  for (uint64_t next = now_ns() + period_ns;;) {
    futex_wait_until(reinterpret_cast<const uint32_t *>(&state_), awake, next);
    const uint64_t now = now_ns();
    if (now < next) continue;
    next = now + period_ns;
    looks_.fetch_add(1, std::memory_order_relaxed);
    if (now >= next_limits_) {
      runtime_.limits().look();
      next_limits_ = now + limits_period_ns;
    }
    if (is_any_at_work()) {
      idle_since = 0;
      look(now);
      continue;
    }
    if (idle_since == 0) idle_since = now;
    if (now - idle_since < linger_ns) continue;
    idle_since = 0;
    if (sleep_if_idle()) next = now_ns() + period_ns;
  }
}

bool Monitor::is_any_at_work() { return !runtime_.root().is_all_spare(); }

bool Monitor::sleep_if_idle() {
  state_.store(asleep, std::memory_order_release);
  stress_point();
  bool is_idle;
  {
    Locked lock(runtime_.root().lock_word());
    is_idle = !is_any_at_work();
  }
  if (!is_idle) {
    uint32_t expected = asleep;
    state_.compare_exchange_strong(expected, awake, std::memory_order_acq_rel);
    return false;
  }
  while (state_.load(std::memory_order_acquire) == asleep) {
    futex_wait(reinterpret_cast<const uint32_t *>(&state_), asleep);
  }
  return true;
}

void Monitor::look(uint64_t now) {
  const int count = runtime_.hart_count();
  {
    Locked lock(runtime_.root().lock_word());
    for (int i = 0; i < count; ++i) read(i, watches_[static_cast<size_t>(i)], now);
  }
  for (int i = 0; i < count; ++i) {
    Watch &seen = watches_[static_cast<size_t>(i)];
    if (seen.carrier && seen.since != now) judge(i, seen, now);
  }
  // Once more after the last contention has gone, to take the requests back.
  const bool is_contended = runtime_.root().is_contended();
  if (is_contended || was_contended_) runtime_.root().revoke_what_is_owed();
  was_contended_ = is_contended;
}

// Under Root::lock_: a hart that is carried by a guest's home is given up under the lock before the guest can go.
void Monitor::read(int number, Watch &seen, uint64_t now) {
  const Hart &hart = runtime_.harts()[number];
  Carrier *carrier = hart.carrier.load(std::memory_order_relaxed);
  if (!carrier || !carrier->in_code.load(std::memory_order_relaxed)) {
    seen.carrier = nullptr;
    return;
  }
  if (seen.carrier && is_still(number, seen)) return;
  seen = {};
  seen.carrier = carrier;
  seen.tid = carrier->tid.load(std::memory_order_relaxed);
  seen.progress = progress_of(hart);
  seen.since = now;
}

bool Monitor::is_still(int number, const Watch &seen) const {
  const Hart &hart = runtime_.harts()[number];
  return hart.carrier.load(std::memory_order_relaxed) == seen.carrier && progress_of(hart) == seen.progress;
}

// The hart has been with the same code for a period at least.
void Monitor::judge(int number, Watch &seen, uint64_t now) {
  uint64_t cpu = 0;
  if (!cpu_time(seen.tid, cpu)) return;
  const bool computes = seen.has_cpu && cpu != seen.cpu;
  seen.cpu = cpu;
  seen.has_cpu = true;
  BlockedCall call;
  if (!computes && read_blocked_call(seen.tid, call)) {
    call.at = now;
    interrupt(number, seen, Want::leave_hart, call, now);
    return;
  }
  const uint64_t quantum = quantum_.load(std::memory_order_relaxed);
  // It may have begun up to a period before it was first seen.
  const uint64_t has_run = now - seen.since + period_ns;
  if (!seen.has_asked && has_run >= std::max(quantum, default_quantum_ns)) ask(number, seen, now);
  if (quantum != 0 && has_run >= quantum) interrupt(number, seen, Want::yield, {}, now);
}

void Monitor::ask(int number, Watch &seen, uint64_t) {
  seen.has_asked = true;
  Locked lock(runtime_.root().lock_word());
  if (!is_still(number, seen)) return;
  seen.carrier->should_yield.store(true, std::memory_order_relaxed);
  asked_.fetch_add(1, std::memory_order_relaxed);
}

// Signals that have no effect (the thread is in code that must not be disturbed, or the program blocks the signal) become
// rarer.
void Monitor::interrupt(int number, Watch &seen, Want want, const BlockedCall &call, uint64_t now) {
  if (now < seen.next_signal) return;
  constexpr unsigned most_doublings = 6;
  const unsigned doublings = seen.signals < 4 ? 0 : std::min(seen.signals - 3, most_doublings);
  seen.next_signal = now + (period_ns << doublings) - period_ns / 2;
  ++seen.signals;
  {
    Locked lock(runtime_.root().lock_word());
    if (!is_still(number, seen) || !seen.carrier->interruption.post(want, call)) return;
  }
  stress_point();
  interruption_send(seen.tid);
}

}  // namespace lithe::core
