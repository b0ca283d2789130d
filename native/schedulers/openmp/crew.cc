#include "schedulers/openmp/crew.hpp"

#include <sched.h>
#include <time.h>

#include <algorithm>
#include <mutex>
#include <new>

#include "schedulers/openmp/task_depend.hpp"
#include "schedulers/openmp/tasking.hpp"

namespace harts::omp {
namespace {

/* How long a thread waits for its team on its hart before it gives up the hart: somewhat longer than a hart whose
 * carrier sleeps needs to arrive. Spinning for much longer than waking another processor takes cannot pay. */
constexpr int64_t kSpinNs = 40000;

}  // namespace

/* 0 where a spinning hart may keep its own processor from the hart that it waits for, or the program wants no spin. */
int64_t Crew::spin_ns() {
  static const int64_t limit = [] {
    lithe_topology_t topology;
    if (!environment().may_spin()) return INT64_C(0);
    return lithe_topology_get(&topology) == 0 && topology.harts <= topology.pus && topology.quota == 0 ? kSpinNs : 0;
  }();
  return limit;
}

int64_t Crew::clock_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

Crew *Crew::make(Thread &owner) {
  WorkShare *share = new (std::nothrow) WorkShare;
  Crew *crew = share != nullptr ? new (std::nothrow) Crew(owner, share) : nullptr;
  if (crew == nullptr) delete share;
  return crew;
}

Crew::Crew(Thread &owner, WorkShare *share)
    : lithe::Scheduler("openmp"), owner_(&owner), owner_is_guest_(owner.is_guest) {
  team.crew = this;
  team.tasks = &tasks;
  team.first_share = share;
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
  int code = 0;
  while (workers_.size() < count && code == 0) code = add_worker();
  static std::atomic<bool> said{false};
  if (code != 0 && !said.exchange(true)) {
    warn(
        "cannot make thread %zu of a team: %s. Teams stay smaller than asked for; lower OMP_NUM_THREADS or "
        "OMP_STACKSIZE, "
        "or raise the limit on threads.",
        workers_.size() + 1, lithe_strerror(code));
  }
  return static_cast<unsigned>(workers_.size());
}

int Crew::add_worker() {
  if (!make_room(workers_)) return LITHE_ENOMEM;
  Worker *worker = new (std::nothrow) Worker(*this);
  if (worker == nullptr) return LITHE_ENOMEM;
  worker->member.team = &team;
  worker->member.thread = &worker->thread;
  worker->member.number = static_cast<unsigned>(workers_.size()) + 1;
  /* FRESH: a new OpenMP thread must find its threadprivate variables as they were initialised, and their destructors
   * run when it ends. */
  const lithe_context_attr_t attr = {environment().stack_size, LITHE_CONTEXT_FRESH};
  const int code = lithe_context_create(&worker->context, &attr, c(), &run_worker, worker);
  if (code != 0) {
    delete worker;
    return code;
  }
  worker->context->user = worker;
  workers_.push_back(worker);
  alive_.fetch_add(1, std::memory_order_relaxed);
  return 0;
}

int Crew::start() {
  state_.store(team.size * kRemaining, std::memory_order_relaxed);
  team.started.store(1, std::memory_order_relaxed);
  ++region_;
  if (tasks.is_used()) tasks.reset();
  if ((phase_.load(std::memory_order_relaxed) & kCancelled) != 0) {
    phase_.store(0, std::memory_order_relaxed);
    arrived_.store(0, std::memory_order_relaxed);
    for (auto &stack : parked_) stack.store(nullptr, std::memory_order_relaxed);
    team.is_cancelled.store(false, std::memory_order_relaxed);
  }
  /* Left so by a loop that ended with its region, without a barrier of its own. */
  team.is_construct_cancelled.store(false, std::memory_order_relaxed);
  const int code = lithe_sched_enter(c());
  if (code != 0) return code;
  master_context_ = lithe_context_self();
  request(static_cast<int>(team.size) - 1);
  return 0;
}

void Crew::finish() {
  const auto is_joined = [this] { return remaining_in(state_.load(std::memory_order_acquire)) == 1; };
  for (;;) {
    drain_tasks(master);
    tasks.help(master);
    if (spin_until(master, false, [&] { return is_joined() || tasks.has_for(master, nullptr); })) {
      if (is_joined()) break;
      continue;
    }
    leave_stack(master, Intent::kJoin);
    if (!was_recruited(master)) break;
    tasks.woken();
  }
  drop_dependences(master.implicit);
  /* Every worker is docked. What is left is the demand, which must be 1 again, the master's own; somebody may be about
   * to change it still, and is so only for a moment. */
  for (unsigned spins = 1;; ++spins) {
    settle();
    if (state_.load(std::memory_order_acquire) < kSurplus) break;
    if (spins % 256 == 0) sched_yield();
    relax();
  }
  lithe::check("lithe_sched_exit", lithe_sched_exit());
  recycle_shares();
}

/* A hart counts as the team's from the moment it is granted, long before it arrives if its carrier sleeps; so a thread
 * that has not been started, or that is ready, is looked for as well. */
bool Crew::all_on_harts(bool for_harts_to_come) const {
  if (has_work()) {
    if (!for_harts_to_come || harts_are_late_.load(std::memory_order_relaxed)) return false;
    /* The hart to come may be kept off its processor by this very thread, if that is a guest the kernel put there. */
    if (owner_is_guest_) sched_yield();
  }
  return harts() >= static_cast<long>(remaining_in(state_.load(std::memory_order_relaxed)));
}

void Crew::waited_in_vain(unsigned patience) {
  if (patience < kMostPatience) patience_.store(patience + 1, std::memory_order_relaxed);
  if (has_work()) harts_are_late_.store(true, std::memory_order_relaxed);
}

/* A guest runs on its own kernel thread only. Another member that is on that thread now must not wait there for the
 * guest. */
bool Crew::is_in_the_way(const Member &member) const {
  return owner_is_guest_ && &member != &master && lithe_context_is_local(master_context_) != 0;
}

bool Crew::has_work() const {
  return team.started.load(std::memory_order_relaxed) != team.size || ready_count_.load(std::memory_order_relaxed) != 0;
}

void Crew::run_worker(void *arg) {
  Worker &worker = *static_cast<Worker *>(arg);
  Crew &crew = worker.crew;
  while (!crew.retiring_.load(std::memory_order_acquire)) {
    crew.begin_part(worker.member);
    current = &worker.member;
    crew.team.function(crew.team.data);
    for (;;) {
      drain_tasks(worker.member);
      crew.tasks.help(worker.member);
      drop_dependences(worker.member.implicit);
      crew.leave_stack(worker.member, Intent::kDock);
      if (!was_recruited(worker.member)) break;
      crew.tasks.woken();
    }
  }
  current = nullptr;
  delete &worker; /* retires the crews of the regions that this worker started */
  if (crew.alive_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete &crew;
}

void Crew::begin_part(Member &member) {
  member.singles = 0;
  member.implicit.count.word.store(TaskCount::kLive, std::memory_order_relaxed);
  member.implicit.group = nullptr;
  member.share = team.first_share;
  member.controls = team.encountering->controls.inherited(team.bind_clause);
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

/* When the context has left its stack. From each hand-over on, another hart may run the context, or end the region. */
void Crew::act_on(Member &member, lithe_context_t *context) {
  const Intent intent = member.intent;
  member.intent = Intent::kNone;
  switch (intent) {
    case Intent::kNone:
      push_ready(context, context, 1);
      return;
    case Intent::kPark:
      park(member, context);
      return;
    case Intent::kJoin:
      member.docked.store(2 * region_, std::memory_order_release);
      end_part(false);
      return;
    case Intent::kDock: {
      /* If this hart will find nothing else to do, the demand is given back now: the master may wait for that. The last
       * one leaves it to the master that waits off its stack. */
      const bool goes_on = has_work() || child_count_.load(std::memory_order_relaxed) != 0 ||
                           remaining_in(state_.load(std::memory_order_relaxed)) == 1;
      if (!goes_on) request(-1);
      member.docked.store(2 * region_, std::memory_order_release);
      end_part(goes_on);
      return;
    }
  }
}

void Crew::end_part(bool with_surplus) {
  const uint64_t change = with_surplus ? kSurplus - kRemaining : 0 - kRemaining;
  if (remaining_in(state_.fetch_add(change, std::memory_order_acq_rel)) == 1) lithe_context_unblock(master_context_);
}

Member &Crew::member_of(lithe_context_t *context) {
  return context == master_context_ ? master : static_cast<Worker *>(context->user)->member;
}

void Crew::context_yield(lithe_context_t *context) { act_on(member_of(context), context); }

void Crew::context_block(lithe_context_t *) { state_.fetch_add(kSurplus, std::memory_order_acq_rel); }

void Crew::context_unblock(lithe_context_t *context) { make_ready(context, context, 1); }

void Crew::context_exit(lithe_context_t *) { state_.fetch_add(kSurplus, std::memory_order_acq_rel); }

lithe::Decision Crew::hart_enter() {
  if (lithe_context_t *context = take_ready()) return lithe::Decision::run(context);
  unsigned number = team.started.load(std::memory_order_relaxed);
  while (number < team.size) {
    if (team.started.compare_exchange_weak(number, number + 1, std::memory_order_acq_rel)) {
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
  if (harts_are_late_.load(std::memory_order_relaxed)) harts_are_late_.store(false, std::memory_order_relaxed);
  /* A context that became ready meanwhile has either used the surplus, then demand exceeds harts and the parent sends
   * one back at once, or has asked for a hart. */
  return lithe::Decision::yield();
}

/* Queues contexts that have become runnable, and backs them with demand.
 *
 * They are queued before a hart is asked for, so that the hart finds them. But then another hart may run them, and the
 * region may end, before the request is made; `settling` makes the master wait for it. */
void Crew::make_ready(lithe_context_t *first, lithe_context_t *last, unsigned count) {
  uint64_t state = state_.load(std::memory_order_acquire);
  unsigned used;
  do {
    used = std::min(surplus_in(state), count);
  } while (!state_.compare_exchange_weak(state, state - used * kSurplus + kSettling, std::memory_order_acq_rel));
  push_ready(first, last, count);
  if (used != count) request(static_cast<int>(count - used));
  state_.fetch_sub(kSettling, std::memory_order_acq_rel);
}

/* Gives the surplus of demand back to the parent. */
void Crew::settle() {
  uint64_t state = state_.load(std::memory_order_acquire);
  unsigned surplus;
  do {
    surplus = surplus_in(state);
    if (surplus == 0) return;
  } while (!state_.compare_exchange_weak(state, state - surplus * kSurplus + kSettling, std::memory_order_acq_rel));
  request(-static_cast<int>(surplus));
  state_.fetch_sub(kSettling, std::memory_order_acq_rel);
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
  /* The first worker that runs may free the crew when it is the last one to end: nothing of it is used once one of them
   * can run. Docked contexts are in nobody's list, so their links are free. */
  lithe_context_t *first = nullptr;
  for (Worker *worker : workers_) {
    worker->context->next = first;
    first = worker->context;
  }
  while (lithe_context_t *context = first) {
    first = context->next;
    Worker *worker = static_cast<Worker *>(context->user);
    lithe_context_move(context, nullptr);
    if (lithe_context_unblock(context) == 0) continue;
    /* It has never run, and there is no kernel thread that could run it now. */
    lithe_context_destroy(context);
    delete worker;
    if (alive_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
}

}  // namespace harts::omp
