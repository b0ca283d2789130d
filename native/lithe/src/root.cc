#include "root.h"

#include <sched.h>

#include "decision.h"
#include "lithe/error.h"
#include "lithe/hart.h"
#include "raw_lock.h"
#include "runtime.h"
#include "stress.h"

namespace lithe::core {

// The root's own callback table. Contexts of the root need no demand: they are in the ready list or they run.
struct RootCallbacks {
  static Root &of(lithe_sched_t *sched) { return *reinterpret_cast<Root::Handle *>(sched)->self; }

  static void hart_request(lithe_sched_t *self, lithe_sched_t *, int delta) {
    Root &root = of(self);
    if (delta > 0 && root.spare_.load(std::memory_order_seq_cst) > 0) root.dispatch();
  }
  // The carrier's loop asks Root::next instead, because the root may also put the hart aside.
  static lithe_decision_t hart_enter(lithe_sched_t *) { return lithe_hart_yield(); }
  static void hart_return(lithe_sched_t *, lithe_sched_t *) {}
  static void nothing(lithe_sched_t *) {}
  static void child_enter(lithe_sched_t *self, lithe_sched_t *child) {
    Root &root = of(self);
    Locked lock(&root.lock_);
    child->sibling_next = nullptr;
    child->sibling_prev = root.children_last_;
    (root.children_last_ ? root.children_last_->sibling_next : root.children_) = child;
    root.children_last_ = child;
    root.note_contention();
  }
  static void child_exit(lithe_sched_t *self, lithe_sched_t *child) {
    Root &root = of(self);
    Locked lock(&root.lock_);
    (child->sibling_prev ? child->sibling_prev->sibling_next : root.children_) = child->sibling_next;
    (child->sibling_next ? child->sibling_next->sibling_prev : root.children_last_) = child->sibling_prev;
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
      hart_request, hart_enter, hart_return, nothing, nothing, child_enter,
      child_exit,   context_ignore, context_unblock, context_yield, context_ignore,
  };
};

Root::Root(Runtime &runtime) : runtime_(runtime) {
  handle_.sched = {};
  handle_.self = this;
  lithe_sched_init(&handle_.sched, &RootCallbacks::table, "root");
}

// --- lists; all under lock_ ---

void Root::push_ready(lithe_context_t *context) {
  context->next = nullptr;
  (ready_tail_ ? ready_tail_->next : ready_head_) = context;
  ready_tail_ = context;
  note_contention();
}

lithe_context_t *Root::pop_ready() {
  lithe_context_t *context = ready_head_;
  if (context) unlink_ready(nullptr, context);
  return context;
}

// The next context, unless it is the turn of a scheduler that has waited long enough: then null.
lithe_context_t *Root::pop_ready_in_turn() {
  constexpr int most_in_a_row = 8;
  if (!ready_head_ || ++contexts_in_a_row_ > most_in_a_row) {
    contexts_in_a_row_ = 0;
    for (lithe_sched_t *child = children_; child && ready_head_; child = child->sibling_next) {
      if (lithe_sched_harts(child) == 0 && lithe_sched_demand(child) > 0) return nullptr;
    }
  }
  return pop_ready();
}

void Root::note_contention() {
  const bool is = ready_head_ || children_ != children_last_;
  if (is_contended_.load(std::memory_order_relaxed) != is) is_contended_.store(is, std::memory_order_relaxed);
}

// The first guest in the list: its own kernel thread can carry the hart.
lithe_context_t *Root::pop_ready_guest() {
  lithe_context_t *before = nullptr;
  for (lithe_context_t *at = ready_head_; at; before = at, at = at->next) {
    if (inside(at)->kind != ContextKind::guest || !inside(at)->home->is_waiting) continue;
    unlink_ready(before, at);
    return at;
  }
  return nullptr;
}

void Root::unlink_ready(lithe_context_t *before, lithe_context_t *context) {
  (before ? before->next : ready_head_) = context->next;
  if (ready_tail_ == context) ready_tail_ = before;
  context->next = nullptr;
  note_contention();
}

// The kernel thread of the guest that entered `sched`, if it has nothing to do.
Carrier *Root::waiting_home(lithe_sched_t *sched) {
  lithe_context_t *main = sched->internal.main_context;
  if (!main || inside(main)->kind != ContextKind::guest || !inside(main)->home->is_waiting) return nullptr;
  return inside(main)->home;
}

lithe_sched_t *Root::pick_hungry(bool no_threads) {
  lithe_sched_t *best = nullptr;
  long fewest = 0;
  for (lithe_sched_t *child = children_; child; child = child->sibling_next) {
    const long harts = lithe_sched_harts(child);
    if (harts >= std::atomic_ref<long>(child->internal.demand).load(std::memory_order_seq_cst)) continue;
    if (no_threads && !waiting_home(child)) continue;
    if (!best || harts < fewest) {
      best = child;
      fewest = harts;
    }
  }
  if (best && best != children_last_) {
    // Last in line from now on, so that equals take turns.
    (best->sibling_prev ? best->sibling_prev->sibling_next : children_) = best->sibling_next;
    best->sibling_next->sibling_prev = best->sibling_prev;
    best->sibling_prev = children_last_;
    best->sibling_next = nullptr;
    children_last_->sibling_next = best;
    children_last_ = best;
  }
  return best;
}

void Root::push_idle(Hart *hart) {
  hart->carrier.store(nullptr, std::memory_order_relaxed);
  hart->sched.store(&handle_.sched, std::memory_order_relaxed);
  hart->first.store(nullptr, std::memory_order_relaxed);
  hart->idle_next = idle_;
  idle_ = hart;
  idle_count_.fetch_add(1, std::memory_order_relaxed);
  spare_.fetch_add(1, std::memory_order_seq_cst);
}

// Prefers a hart whose carrier of last time still waits: it is pinned there and may still be spinning.
Hart *Root::pop_idle() {
  Hart **from = &idle_;
  for (Hart **link = &idle_; *link; link = &(*link)->idle_next) {
    Carrier *last = (*link)->last_carrier;
    if (last && !last->guest && last->is_waiting) {
      from = link;
      break;
    }
  }
  return *from ? unlink_idle(from) : nullptr;
}

Hart *Root::unlink_idle(Hart **link) {
  Hart *hart = *link;
  *link = hart->idle_next;
  idle_count_.fetch_sub(1, std::memory_order_relaxed);
  spare_.fetch_sub(1, std::memory_order_relaxed);
  return hart;
}

// For a guest's home, whose kernel thread is not pinned: prefers the hart of the PU that the thread is on (`pu`, -1 if
// unknown), because the carrier of that PU would share it with the guest until the kernel moves one of them, which takes
// milliseconds; then the hart that the thread carried last. The carrier that had the hart since may rest.
Hart *Root::pop_idle_for(Carrier *home, int pu) {
  Hart **from = &idle_;
  for (Hart **link = &idle_; *link; link = &(*link)->idle_next) {
    if ((*link)->place.pu_os == pu) {
      from = link;
      break;
    }
    if ((*link)->last_carrier == home) from = link;
  }
  if (!*from) return nullptr;
  Hart *hart = unlink_idle(from);
  Carrier *last = hart->last_carrier;
  if (last && last != home && last->is_waiting) last->mailbox.rest();
  return hart;
}

Hart *Root::reclaim_any() {
  if (!lenders_) return nullptr;
  Context *guest = inside(lenders_);
  Hart *hart = guest->lent;
  unlink_lender(guest);
  return hart;
}

// The hart, its carrier and the mailbox were written by another processor last: fetches the three lines at once, where
// the code after this would wait for one after the other. A guess, right when the first in both lists belong together.
void Root::fetch_spare() const {
  if (idle_) __builtin_prefetch(idle_, 1);
  if (!waiting_) return;
  __builtin_prefetch(&waiting_->is_waiting, 1);
  __builtin_prefetch(&waiting_->mailbox, 1);
}

Hart *Root::take_spare() {
  fetch_spare();
  Hart *hart = pop_idle();
  return hart ? hart : reclaim_any();
}

void Root::start_waiting(Carrier *carrier) {
  carrier->hart.store(nullptr, std::memory_order_relaxed);
  carrier->is_waiting = true;
  if (carrier->guest) return;
  carrier->waiting_prev = nullptr;
  carrier->waiting_next = waiting_;
  if (waiting_) waiting_->waiting_prev = carrier;
  waiting_ = carrier;
}

void Root::stop_waiting(Carrier *carrier) {
  carrier->is_waiting = false;
  if (carrier->guest) return;
  (carrier->waiting_prev ? carrier->waiting_prev->waiting_next : waiting_) = carrier->waiting_next;
  if (carrier->waiting_next) carrier->waiting_next->waiting_prev = carrier->waiting_prev;
}

// Chooses the kernel thread that will carry `hart`, whose sched and first are set.
Root::Delivery Root::address(Hart *hart, bool no_threads) {
  Carrier *chosen = nullptr;
  Carrier *last = hart->last_carrier;
  Context *first = hart->first.load(std::memory_order_relaxed);
  if (first && first->kind == ContextKind::guest) {
    // Somebody has to carry the hart to the guest's home if that is busy elsewhere; see hand_over.
    if (first->home->is_waiting) chosen = first->home;
  } else if (!first) {
    // A ready guest is best met at home. Any other work is not for its thread, unless there is no other.
    Carrier *home = waiting_home(hart->sched.load(std::memory_order_relaxed));
    if (home && (home->guest->is_ready.load(std::memory_order_relaxed) || (no_threads && !waiting_))) chosen = home;
  }
  if (!chosen && last && !last->guest && last->is_waiting) chosen = last;
  if (!chosen) chosen = waiting_;
  if (chosen) stop_waiting(chosen);
  if (last && last != chosen && last->is_waiting) last->mailbox.rest();
  hart->carrier.store(chosen, std::memory_order_relaxed);
  if (chosen) {
    hart->last_carrier = chosen;
    chosen->coming = hart;
  }
  return {hart, chosen};
}

// --- decisions ---

int Root::deliver(const Delivery &delivery) {
  stress_point();
  if (delivery.carrier) {
    delivery.carrier->mailbox.send(delivery.hart);
    return 0;
  }
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
    sched_drop_hart(sched);
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
  int refused = 0;
  for (;;) {
    Delivery delivery;
    {
      Locked lock(&lock_);
      if (spare_.load(std::memory_order_relaxed) <= 0) return refused;
      const bool no_threads = refused != 0 && !waiting_;
      if (lithe_context_t *context = no_threads ? pop_ready_guest() : pop_ready_in_turn()) {
        delivery.hart = take_spare();
        delivery.hart->first.store(inside(context), std::memory_order_relaxed);
        delivery.hart->sched.store(&handle_.sched, std::memory_order_relaxed);
      } else if (lithe_sched_t *child = pick_hungry(no_threads)) {
        delivery.hart = take_spare();
        sched_add_hart(child);
        delivery.hart->sched.store(child, std::memory_order_relaxed);
        grants_.fetch_add(1, std::memory_order_relaxed);
      } else {
        return refused;
      }
      delivery = address(delivery.hart, refused != 0);
    }
    if (const int code = deliver(delivery); code != 0) {
      // Once is enough to learn it, and twice means that even the threads that were there have gone.
      if (refused != 0) return refused;
      refused = code;
    }
  }
}

bool Root::next(Carrier *carrier, lithe_context_t **context) {
  Hart *hart = carrier->hart.load(std::memory_order_relaxed);
  Locked lock(&lock_);
  bool is_idle = false;
  for (;;) {
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
        sched_add_hart(child);
        hart->sched.store(child, std::memory_order_relaxed);
        hart->counters.grants.add();
      }
      return true;
    }
    if (is_idle) break;
    // Raise `spare_` first, then look again: see the invariant in root.h.
    push_idle(hart);
    is_idle = true;
  }
  hart->last_carrier = carrier;
  if (carrier->guest && carrier->guest_hart.load(std::memory_order_relaxed)) {
    // The hart of its guest has arrived meanwhile; the loop takes it.
    carrier->hart.store(nullptr, std::memory_order_relaxed);
  } else {
    start_waiting(carrier);
  }
  return false;
}

// Three ways, the cheapest first; in the first two the carrier keeps its hart and goes on in the same scheduler.
void Root::hand_over(Carrier *carrier, Context *guest) {
  Hart *hart = carrier->hart.load(std::memory_order_relaxed);
  lithe_sched_t *sched = hart->sched.load(std::memory_order_relaxed);
  Carrier *home = guest->home;
  Hart *mail = nullptr;
  {
    Locked lock(&lock_);
    Hart *coming = home->coming;
    Context *nobody = nullptr;
    if (!home->is_waiting && coming && coming->carrier.load(std::memory_order_relaxed) == home &&
        coming->sched.load(std::memory_order_relaxed) == sched &&
        coming->first.compare_exchange_strong(nobody, guest, std::memory_order_release, std::memory_order_relaxed)) {
      return;  // a hart of this scheduler is in the mail to the home, unread: the guest goes with it
    }
    if (home->is_waiting && (mail = pop_idle_for(home, -1)) != nullptr) {
      // An idle hart goes straight to the guest's scheduler. It joins every scheduler on the way down.
      for (lithe_sched_t *at = sched; at != &handle_.sched; at = at->parent) sched_add_hart(at);
      mail->sched.store(sched, std::memory_order_relaxed);
    } else {
      mail = hart;
      if (carrier->guest && carrier->guest_hart.load(std::memory_order_relaxed)) {
        carrier->hart.store(nullptr, std::memory_order_relaxed);
      } else {
        start_waiting(carrier);
        carrier->mailbox.rest();  // its hart is at work elsewhere: no spinning
      }
    }
    mail->first.store(guest, std::memory_order_relaxed);
    mail->carrier.store(home, std::memory_order_relaxed);
    mail->last_carrier = home;
    if (!home->is_waiting) {
      home->guest_hart.store(mail, std::memory_order_release);
      return;
    }
    stop_waiting(home);
    home->coming = mail;
  }
  home->mailbox.send(mail);
}

bool Root::is_owed(Hart *hart) {
  // The hart itself keeps the schedulers above it entered.
  lithe_sched_t *top = hart->sched.load(std::memory_order_relaxed);
  while (top->parent != &handle_.sched) top = top->parent;
  const long here = lithe_sched_harts(top);
  Locked lock(&lock_);
  if (ready_head_) return true;
  for (lithe_sched_t *child = children_; child; child = child->sibling_next) {
    const long there = lithe_sched_harts(child);
    if (child != top && there < lithe_sched_demand(child) && (there == 0 || there + 1 < here)) return true;
  }
  return false;
}

void Root::pass_on(Hart *hart) {
  Delivery delivery;
  {
    Locked lock(&lock_);
    if (hart->sched.load(std::memory_order_relaxed) == &handle_.sched) {
      push_idle(hart);
    } else {
      hart->first.store(nullptr, std::memory_order_relaxed);
      delivery = address(hart, false);
    }
  }
  if (delivery.hart) {
    if (deliver(delivery) != 0) dispatch();
  } else {
    dispatch();
  }
}

// --- contexts and guests of the root ---

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

int Root::attach(Context *guest) {
  Carrier *home = guest->home;
  if (int code = carrier_prepare_loop_stack(home); code != 0) return code;
  guest->sched = &handle_.sched;
  const int pu = runtime_.topology().is_pinned ? sched_getcpu() : -1;
  bool has_put_back = false;
  Hart *hart;
  {
    Locked lock(&lock_);
    hart = guest->lent;
    if (hart) unlink_lender(guest);
    if (hart && pu >= 0 && hart->place.pu_os != pu) {
      // The kernel has moved the guest's thread meanwhile: the hart of its new PU is better, if it can be had.
      push_idle(hart);
      hart = pop_idle_for(home, pu);
      has_put_back = true;
    }
    if (hart || (hart = pop_idle_for(home, pu)) != nullptr || (hart = reclaim_any()) != nullptr) {
      hart->last_carrier = home;
      hart->sched.store(&handle_.sched, std::memory_order_relaxed);
      hart->first.store(Hart::taken(), std::memory_order_relaxed);
      hart->carrier.store(home, std::memory_order_relaxed);
    } else {
      guest->resumable.store(1, std::memory_order_relaxed);
      guest->state.store(ContextState::ready, std::memory_order_relaxed);
      push_ready(guest);
      home->is_waiting = true;
    }
  }
  if (has_put_back) dispatch();
  if (!hart) {
    stress_point();
    bool slept = false;
    hart = home->mailbox.wait(runtime_.idle_spin_ns(), slept);
    if (slept) hart->counters.parks.add();
    hart->first.store(Hart::taken(), std::memory_order_relaxed);
    guest->resumable.store(0, std::memory_order_relaxed);
  }
  home->hart.store(hart, std::memory_order_relaxed);
  guest->carrier = home;
  guest->ran = true;
  guest->state.store(ContextState::running, std::memory_order_relaxed);
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
      if (!carrier || hart.sched.load(std::memory_order_relaxed) != child || hart.first.load(std::memory_order_relaxed)) {
        continue;
      }
      if (!carrier->mailbox.take_back(&hart)) continue;
      start_waiting(carrier);
      push_idle(&hart);
      ++taken;
    }
  }
  for (; taken > 0; --taken) sched_drop_hart(child);
  if (spare_.load(std::memory_order_relaxed) > 0) dispatch();
}

void Root::detach(Context *guest) {
  Carrier *home = guest->home;
  Hart *hart = home->hart.load(std::memory_order_relaxed);
  guest->sched = nullptr;
  guest->carrier = nullptr;
  home->hart.store(nullptr, std::memory_order_relaxed);
  guest->state.store(ContextState::outside, std::memory_order_relaxed);
  bool wanted;
  {
    Locked lock(&lock_);
    hart->carrier.store(nullptr, std::memory_order_relaxed);
    hart->first.store(nullptr, std::memory_order_relaxed);
    guest->lent = hart;
    guest->next = lenders_;
    lenders_ = guest;
    spare_.fetch_add(1, std::memory_order_seq_cst);
    wanted = ready_head_ != nullptr;
    for (lithe_sched_t *child = children_; child && !wanted; child = child->sibling_next) {
      wanted = lithe_sched_harts(child) < std::atomic_ref<long>(child->internal.demand).load(std::memory_order_seq_cst);
    }
  }
  if (wanted) dispatch();
}

void Root::unlink_lender(Context *guest) {
  for (lithe_context_t **link = &lenders_; *link; link = &(*link)->next) {
    if (*link == guest) {
      *link = guest->next;
      break;
    }
  }
  guest->next = nullptr;
  guest->lent = nullptr;
  spare_.fetch_sub(1, std::memory_order_relaxed);
}

void Root::forget(Carrier *home) {
  Locked lock(&lock_);
  for (int i = 0; i < runtime_.hart_count(); ++i) {
    Hart &hart = runtime_.harts()[i];
    if (hart.last_carrier == home) hart.last_carrier = nullptr;
  }
}

void Root::reclaim_from(Context *guest) {
  {
    Locked lock(&lock_);
    Hart *hart = guest->lent;
    if (!hart) return;
    unlink_lender(guest);
    push_idle(hart);
  }
  dispatch();
}

}  // namespace lithe::core
