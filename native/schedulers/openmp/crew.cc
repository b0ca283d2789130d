#include "schedulers/openmp/crew.hpp"

#include <algorithm>
#include <mutex>
#include <new>

namespace harts::omp {
namespace {

/* How long a thread waits for its team on its hart before it gives up the hart: about 10-40 us by the processor's idea
 * of a pause. Waking another processor costs about as much, so spinning longer cannot pay. */
constexpr unsigned kSpins = 1024;
/* In parked_: the phase is open, nobody waits for it any more. */
lithe_context_t *const kOpen = reinterpret_cast<lithe_context_t *>(1);

}  // namespace

/* A context of the crew and the thread it is. Freed by its own context when it ends. */
struct Crew::Worker {
  Worker(Crew &of, ContentionGroup *group) : crew(of), thread(group) {}
  Crew &crew;
  Thread thread;
  Member member;
  lithe_context_t *context = nullptr;
};

/* 0 where a spinning hart may keep its own processor from the hart that it waits for. */
unsigned Crew::spin_limit() {
  static const unsigned limit = [] {
    lithe_topology_t topology;
    return lithe_topology_get(&topology) == 0 && topology.harts <= topology.pus ? kSpins : 0;
  }();
  return limit;
}

Crew::Crew(Thread &owner) : lithe::Scheduler("openmp"), owner_(&owner) {
  team.crew = this;
  team.first_share = take_share();
  master.team = &team;
  master.thread = &owner;
}

Crew::~Crew() {
  delete team.first_share;
  while (free_shares_ != nullptr) {
    WorkShare *share = free_shares_;
    free_shares_ = share->free_next;
    delete share;
  }
}

unsigned Crew::reserve(unsigned count) {
  while (workers_.size() < count) {
    Worker *worker = new (std::nothrow) Worker(*this, owner_->group);
    if (worker == nullptr) break;
    worker->member.team = &team;
    worker->member.thread = &worker->thread;
    worker->member.number = static_cast<unsigned>(workers_.size()) + 1;
    /* FRESH: a new OpenMP thread must find its threadprivate variables as they were initialised, and their destructors
     * run when it ends. */
    const lithe_context_attr_t attr = {environment().stack_size, LITHE_CONTEXT_FRESH};
    const int code = lithe_context_create(&worker->context, &attr, c(), &run_worker, worker);
    if (code != 0) {
      static std::atomic<bool> said{false};
      if (!said.exchange(true)) {
        warn("cannot make thread %u of a team: %s. Teams stay smaller than asked for; lower OMP_NUM_THREADS or "
             "OMP_STACKSIZE, or raise the limit on threads.",
             worker->member.number, lithe_strerror(code));
      }
      delete worker;
      break;
    }
    worker->context->user = worker;
    workers_.push_back(worker);
    alive_.fetch_add(1, std::memory_order_relaxed);
  }
  return static_cast<unsigned>(workers_.size());
}

int Crew::start() {
  remaining_.store(team.size, std::memory_order_relaxed);
  /* The cursor comes last: it is what lets a hart start workers, and no hart is here before the request below. */
  cursor_.store(1, std::memory_order_relaxed);
  const int code = lithe_sched_enter(c());
  if (code != 0) return code;
  master_context_ = lithe_context_self();
  request(static_cast<int>(team.size) - 1);
  return 0;
}

void Crew::finish() {
  const auto joined = [this] { return remaining_.load(std::memory_order_acquire) == 1; };
  if (!spin_until(joined)) leave_stack(master, Intent::kJoin);
  /* Every worker is docked. A hart may still be on its way out through settle(): either the exchange here came first
   * and it finds no surplus, or its own exchange came first; then its increment of settling_ did so too and is seen
   * here. After the wait the demand is 1, the master's own, as it was at entry. */
  settle();
  while (settling_.load(std::memory_order_acquire) != 0) relax();
  lithe::check("lithe_sched_exit", lithe_sched_exit());
  recycle_shares();
}

void Crew::run_worker(void *arg) {
  Worker &worker = *static_cast<Worker *>(arg);
  Crew &crew = worker.crew;
  while (!crew.retiring_.load(std::memory_order_acquire)) {
    crew.begin_part(worker.member);
    current = &worker.member;
    crew.team.function(crew.team.data);
    crew.leave_stack(worker.member, Intent::kDock);
  }
  current = nullptr;
  delete &worker; /* retires the crews of the regions that this worker started */
  if (crew.alive_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete &crew;
}

void Crew::begin_part(Member &member) {
  member.singles = 0;
  member.share = team.first_share;
  member.controls = team.encountering->controls.inherited();
  if (team.is_combined) begin_combined(member, team.combined);
}

void Crew::leave_stack(Member &member, Intent intent) {
  member.intent = intent;
  if (&member == &master) {
    lithe_context_block(&left_stack, this);
    return;
  }
  /* context_yield clears the intent once it has acted on it. It is not called, and this thread merely lets others run,
   * when it holds no hart at this moment. */
  do {
    lithe_context_yield();
  } while (member.intent != Intent::kNone);
}

void Crew::left_stack(lithe_context_t *master_context, void *crew) {
  Crew &self = *static_cast<Crew *>(crew);
  self.act_on(self.master, master_context);
}

/* On the carrier, when the context has left its stack and is counted in the surplus. From each hand-over on, another hart
 * may run the context, or end the region. */
void Crew::act_on(Member &member, lithe_context_t *context) {
  const Intent intent = member.intent;
  member.intent = Intent::kNone;
  if (intent == Intent::kPark) {
    park(member, context);
  } else if (remaining_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    lithe_context_unblock(master_context_);
  }
}

Member &Crew::member_of(lithe_context_t *context) {
  return context == master_context_ ? master : static_cast<Worker *>(context->user)->member;
}

void Crew::barrier(Member &member) {
  const unsigned phase = phase_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == team.size) {
    open_phase(phase);
    return;
  }
  const auto is_open = [this, phase] { return phase_.load(std::memory_order_acquire) != phase; };
  if (spin_until(is_open)) return;
  member.phase = phase;
  leave_stack(member, Intent::kPark);
}

/* Called by the last to arrive, when all others either spin on phase_ or park in parked_[phase % 2]. */
void Crew::open_phase(unsigned phase) {
  arrived_.store(0, std::memory_order_relaxed);
  /* Nobody uses the next phase's stack: its last users have all gone on and arrived here. */
  parked_[(phase + 1) % 2].store(nullptr, std::memory_order_relaxed);
  phase_.store(phase + 1, std::memory_order_release);
  lithe_context_t *parked = parked_[phase % 2].exchange(kOpen, std::memory_order_acq_rel);
  lithe_context_t *first = nullptr;
  lithe_context_t *last = nullptr;
  unsigned count = 0;
  while (parked != nullptr) {
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
  cover(count);
  push_ready(first, last, count);
}

void Crew::park(Member &member, lithe_context_t *context) {
  /* The phase that the member waits for cannot be reused before the member itself has gone on: the stack is this
   * phase's, or marked as open. */
  std::atomic<lithe_context_t *> &stack = parked_[member.phase % 2];
  lithe_context_t *top = stack.load(std::memory_order_acquire);
  do {
    if (top == kOpen) {
      if (&member == &master) {
        lithe_context_unblock(context);
      } else {
        context_unblock(context);
      }
      return;
    }
    context->next = top;
  } while (!stack.compare_exchange_weak(top, context, std::memory_order_acq_rel, std::memory_order_acquire));
}

void Crew::context_yield(lithe_context_t *context) {
  Member &member = member_of(context);
  if (member.intent == Intent::kNone) {
    push_ready(context, context, 1);
    return;
  }
  surplus_.fetch_add(1, std::memory_order_acq_rel);
  act_on(member, context);
}

void Crew::context_block(lithe_context_t *) { surplus_.fetch_add(1, std::memory_order_acq_rel); }

void Crew::context_unblock(lithe_context_t *context) {
  cover(1);
  push_ready(context, context, 1);
}

void Crew::context_exit(lithe_context_t *) { surplus_.fetch_add(1, std::memory_order_acq_rel); }

lithe::Decision Crew::hart_enter() {
  if (lithe_context_t *context = take_ready()) return lithe::Decision::run(context);
  unsigned number = cursor_.load(std::memory_order_relaxed);
  while (number < team.size) {
    if (cursor_.compare_exchange_weak(number, number + 1, std::memory_order_acq_rel)) {
      return lithe::Decision::run(workers_[number - 1]->context);
    }
  }
  /* Own threads first: a hart that takes a whole thread of the outer team saves it a barrier that two harts share; only
   * when there is none left does it help in a nested region. */
  if (child_count_.load(std::memory_order_acquire) != 0) {
    std::lock_guard<Guard> hold(guard_);
    lithe_sched_t *child = children_;
    for (unsigned left = child_count_.load(std::memory_order_relaxed); left != 0; --left, child = child->sibling_next) {
      if (lithe_sched_harts(child) < lithe_sched_demand(child)) {
        children_ = child->sibling_next;
        return lithe::Decision::grant(child);
      }
    }
  }
  settle();
  /* A context that became ready meanwhile has either used the surplus, then demand exceeds harts and the parent sends
   * one back at once, or has asked for a hart. */
  return lithe::Decision::yield();
}

/* Backs `units` more runnable contexts with demand. Comes before they are made ready: once the master is, it may leave
 * the scheduler, and the demand must be right by then. */
void Crew::cover(unsigned units) {
  int surplus = surplus_.load(std::memory_order_acquire);
  while (surplus > 0) {
    const int used = std::min(surplus, static_cast<int>(units));
    if (surplus_.compare_exchange_weak(surplus, surplus - used, std::memory_order_acq_rel)) {
      units -= static_cast<unsigned>(used);
      break;
    }
  }
  if (units != 0) request(static_cast<int>(units));
}

/* Gives the surplus of demand back to the parent. */
void Crew::settle() {
  if (surplus_.load(std::memory_order_acquire) == 0) return;
  settling_.fetch_add(1, std::memory_order_acq_rel);
  const int surplus = surplus_.exchange(0, std::memory_order_acq_rel);
  if (surplus != 0) request(-surplus);
  settling_.fetch_sub(1, std::memory_order_acq_rel);
}

void Crew::push_ready(lithe_context_t *first, lithe_context_t *last, unsigned count) {
  std::lock_guard<Guard> hold(guard_);
  last->next = nullptr;
  if (ready_head_ == nullptr) {
    ready_head_ = first;
  } else {
    ready_tail_->next = first;
  }
  ready_tail_ = last;
  ready_count_.fetch_add(count, std::memory_order_release);
}

lithe_context_t *Crew::take_ready() {
  if (ready_count_.load(std::memory_order_acquire) == 0) return nullptr;
  std::lock_guard<Guard> hold(guard_);
  lithe_context_t *context = ready_head_;
  if (context == nullptr) return nullptr;
  ready_head_ = context->next;
  ready_count_.fetch_sub(1, std::memory_order_relaxed);
  return context;
}

void Crew::child_enter(lithe_sched_t *child) {
  std::lock_guard<Guard> hold(guard_);
  if (children_ == nullptr) {
    child->sibling_next = child->sibling_prev = children_ = child;
  } else {
    child->sibling_next = children_;
    child->sibling_prev = children_->sibling_prev;
    child->sibling_prev->sibling_next = child;
    children_->sibling_prev = child;
  }
  child_count_.fetch_add(1, std::memory_order_release);
}

void Crew::child_exit(lithe_sched_t *child) {
  std::lock_guard<Guard> hold(guard_);
  if (child->sibling_next == child) {
    children_ = nullptr;
  } else {
    child->sibling_prev->sibling_next = child->sibling_next;
    child->sibling_next->sibling_prev = child->sibling_prev;
    if (children_ == child) children_ = child->sibling_next;
  }
  child_count_.fetch_sub(1, std::memory_order_release);
}

WorkShare *Crew::take_share() {
  {
    std::lock_guard<Guard> hold(shares_guard_);
    if (WorkShare *share = free_shares_) {
      free_shares_ = share->free_next;
      return share;
    }
  }
  WorkShare *share = new (std::nothrow) WorkShare;
  if (share == nullptr) fatal("out of memory for a work-sharing construct");
  return share;
}

void Crew::give_share(WorkShare *share) {
  share->clear();
  std::lock_guard<Guard> hold(shares_guard_);
  share->free_next = free_shares_;
  free_shares_ = share;
}

/* All members have ended on the same share, the last of the chain; the next region starts with it. */
void Crew::recycle_shares() {
  team.first_share = master.share;
  team.first_share->clear();
}

void Crew::retire() {
  if (workers_.empty()) {
    delete this;
    return;
  }
  retiring_.store(true, std::memory_order_release);
  /* The first worker that runs may free the crew when it is the last one to end: nothing of it is used below. */
  std::vector<lithe_context_t *> contexts;
  contexts.reserve(workers_.size());
  for (Worker *worker : workers_) contexts.push_back(worker->context);
  for (lithe_context_t *context : contexts) {
    lithe_context_move(context, nullptr);
    lithe_context_unblock(context);
  }
}

}  // namespace harts::omp
