#include "root.h"

#include "decision.h"
#include "lithe/error.h"
#include "lithe/hart.h"
#include "park.h"
#include "raw_lock.h"
#include "runtime.h"
#include "stress.h"
#include "trace.h"

namespace lithe::core {

// The root's own callback table. Contexts of the root need no demand: they are in the ready list or they run.
struct RootCallbacks {
  static Root &of(lithe_sched_t *sched) { return *reinterpret_cast<Root::Handle *>(sched)->self; }

  static void hart_request(lithe_sched_t *self, lithe_sched_t *child, int delta) {
    Root &root = of(self);
    if (delta <= 0) return;
    root.fetch_likely_spare();
    if (!Wanting::has(child)) [[unlikely]]
      root.note_want(child);
    if (root.spare_.load(std::memory_order_seq_cst) > 0) root.dispatch();
  }
  // The carrier's loop asks Root::next instead, because the root may also put the hart aside.
  static lithe_decision_t hart_enter(lithe_sched_t *) { return lithe_hart_yield(); }
  static void hart_return(lithe_sched_t *, lithe_sched_t *) {}
  static void nothing(lithe_sched_t *) {}
  static void child_enter(lithe_sched_t *self, lithe_sched_t *child) {
    Root &root = of(self);
    Locked lock(&root.lock_);
    lithe_sched_t *const lone = root.children_ == root.children_last_ ? root.children_ : nullptr;
    root.put_first(child);
    child->internal.is_holder = 1;
    root.start_share(child);
    root.wanting_.add(child, child == root.children_last_);
    root.note_contention();
    if (lone) root.wanting_.update(lone);
  }
  static void child_exit(lithe_sched_t *self, lithe_sched_t *child) {
    Root &root = of(self);
    Locked lock(&root.lock_);
    root.unlink_child(child);
    root.wanting_.remove(child);
    root.note_contention();
  }
  static void context_ignore(lithe_sched_t *, lithe_context_t *) {}
  static void context_unblock(lithe_sched_t *self, lithe_context_t *context) { of(self).start(inside(context)); }
  static void context_yield(lithe_sched_t *self, lithe_context_t *context) {
    Root &root = of(self);
    Locked lock(&root.lock_);
    root.push_ready(context);
  }

  static constexpr lithe_sched_funcs_t table = {
      hart_request, hart_enter,     hart_return,     nothing,       nothing,        child_enter,
      child_exit,   context_ignore, context_unblock, context_yield, context_ignore,
  };
};

Root::Root(Runtime &runtime) : runtime_(runtime) {
  handle_.sched = {};
  handle_.self = this;
  lithe_sched_init(&handle_.sched, &RootCallbacks::table, "root");
}

// Sets `has_woken` when a kernel thread has been woken or made.
int Root::deliver(const Delivery &delivery, bool &has_woken) {
  stress_delay();
  runtime_.monitor().notice();
  if (delivery.carrier) {
    has_woken = delivery.carrier->mailbox.send(delivery.hart);
    return 0;
  }
  has_woken = true;
  const int code = carrier_start(delivery.hart);
  if (code != 0) withdraw(delivery.hart);
  return code;
}

// No kernel thread could be had for the hart: undoes the decision. The hart leaves every scheduler that it had been
// counted in, as if it had yielded its way up.
void Root::withdraw(Hart *hart) {
  lithe_sched_t *sched = hart->sched.load(std::memory_order_relaxed);
  Context *first = hart->first.exchange(nullptr, std::memory_order_relaxed);
  while (sched != &handle_.sched) {
    lithe_sched_t *parent = sched->parent;
    parent->funcs->hart_return(parent, sched);
    if (parent == &handle_.sched) {
      take_from(sched, nullptr);
    } else {
      sched_drop_hart(sched);
    }
    sched = parent;
  }
  Locked lock(&lock_);
  if (first) {
    first->next = ready_head_;
    ready_head_ = first;
    if (!ready_tail_) ready_tail_ = first;
    note_contention();
  }
  push_idle(hart);
}

// When the kernel refuses a thread, goes on with what needs none: guests, and schedulers that a guest entered whose
// thread is idle. The rest waits for the next event; a scheduler that holds a hart can finish on it (law 3).
int Root::dispatch() {
  constexpr int most_woken = 2;
  int refused = 0, woken = 0;
  for (;;) {
    Delivery delivery;
    {
      Locked lock(&lock_);
      if (spare_.load(std::memory_order_relaxed) <= 0) return refused;
      const bool no_threads = refused != 0 && !waiting_;
      lithe_context_t *context = no_threads ? pop_ready_guest() : pop_ready_in_turn();
      lithe_sched_t *child = context ? nullptr : pick_hungry(no_threads);
      // A scheduler whose turn it was has taken its request back meanwhile: nobody else would come for the contexts.
      if (!context && !child && !no_threads) context = pop_ready();
      if (context) {
        delivery.hart = take_spare();
        delivery.hart->first.store(inside(context), std::memory_order_relaxed);
        delivery.hart->sched.store(&handle_.sched, std::memory_order_relaxed);
      } else if (child) {
        delivery.hart = take_spare();
        note_served(child, delivery.hart);
        sched_add_hart(child);
        delivery.hart->sched.store(child, std::memory_order_relaxed);
        grants_.fetch_add(1, std::memory_order_relaxed);
        trace(Event::grant, delivery.hart, child);
      } else {
        return refused;
      }
      delivery = address(delivery.hart, refused != 0);
    }
    bool has_woken = false;
    if (const int code = deliver(delivery, has_woken); code != 0) {
      // Once is enough to learn it, and twice means that even the threads that were there have gone.
      if (refused != 0) return refused;
      refused = code;
    } else if (has_woken && ++woken == most_woken && refused == 0) {
      return 0;  // they go on
    }
  }
}

bool Root::next(Carrier *carrier, lithe_context_t **context) {
  Hart *hart = carrier->hart.load(std::memory_order_relaxed);
  Locked lock(&lock_);
  note_left(hart);
  bool is_idle = false;
  while (hart->is_wanted.load(std::memory_order_relaxed)) {
    lithe_context_t *ready = pop_ready_in_turn();
    lithe_sched_t *child = ready ? nullptr : pick_hungry(false);
    if (ready || child) {
      if (is_idle) {
        // Still ours: nobody else has had the lock.
        unlink_idle(&idle_);
        hart->first.store(Hart::taken(), std::memory_order_relaxed);
        hart->carrier.store(carrier, std::memory_order_relaxed);
      }
      *context = ready;
      if (child) {
        note_served(child, hart);
        sched_add_hart(child);
        hart->sched.store(child, std::memory_order_relaxed);
        hart->counters.grants.add();
        trace(Event::grant, hart, child);
      }
      return true;
    }
    if (is_idle) break;
    // Raise `spare_` first, then look again: see the invariant in root.h.
    push_idle(hart);
    is_idle = true;
  }
  if (!is_idle) push_idle(hart);  // offline
  hart->last_carrier = carrier;
  trace(Event::park, hart, &handle_.sched);
  if (carrier->guest && carrier->guest_hart.load(std::memory_order_relaxed)) {
    // The hart of its guest has arrived meanwhile; the loop takes it.
    carrier->hart.store(nullptr, std::memory_order_relaxed);
  } else {
    start_waiting(carrier);
  }
  return false;
}

bool Root::is_owed(Hart *hart) {
  if (!hart->is_wanted.load(std::memory_order_relaxed)) return true;
  // The hart itself keeps the schedulers above it entered.
  lithe_sched_t *top = hart->sched.load(std::memory_order_relaxed);
  while (top->parent != &handle_.sched) top = top->parent;
  Locked lock(&lock_);
  if (ready_head_) return true;
  if (is_lone(top)) return false;
  // What it has had up to now counts, or one with little use would keep its harts for ever.
  if (hart->granted_at != 0) charge(top, hart);
  hart->granted_at = now_ns();
  return wanting_.is_anyone_in_greater_need(top);
}

void Root::pass_on(Hart *hart) {
  trace(Event::handoff, hart, hart->sched.load(std::memory_order_relaxed));
  Delivery delivery;
  {
    Locked lock(&lock_);
    note_left(hart);
    if (hart->sched.load(std::memory_order_relaxed) == &handle_.sched) {
      push_idle(hart);
    } else {
      hart->first.store(nullptr, std::memory_order_relaxed);
      delivery = address(hart, false);
    }
  }
  if (delivery.hart) {
    bool has_woken;
    if (deliver(delivery, has_woken) != 0) dispatch();
  } else {
    dispatch();
  }
}

int Root::start(Context *context) {
  {
    Locked lock(&lock_);
    push_ready(context);
  }
  if (spare_.load(std::memory_order_seq_cst) <= 0) return 0;
  const int code = dispatch();
  // A context that has run is somebody's work in progress: it stays in the list, whatever happens. A new one that no
  // carrier will ever come by for is the caller's to deal with.
  if (code == 0 || context->ran || runtime_.carriers.load(std::memory_order_relaxed) > 0) return 0;
  Locked lock(&lock_);
  lithe_context_t *before = nullptr;
  for (lithe_context_t *at = ready_head_; at; before = at, at = at->next) {
    if (at != context) continue;
    unlink_ready(before, at);
    return code;
  }
  return 0;
}

void Root::take_back_mail(lithe_sched_t *child) {
  long taken = 0;
  {
    Locked lock(&lock_);
    for (int i = 0; i < runtime_.hart_count(); ++i) {
      Hart &hart = runtime_.harts()[i];
      Carrier *carrier = hart.carrier.load(std::memory_order_relaxed);
      // With a guest on board it is not the child's hart but the guest's.
      if (!carrier || hart.sched.load(std::memory_order_relaxed) != child ||
          hart.first.load(std::memory_order_relaxed)) {
        continue;
      }
      if (!carrier->mailbox.take_back(&hart)) continue;
      start_waiting(carrier);
      push_idle(&hart);
      trace(Event::park, &hart, child);
      ++taken;
    }
  }
  for (; taken > 0; --taken) sched_drop_hart(child);
  if (spare_.load(std::memory_order_relaxed) > 0) dispatch();
}

}  // namespace lithe::core
