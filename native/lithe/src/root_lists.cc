// The lists of the root scheduler: contexts that are ready, top-level schedulers, idle harts, carriers that wait. All
// functions here are called under Root::lock_, unless they say otherwise.
#include <atomic>

#include "decision.h"
#include "lithe/sched.h"
#include "root.h"
#include "runtime.h"
#include "share.h"
#include "stress.h"

namespace lithe::core {

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
    if (ready_head_ && children_) {
      const bool waits =
          is_lone(children_) ? sched_harts(children_) == 0 && wants_hart(children_) : wanting_.is_anyone_waiting();
      if (waits) return nullptr;
    }
  }
  return pop_ready();
}

void Root::note_contention() {
  const int in_use = runtime_.hart_count() - offline_.load(std::memory_order_relaxed);
  const bool is = ready_head_ || children_ != children_last_ || in_use > limit_.load(std::memory_order_relaxed);
  // Sequentially consistent: take_from.
  if (is_contended_.load(std::memory_order_relaxed) != is) is_contended_.store(is, std::memory_order_seq_cst);
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

lithe_sched_t *Root::pick_hungry(bool no_threads) { return no_threads ? pick_with_waiting_home() : next_that_wants(); }

// A lone scheduler is looked at without writing anything: the usual case, and the one that must be fast.
lithe_sched_t *Root::next_that_wants() {
  if (children_ != children_last_) return wanting_.next();
  return children_ && wants_hart(children_) ? children_ : nullptr;
}

// The kernel refuses threads: one whose guest's thread can carry the hart, the one with the least use. Rare, so this may
// look at all.
lithe_sched_t *Root::pick_with_waiting_home() {
  lithe_sched_t *best = nullptr;
  for (lithe_sched_t *child = children_; child; child = child->sibling_next) {
    if (!wants_hart(child) || !waiting_home(child)) continue;
    if (!best || priority_of(child) > priority_of(best) ||
        (priority_of(child) == priority_of(best) && use_ahead(child) < use_ahead(best))) {
      best = child;
    }
  }
  return best;
}

void Root::put_first(lithe_sched_t *child) {
  child->sibling_prev = nullptr;
  child->sibling_next = children_;
  (children_ ? children_->sibling_prev : children_last_) = child;
  children_ = child;
}

void Root::put_last(lithe_sched_t *child) {
  child->sibling_next = nullptr;
  child->sibling_prev = children_last_;
  (children_last_ ? children_last_->sibling_next : children_) = child;
  children_last_ = child;
}

void Root::unlink_child(lithe_sched_t *child) {
  (child->sibling_prev ? child->sibling_prev->sibling_next : children_) = child->sibling_next;
  (child->sibling_next ? child->sibling_next->sibling_prev : children_last_) = child->sibling_prev;
}

// `child` is given a hart. It is among the first of the list until revoke_what_is_owed finds it without any.
void Root::note_holder(lithe_sched_t *child) {
  if (child->internal.is_holder) return;
  child->internal.is_holder = 1;
  unlink_child(child);
  put_first(child);
}

bool Root::is_all_spare() const {
  return spare_.load(std::memory_order_relaxed) + offline_.load(std::memory_order_relaxed) >= runtime_.hart_count();
}

// The hart is idle from now on, or offline if it is not wanted.
void Root::push_idle(Hart *hart) {
  if (!hart->is_wanted.load(std::memory_order_relaxed)) {
    put_offline(hart);
    note_contention();
    return;
  }
  hart->carrier.store(nullptr, std::memory_order_relaxed);
  hart->sched.store(&handle_.sched, std::memory_order_relaxed);
  hart->first.store(nullptr, std::memory_order_relaxed);
  hart->idle_next = idle_;
  idle_ = hart;
  idle_count_.fetch_add(1, std::memory_order_release);
  spare_.fetch_add(1, std::memory_order_seq_cst);
}

// Prefers a hart whose carrier of last time still waits: it is pinned there and may still be spinning. Among equals the
// one nearest to the hart that the caller runs on, which is where the data of the request is; then the one that became
// idle last. With very many idle harts looks no further than the latest, once one with a carrier has been seen: each
// costs a cache line or two, and the lock is held.
Hart *Root::pop_idle() {
  if (!idle_ || !idle_->idle_next) return idle_ ? unlink_idle(&idle_) : nullptr;
  if (stress_chance(4)) return unlink_idle(&idle_->idle_next);  // any will do
  constexpr int most_looked_at = 32;
  constexpr int farthest = LITHE_DISTANCE_ELSEWHERE + 1;
  const Hart *here = nullptr;
  if (const Context *self = self_pointer; self && self->carrier) {
    here = self->carrier->hart.load(std::memory_order_relaxed);
  }
  const int least = here ? here->least_distance : 0;
  Hart **warm = nullptr, **cold = nullptr;
  int warm_distance = farthest, cold_distance = farthest, looked_at = 0;
  for (Hart **link = &idle_; *link; link = &(*link)->idle_next) {
    const int distance = here ? here->distances[(*link)->pu_index] : 0;
    if (distance < warm_distance) {
      const Carrier *last = (*link)->last_carrier;
      if (last && !last->guest && last->is_waiting) {
        warm = link;
        warm_distance = distance;
        if (distance <= least) break;
      } else if (distance < cold_distance) {
        cold = link;
        cold_distance = distance;
      }
    }
    if (++looked_at >= most_looked_at && warm) break;
  }
  return unlink_idle(warm ? warm : cold);
}

Hart *Root::unlink_idle(Hart **link) {
  Hart *hart = *link;
  *link = hart->idle_next;
  idle_count_.fetch_sub(1, std::memory_order_relaxed);
  spare_.fetch_sub(1, std::memory_order_relaxed);
  if (hart->is_wanted.load(std::memory_order_relaxed)) note_busy();  // else it goes offline
  return hart;
}

void Root::note_busy() {
  const unsigned aside =
      idle_count_.load(std::memory_order_relaxed) + static_cast<unsigned>(offline_.load(std::memory_order_relaxed));
  const unsigned busy = static_cast<unsigned>(runtime_.hart_count()) - aside;
  if (busy > most_busy_.load(std::memory_order_relaxed)) most_busy_.store(busy, std::memory_order_relaxed);
}

// The root's line, the hart, its carrier and the mailbox were written by another processor last: fetches the four at
// once, where the code after this would wait for one after the other. Without the lock, before it is known which hart
// will be spare; a guess, right while the same hart comes and goes. Fetching a carrier that has gone does no harm.
void Root::fetch_likely_spare() const {
  __builtin_prefetch(&lock_, 1);
  if (const Hart *hart = likely_hart_.load(std::memory_order_relaxed)) __builtin_prefetch(hart, 1);
  const Carrier *carrier = likely_carrier_.load(std::memory_order_relaxed);
  if (!carrier) return;
  __builtin_prefetch(&carrier->is_waiting, 1);
  __builtin_prefetch(&carrier->mailbox, 1);
}

Hart *Root::take_spare() {
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
    if (likely_hart_.load(std::memory_order_relaxed) != hart) likely_hart_.store(hart, std::memory_order_relaxed);
    if (likely_carrier_.load(std::memory_order_relaxed) != chosen) {
      likely_carrier_.store(chosen, std::memory_order_relaxed);
    }
  }
  return {hart, chosen};
}

}  // namespace lithe::core
