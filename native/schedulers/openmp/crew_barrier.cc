/* The crew's barrier, and who sleeps at it or after its part and is woken again for tasks. */
#include <mutex>

#include "schedulers/openmp/crew.hpp"
#include "schedulers/openmp/tasking.hpp"

namespace harts::omp {
namespace {

/* In parked_: the phase is open, nobody waits for it any more. */
lithe_context_t *const kOpen = reinterpret_cast<lithe_context_t *>(1);

}  // namespace

void Crew::barrier(Member &member) {
  drain_tasks(member);
  const unsigned phase = phase_.load(std::memory_order_relaxed);
  if ((phase & kCancelled) != 0) return;
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == team.size) {
    open_phase(phase);
    return;
  }
  const auto is_open = [this, phase] { return phase_.load(std::memory_order_acquire) != phase; };
  /* Nothing is suspended at a barrier, so any task of the team may run. */
  const auto has_news = [&] { return is_open() || tasks.has_for(member, nullptr); };
  while (!is_open()) {
    tasks.help(member);
    if (spin_until(member, true, has_news)) continue;
    member.phase = phase;
    leave_stack(member, Intent::kPark);
    tasks.woken();
  }
}

/* Called by the last to arrive, when all others either spin on phase_ or park in parked_[phase % 2], and no task is left:
 * every member has drained its own before it arrived. */
void Crew::open_phase(unsigned phase) {
  arrived_.store(0, std::memory_order_relaxed);
  if (team.is_construct_cancelled.load(std::memory_order_relaxed)) {
    team.is_construct_cancelled.store(false, std::memory_order_relaxed);
  }
  /* Nobody uses the next phase's stack: its last users have all gone on and arrived here. */
  parked_[(phase + 1) % 2].store(nullptr, std::memory_order_relaxed);
  phase_.store((phase + 1) & ~kCancelled, std::memory_order_release);
  release_parked(phase);
}

void Crew::cancel_barriers() {
  const unsigned phase = phase_.fetch_or(kCancelled, std::memory_order_acq_rel);
  if ((phase & kCancelled) == 0) release_parked(phase);
}

void Crew::release_parked(unsigned phase) {
  lithe_context_t *parked;
  if (tasks.is_used()) {
    std::lock_guard<Guard> hold(tasks.guard());
    parked = parked_[phase % 2].exchange(kOpen, std::memory_order_acq_rel);
  } else {
    parked = parked_[phase % 2].exchange(kOpen, std::memory_order_acq_rel);
  }
  lithe_context_t *first = nullptr;
  lithe_context_t *last = nullptr;
  unsigned count = 0;
  while (parked != nullptr && parked != kOpen) {
    lithe_context_t *context = parked;
    parked = context->next;
    if (context == master_context_) {
      lithe_context_unblock(context);
      continue;
    }
    context->next = first;
    first = context;
    if (last == nullptr) last = context;
    ++count;
  }
  if (count == 0) return;
  make_ready(first, last, count);
}

void Crew::park(Member &member, lithe_context_t *context) {
  /* The phase that the member waits for cannot be reused before the member itself has gone on: the stack is this
   * phase's, or marked as open. */
  const unsigned phase = member.phase;
  std::atomic<lithe_context_t *> &stack = parked_[phase % 2];
  /* A blocked context, the master, is counted already. `settling` keeps the region from ending before the last look at
   * the tasks. */
  state_.fetch_add(kSettling + (&member != &master ? kSurplus : 0), std::memory_order_acq_rel);
  lithe_context_t *top = stack.load(std::memory_order_acquire);
  bool is_open;
  do {
    is_open = top == kOpen;
    if (is_open) break;
    context->next = top;
  } while (!stack.compare_exchange_weak(top, context, std::memory_order_seq_cst, std::memory_order_acquire));
  if (is_open) {
    wake(context);
  } else if (tasks.is_used()) {
    recheck_tasks(phase);
  }
  state_.fetch_sub(kSettling, std::memory_order_acq_rel);
}

/* A task that was queued before a member was seen among the parked: somebody must look after it. */
void Crew::recheck_tasks(unsigned phase) {
  if (!tasks.has_for(master, nullptr)) return;
  if (lithe_context_t *context = pop_parked(phase)) wake(context);
}

/* One at a time takes a context out, and nobody opens the phase meanwhile: the guard. So the top stays linked until it is
 * taken, whatever is pushed on it. */
lithe_context_t *Crew::pop_parked(unsigned phase) {
  std::atomic<lithe_context_t *> &stack = parked_[phase % 2];
  lithe_context_t *top = stack.load(std::memory_order_acquire);
  if (top == nullptr || top == kOpen) return nullptr;
  std::lock_guard<Guard> hold(tasks.guard());
  top = stack.load(std::memory_order_acquire);
  do {
    if (top == nullptr || top == kOpen) return nullptr;
  } while (!stack.compare_exchange_weak(top, top->next, std::memory_order_acq_rel, std::memory_order_acquire));
  return top;
}

void Crew::wake(lithe_context_t *context) {
  if (context == master_context_) {
    lithe_context_unblock(context);
  } else {
    make_ready(context, context, 1);
  }
}

bool Crew::has_sleeper() const {
  const unsigned phase = phase_.load(std::memory_order_relaxed);
  const lithe_context_t *parked = parked_[phase % 2].load(std::memory_order_seq_cst);
  if (parked != nullptr && parked != kOpen) return true;
  return remaining_in(state_.load(std::memory_order_relaxed)) < team.size;
}

bool Crew::wake_sleeper() {
  if (lithe_context_t *context = pop_parked(phase_.load(std::memory_order_relaxed))) {
    wake(context);
    return true;
  }
  for (unsigned number = team.size; number-- != 0;) {
    Member &member = number == 0 ? master : workers_[number - 1]->member;
    uint64_t docked = 2 * region_;
    if (member.docked.load(std::memory_order_relaxed) != docked ||
        !member.docked.compare_exchange_strong(docked, docked + 1, std::memory_order_acq_rel)) {
      continue;
    }
    state_.fetch_add(kRemaining, std::memory_order_acq_rel);
    wake(number == 0 ? master_context_ : workers_[number - 1]->context);
    return true;
  }
  return false;
}

/* Called by a member that has been docked: whether it goes on because there are tasks, and not with another region. */
bool Crew::was_recruited(Member &member) {
  const bool is_so = member.docked.load(std::memory_order_acquire) % 2 != 0;
  member.docked.store(0, std::memory_order_relaxed);
  return is_so;
}

}  // namespace harts::omp
