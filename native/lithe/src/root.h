// The root scheduler: owns all harts, parent of every top-level scheduler.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "carrier.h"
#include "context.h"
#include "hart.h"
#include "lithe/sched.h"
#include "root_wanting.h"

namespace lithe::core {

// Policy: contexts of the root itself (jobs that start, guests that arrive) come first, in order of arrival; then,
// among the top-level schedulers that hold fewer harts than they demand, the one that is next by priority, weight and what
// it has had (root_share.cc), in turn when equal. Which one that is costs the same however many there are
// (root_wanting.h).
//
// Nobody starves. Schedulers give harts back when they have no work for them; one that always has work is made to: at
// the next scheduling point after a slice (carrier.cc) a hart returns to the root from wherever it is, without
// hart_enter being asked, if a context of the root waits, or if a top-level scheduler is in greater need
// (needs_more): it wants a hart and has none, or has at least two fewer than the one that this hart is with, by weight. And after a few contexts in a row a scheduler without any
// hart comes before the next context. So of n jobs that are always busy each gets a hart within n slices on the busiest
// machine, as long as their contexts reach scheduling points.
//
// A hart is in exactly one of these states:
//   carried   hart->carrier is a kernel thread that acts for it
//   idle      in the idle list, with the root, no carrier; its last carrier, if any, waits for mail
//   lent      a guest that left its outermost scheduler keeps it until it comes back or somebody wants it
//   offline   it is not wanted now (root_limit.cc)
// Every change of state, every link and unlink of a child, and every pick happens under `lock_`.
//
// No request is missed: a request raises the child's demand, then looks at `spare_` (idle + lent harts); a hart that
// becomes spare raises `spare_`, then looks at the demands of all that want. All four accesses are sequentially
// consistent, so at least one of the two sees the other. That a scheduler which wants is among those: root_wanting.h.
//
// Wake chains: to wake a kernel thread costs its waker several microseconds, so nobody wakes more than two. `dispatch`
// stops when it has; each thread that was woken, or made, for a hart of its own dispatches before anything else
// (wake_more), so n are awake after log n steps. No wish is forgotten: what was wanted when `dispatch` began was written
// before the mail was sent, so who reads the mail sees it, and a mail that is taken back unread leaves the duty to who
// takes it back (take_back_mail dispatches). A carrier that spins needs no wake-up, does not count, and owes nothing.
class Root {
 public:
  explicit Root(class Runtime &runtime);

  lithe_sched_t *sched() { return &handle_.sched; }

  // Takes over a new hart; only while the runtime is being made.
  void adopt(Hart *hart) { push_idle(hart); }

  // The hart of `carrier` is with the root: finds work for it. Returns true if the hart now has a context to run
  // (`*context`) or a scheduler to enter (hart->sched); false if the hart was put aside and the carrier must wait.
  bool next(Carrier *carrier, lithe_context_t **context);

  // `carrier` was told to run a guest whose home is another kernel thread: sees that the home gets a hart of this
  // scheduler, the carrier's own if there is no other; then the carrier waits for mail.
  void hand_over(Carrier *carrier, Context *guest);

  // Puts a hart down that its carrier cannot go on with: another kernel thread continues in hart->sched.
  void pass_on(Hart *hart);

  // The guest of `home`, which holds no hart, is about to become ready inside its scheduler: mail may come from now on.
  void await_mail(Carrier *home);

  // A guest wants in: returns when it holds a hart (guest->carrier == home). 0, LITHE_EAGAIN or LITHE_ENOMEM.
  int attach(Context *guest);
  // A guest has left its outermost scheduler.
  void detach(Context *guest);
  // A guest's thread ends, or blocks outside every scheduler: takes back a hart lent to it.
  void reclaim_from(Context *guest);
  // The kernel thread `home` is about to end.
  void forget(Carrier *home);

  // `child` is leaving, by a context that has given up its own hart: harts that were granted to it but whose carriers have
  // not woken up yet need not be waited for.
  void take_back_mail(lithe_sched_t *child);

  // Whether anybody but the scheduler of the hart at hand might be in need. A hint, one load.
  bool is_contended() const { return is_contended_.load(std::memory_order_relaxed); }
  static constexpr uint64_t slice_ns = share_slice_ns;
  // The carrier's own hart begins, or ends, its time with a top-level scheduler.
  void begin_use(Hart *hart);
  static void charge(lithe_sched_t *child, Hart *hart);
  // A hart of `child` comes back: counts it off. `child` may be gone when this returns. `hart` is the one, if it goes to
  // `next` or `pass_on` now.
  void take_from(lithe_sched_t *child, Hart *hart);
  // Looks where `child` belongs among those that want harts; for whoever has made it come earlier.
  void note_want(lithe_sched_t *child);
  // Asks the schedulers that have more than their share, while somebody else needs it, for one hart each, and withdraws
  // what it has asked of others. The monitor.
  void revoke_what_is_owed();
  // Whether `hart`, whose carrier asks, should come back to the root because somebody else is in greater need.
  bool is_owed(Hart *hart);

  // Starts a context of the root itself. Errors: LITHE_EAGAIN, LITHE_ENOMEM when it could never run.
  int start(Context *context);

  // Uses the first `limit` harts that are not excluded (by number; empty: none is). Returns how many these are.
  int set_limit(int limit, const std::vector<bool> &excluded);
  int limit() const { return limit_.load(std::memory_order_relaxed); }

  // Finds harts for whoever wants some now, as far as that is the caller's to do (wake chains, above). 0, or the error
  // that kept it from starting a kernel thread.
  int dispatch();
  // Goes on with what another has begun. For a kernel thread that mail has woken, or that was made for it.
  void wake_more() {
    if (spare_.load(std::memory_order_relaxed) > 0) dispatch();
  }

  // Grants made while a hart was idle; those of harts at work are in their own counters.
  uint64_t grants() const { return grants_.load(std::memory_order_relaxed); }
  int offline_count() const { return offline_.load(std::memory_order_relaxed); }
  // Under the lock: whether nobody works on any hart. Without it a hint.
  bool is_all_spare() const;
  uint32_t *lock_word() { return &lock_; }
  // Acquire, against the release of push_idle: who sees a hart idle sees what it has done.
  unsigned idle_count() const { return idle_count_.load(std::memory_order_acquire); }
  // The most harts that were neither idle nor offline at a time.
  unsigned most_busy() const { return most_busy_.load(std::memory_order_relaxed); }

  struct Handle {
    lithe_sched_t sched;
    Root *self;
  };

 private:
  friend struct RootCallbacks;

  // What a locked section decided and the unlocked code after it does.
  struct Delivery {
    Hart *hart = nullptr;
    Carrier *carrier = nullptr;  // null: a new kernel thread must be started
  };

  lithe_context_t *pop_ready();
  lithe_context_t *pop_ready_in_turn();
  void note_contention();
  void push_ready(lithe_context_t *context);
  lithe_context_t *pop_ready_guest();
  void unlink_ready(lithe_context_t *before, lithe_context_t *context);
  static Carrier *waiting_home(lithe_sched_t *sched);
  lithe_sched_t *pick_hungry(bool no_threads);
  lithe_sched_t *pick_with_waiting_home();
  lithe_sched_t *next_that_wants();
  bool is_lone(const lithe_sched_t *child) const { return child == children_ && child == children_last_; }
  void note_left(Hart *hart);
  void note_holder(lithe_sched_t *child);
  void put_first(lithe_sched_t *child);
  void put_last(lithe_sched_t *child);
  void unlink_child(lithe_sched_t *child);
  void start_share(lithe_sched_t *child);
  void note_served(lithe_sched_t *child, Hart *hart);
  void fetch_likely_spare() const;
  Hart *take_spare();
  Delivery address(Hart *hart, bool no_threads);
  Hart *pop_idle();
  Hart *pop_idle_for(Carrier *home, int pu);
  Hart *unlink_idle(Hart **link);
  void note_busy();
  void push_idle(Hart *hart);
  void put_offline(Hart *hart);
  Hart *reclaim_any();
  void unlink_lender(Context *guest);
  void start_waiting(Carrier *carrier);
  void stop_waiting(Carrier *carrier);
  int deliver(const Delivery &delivery, bool &has_woken);
  void withdraw(Hart *hart);

  Runtime &runtime_;
  Handle handle_;
  // On one cache line, so that a request that finds an idle hart fetches one.
  alignas(128) uint32_t lock_ = 0;
  std::atomic<int> spare_{0};
  std::atomic<unsigned> idle_count_{0};
  Hart *idle_ = nullptr;
  Carrier *waiting_ = nullptr;
  lithe_context_t *ready_head_ = nullptr;
  lithe_context_t *ready_tail_ = nullptr;
  // Those that may hold harts (`is_holder`) come first.
  lithe_sched_t *children_ = nullptr;
  lithe_sched_t *children_last_ = nullptr;
  lithe_context_t *lenders_ = nullptr;  // guests with a lent hart, linked through `next`
  int contexts_in_a_row_ = 0;
  std::atomic<unsigned> most_busy_{0};  // written under the lock
  uint64_t clock_ = 0;                  // `used` of the scheduler that was served last
  std::atomic<uint64_t> grants_{0};
  // Read at every decision of every hart, written seldom.
  alignas(128) std::atomic<bool> is_contended_{false};
  std::atomic<int> limit_{0};    // harts that are wanted
  std::atomic<int> offline_{0};  // harts that are not, and with nobody
  Wanting wanting_;              // under the lock
  // The hart and the carrier of the last delivery: a guess at those of the next (fetch_likely_spare).
  std::atomic<Hart *> likely_hart_{nullptr};
  std::atomic<Carrier *> likely_carrier_{nullptr};
};

}  // namespace lithe::core
