// The monitor: one kernel thread that looks at the harts now and then, so that none is wasted on code that blocks in the
// kernel, and none kept by code that never comes to a scheduling point.
//
// While some hart is at work it looks once in `period_ns`. A hart whose counters of decisions and switches have not moved
// since the last look has run the same code for a period. If its kernel thread has used processor time since then, the
// code computes: after a quantum it is asked to yield (lithe_context_should_yield), and with preemption it is made to.
// If not, and the kernel says that the thread is blocked in a system call, the call is taken from the hart
// (interruption.h). So a blocked context has left its hart at the latest two periods after it blocked.
//
// When no hart has been at work for a while the monitor sleeps without end. Who takes a hart up then wakes it:
//
//   monitor: state_ = asleep; takes Root::lock_, sees a hart at work? stays awake; else sleeps on state_
//   others:  takes Root::lock_, takes a hart up, drops it; state_ == asleep? state_ = awake, wake
//
// Both go through Root::lock_ between their write and their read, so at least one sees the other.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "interrupted_call.h"
#include "interruption.h"

namespace lithe::core {

struct Carrier;
class Runtime;

class Monitor {
 public:
  static constexpr uint64_t period_ns = 1'000'000;

  explicit Monitor(Runtime &runtime) : runtime_(runtime) {}

  // Some hart has just been taken up. Any thread, without Root::lock_.
  void notice() {
    if (state_.load(std::memory_order_relaxed) != awake) [[unlikely]]
      wake();
  }
  // For the life of the runtime; before any hart was taken up.
  void turn_off() {
    is_off_ = true;
    state_.store(awake, std::memory_order_relaxed);
  }
  bool is_off() const { return is_off_; }

  // 0: contexts are not switched out. Any thread.
  void set_quantum(uint64_t nanoseconds) { quantum_.store(nanoseconds, std::memory_order_relaxed); }
  static constexpr uint64_t default_quantum_ns = 5'000'000;

  // Whether who has run since `look`, a value of looks(), is to be switched out.
  bool is_quantum_over(uint64_t look) const {
    const uint64_t quantum = quantum_.load(std::memory_order_relaxed);
    return quantum != 0 && (looks() - look) * period_ns >= quantum;
  }

  uint64_t looks() const { return looks_.load(std::memory_order_relaxed); }
  uint64_t asked() const { return asked_.load(std::memory_order_relaxed); }

 private:
  enum : uint32_t { absent, awake, asleep };

  // What was seen of a hart at the last look.
  struct Watch {
    Carrier *carrier = nullptr;  // null: it was not running a context's code
    pid_t tid = 0;
    uint64_t progress = 0;  // changes at every scheduling point
    uint64_t since = 0;     // when this was seen first
    uint64_t cpu = 0;       // time that the thread has used, if has_cpu
    bool has_cpu = false;
    bool has_asked = false;
    unsigned signals = 0;      // sent without effect
    uint64_t next_signal = 0;  // not before
  };

  static void *main(void *self);
  void wake();
  bool start();
  [[noreturn]] void watch();
  bool is_any_at_work();
  bool sleep_if_idle();
  void look(uint64_t now);
  void read(int hart, Watch &seen, uint64_t now);
  void judge(int hart, Watch &seen, uint64_t now);
  void ask(int hart, Watch &seen, uint64_t now);
  void interrupt(int hart, Watch &seen, Want want, const BlockedCall &call, uint64_t now);
  bool is_still(int hart, const Watch &seen) const;

  Runtime &runtime_;
  bool is_off_ = false;
  std::atomic<uint32_t> state_{absent};  // a futex word
  std::atomic<uint64_t> quantum_{0};
  std::atomic<uint64_t> looks_{0}, asked_{0};
  bool was_contended_ = false;
  uint64_t next_limits_ = 0;             // when to look at quota and mask again
  std::atomic<uint64_t> next_start_{0};  // when the kernel refused the thread
  std::unique_ptr<Watch[]> watches_;
};

}  // namespace lithe::core
