// The runtime of this process: made by the first call that needs it, never destroyed, replaced in a forked child.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <pthread.h>
#include <sched.h>
#include <string>

#include "carrier.h"
#include "context.h"
#include "futex_table.h"
#include "hart.h"
#include "hart_limits.h"
#include "monitor.h"
#include "park.h"
#include "peek.h"
#include "pool.h"
#include "root.h"
#include "timer.h"
#include "topology.h"

namespace lithe::core {

class Runtime {
 public:
  Runtime(const Topology &topology, SpinLimit spin_limit);

  const Topology &topology() const { return topology_; }
  Hart *harts() { return harts_.get(); }
  int hart_count() const { return static_cast<int>(topology_.places.size()); }
  Root &root() { return root_; }
  Pool &pool() { return pool_; }
  TimerQueue &timers() { return timers_; }
  FutexTable &futexes() { return futexes_; }
  Monitor &monitor() { return monitor_; }
  HartLimits &limits() { return limits_; }
  uint64_t number() const { return number_; }
  uint64_t started_ns() const { return started_ns_; }

  // How long a waiter whose whole team is running spins before it blocks. Zero with a quota and in virtual mode, where
  // the spinner would sit on the PU of the one it waits for. About the cost of one sleep and wake on a virtual machine
  // (ARCHITECTURE.md, "How long to spin").
  uint64_t team_spin_ns() const { return topology_.may_spin() ? 20'000 : 0; }
  const SpinLimit &spin_limit() const { return spin_limit_; }
  WakeCost &wake_cost() { return wake_cost_; }

  // Lets a thread made with `attributes` run wherever the process may: it would inherit the PU of a pinned carrier.
  // Returns 0 or an errno.
  int unpin(pthread_attr_t *attributes) const;

  void register_context(Context *context);
  void unregister_context(Context *context);
  void register_carrier(Carrier *carrier);
  void unregister_carrier(Carrier *carrier);

  // Calls visit(context, is_safe) on each, under the lock of their list; or without it when it cannot be had soon. Then the
  // list may change meanwhile and its members go, `is_safe` is false, and the walk is bounded.
  template <class Visit>
  void each_context(Visit visit) {
    const bool locked = patiently(&contexts_lock_);
    uint32_t most = locked ? UINT32_MAX : contexts.load(std::memory_order_relaxed) + 1000;
    Context *next = nullptr;
    for (Context *context = contexts_; context && most > 0; context = next, --most) {
      if (locked) {
        next = context->all_next;
      } else if (!peek(&next, &context->all_next, sizeof next)) {
        break;
      }
      visit(context, locked);
    }
    if (locked) RawLock::drop(&contexts_lock_);
  }
  // Calls visit(carrier) on each, in the same way.
  template <class Visit>
  void each_carrier(Visit visit) {
    const bool locked = patiently(&carriers_lock_);
    for (Carrier *carrier = carriers_; carrier; carrier = carrier->all_next) visit(carrier);
    if (locked) RawLock::drop(&carriers_lock_);
  }

  // Events that no hart causes.
  std::atomic<uint64_t> unblocks{0};
  std::atomic<uint64_t> wakes{0};
  std::atomic<uint32_t> carriers{0};
  std::atomic<uint32_t> contexts{0};
  std::atomic<uint32_t> guests{0};

 private:
  static bool patiently(uint32_t *lock);

  Topology topology_;
  std::unique_ptr<Hart[]> harts_;
  Root root_;
  Pool pool_;
  TimerQueue timers_;
  FutexTable futexes_;
  Monitor monitor_;
  HartLimits limits_;
  uint64_t number_;
  const uint64_t started_ns_ = now_ns();
  const SpinLimit spin_limit_;
  WakeCost wake_cost_;
  cpu_set_t allowed_;  // the process's affinity mask, or empty when it does not fit
  uint32_t contexts_lock_ = 0;
  Context *contexts_ = nullptr;
  uint32_t carriers_lock_ = 0;
  Carrier *carriers_ = nullptr;
};

// The runtime, started if need be. Null when it cannot be started; `code` then says why.
Runtime *runtime_start(int &code);
// Published with release once the runtime is complete; all other state hangs off it. Only runtime.cc writes it.
extern std::atomic<Runtime *> current_runtime __attribute__((visibility("hidden")));
// The runtime if it has been started, else null.
inline Runtime *runtime_if_started() { return current_runtime.load(std::memory_order_acquire); }
// The runtime, which the caller knows to be there because it holds a context, hart or scheduler of it.
inline Runtime &runtime() { return *current_runtime.load(std::memory_order_acquire); }
// The sentence for the last failure to start.
const char *runtime_problem();

}  // namespace lithe::core
