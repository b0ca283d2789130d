// Entering and leaving schedulers, and the counts of harts that go with it.
#include <atomic>

#include "carrier.h"
#include "code_mark.h"
#include "context.h"
#include "decision.h"
#include "identity.h"
#include "lithe/error.h"
#include "lithe/hart.h"
#include "lithe/sched.h"
#include "park.h"
#include "runtime.h"
#include "stress.h"
#include "trace.h"

using namespace lithe::core;

namespace {

// Exit and grant race for `child`. A granter picks `child` from its list and raises the hart count under one lock;
// child_exit unlinks under the same lock. So after child_exit every grant is either counted or will never be made.
//
//   granter: lock -> find child -> harts += 1 (sched_add_hart) -> unlock -> ... -> harts -= 1 (sched_drop_hart)
//   exit:    lock -> unlink -> unlock -> harts -= 1 (its own) -> harts == 0? done : wait
//
// An unblock from outside races with exit too: the context runs as soon as the scheduler's context_unblock has queued
// it, ends, and the scheduler leaves, while the caller is still inside that callback. So the caller counts itself as a
// visitor before the call, when the blocked context still keeps the scheduler entered:
//
//   unblock: harts += visit -> context_unblock(context) -> harts -= visit
//
// The root scheduler visits too, to look at a scheduler that a hart has just left (Root::take_from): one for the other,
// harts += visit - 1.
//
// `harts` also carries the flag `leaving`, set by the exiting context once it has given up spinning, as it leaves its
// stack, after it has stored `exit_waiter`. Whoever's decrement yields exactly `leaving` unblocks the waiter; whoever
// decrements to a value without the flag never touches the scheduler again, because the exiting context may see 0 and
// free it. Decrements are acquire-release, so the exiting context sees everything that was done before.
// Tested: sched_exit_race_test.cc.
constexpr long leaving = sched_leaving;
constexpr long visit = 1L << 41;

std::atomic_ref<long> hart_count(lithe_sched_t *sched) { return std::atomic_ref<long>(sched->internal.harts); }
std::atomic_ref<long> demand_of(lithe_sched_t *sched) { return std::atomic_ref<long>(sched->internal.demand); }

// How long the exiting context looks at the count before it blocks: the other harts are on their way out, inside
// hart_enter, a few hundred nanoseconds from their decrement.
constexpr int exit_spins = 200;

void drop(lithe_sched_t *sched, long count) {
  const long before = hart_count(sched).fetch_sub(count, std::memory_order_acq_rel);
  if (before - count == leaving) lithe_context_unblock(sched->internal.exit_waiter);
}

void announce_leaving(lithe_context_t *self, void *argument) {
  lithe_sched_t *child = static_cast<lithe_sched_t *>(argument);
  child->internal.exit_waiter = self;
  const long before = hart_count(child).fetch_or(leaving, std::memory_order_acq_rel);
  if (before == 0) lithe_context_unblock(self);
}

void wait_until_empty(lithe_sched_t *child, bool may_spin) {
  for (int turn = 0; may_spin && turn < exit_spins; ++turn) {
    if (hart_count(child).load(std::memory_order_acquire) == 0) return;
    cpu_relax();
  }
  if (hart_count(child).load(std::memory_order_acquire) == 0) return;
  lithe_context_block(announce_leaving, child);
}

}  // namespace

namespace lithe::core {

void sched_add_hart(lithe_sched_t *sched) { hart_count(sched).fetch_add(1, std::memory_order_release); }

void sched_drop_hart(lithe_sched_t *sched) { drop(sched, 1); }

// Two harts that come back at the same time may count as one: it is a request, and is made again.
void sched_note_return(lithe_sched_t *sched) {
  std::atomic_ref<long> revoked(sched->internal.revoked);
  const long before = revoked.load(std::memory_order_relaxed);
  if (before > 0) [[unlikely]]
    revoked.store(before - 1, std::memory_order_relaxed);
}

void sched_begin_visit(lithe_sched_t *sched) { hart_count(sched).fetch_add(visit, std::memory_order_relaxed); }

void sched_drop_hart_for_visit(lithe_sched_t *sched) {
  hart_count(sched).fetch_add(visit - 1, std::memory_order_seq_cst);
}

void sched_end_visit(lithe_sched_t *sched) { drop(sched, visit); }

}  // namespace lithe::core

extern "C" {

int lithe_sched_init(lithe_sched_t *sched, const lithe_sched_funcs_t *funcs, const char *name) {
  if (!sched || !funcs || !name) return LITHE_EINVAL;
  const bool complete = funcs->hart_request && funcs->hart_enter && funcs->hart_return && funcs->sched_enter &&
                        funcs->sched_exit && funcs->child_enter && funcs->child_exit && funcs->context_block &&
                        funcs->context_unblock && funcs->context_yield && funcs->context_exit;
  if (!complete) return LITHE_EINVAL;
  *sched = {};
  sched->funcs = funcs;
  sched->name = name;
  return 0;
}

int lithe_sched_enter(lithe_sched_t *child) {
  const RuntimeCode own;
  if (!child || !child->funcs || child->internal.entered) return LITHE_EINVAL;
  Context *self = identity_self();
  if (!self) {
    int code = 0;
    runtime_start(code);
    return code != 0 ? code : LITHE_ENOMEM;
  }
  if (self->kind == ContextKind::carrier || (self->carrier && self->carrier->in_callback)) return LITHE_EPERM;
  if (!self->carrier) {
    if (self->kind != ContextKind::guest) return LITHE_EPERM;
    if (const int code = runtime().root().attach(self); code != 0) return code;
  }
  Hart *hart = self->carrier->hart.load(std::memory_order_relaxed);
  lithe_sched_t *parent = self->sched;
  child->parent = parent;
  child->internal.entered = 1;
  child->internal.main_context = self;
  child->internal.exit_waiter = nullptr;
  std::atomic_ref<long>(child->internal.revoked).store(0, std::memory_order_relaxed);
  child->internal.entered_look = self->resumed_look;
  self->resumed_look = runtime().monitor().looks();
  hart_count(child).store(1, std::memory_order_relaxed);
  demand_of(child).store(1, std::memory_order_relaxed);
  parent->funcs->child_enter(parent, child);
  self->sched = child;
  hart->sched.store(child, std::memory_order_relaxed);
  hart->counters.schedulers_entered.add();
  trace(Event::sched_enter, self->carrier, self);
  if (parent == runtime().root().sched()) runtime().root().begin_use(hart);
  child->funcs->sched_enter(child);
  code_resumed(self);  // a guest that has just come; `own` does it for the others
  return 0;
}

int lithe_sched_exit(void) {
  const RuntimeCode own;
  Context *self = self_pointer;
  if (!self || !self->carrier || self->kind == ContextKind::carrier || self->carrier->in_callback) return LITHE_EPERM;
  lithe_sched_t *child = self->sched;
  if (child->internal.main_context != self || !child->parent) return LITHE_EPERM;
  lithe_sched_t *parent = child->parent;
  child->funcs->sched_exit(child);
  // What is left of the demand, but for this context's own hart, is taken back, so that the parent's sums stay right.
  const long rest = demand_of(child).exchange(1, std::memory_order_acq_rel) - 1;
  if (rest != 0) parent->funcs->hart_request(parent, child, static_cast<int>(-rest));
  parent->funcs->child_exit(parent, child);
  stress_point();
  self->sched = parent;
  self->resumed_look = child->internal.entered_look;
  Hart *hart = self->carrier->hart.load(std::memory_order_relaxed);
  hart->sched.store(parent, std::memory_order_relaxed);
  hart->counters.schedulers_left.add();
  trace(Event::sched_exit, self->carrier, self);
  if (hart_count(child).fetch_sub(1, std::memory_order_acq_rel) != 1) {
    if (parent == runtime().root().sched()) runtime().root().take_back_mail(child);
    wait_until_empty(child, runtime().team_spin_ns() > 0);
  }
  // A request that was under way when the rest was taken back; nobody is left who could make another.
  const long late = demand_of(child).load(std::memory_order_relaxed) - 1;
  if (late != 0) parent->funcs->hart_request(parent, child, static_cast<int>(-late));
  child->parent = nullptr;
  child->internal.entered = 0;
  if (self->kind == ContextKind::guest && parent == runtime().root().sched()) {
    runtime().root().detach(self);
  } else if (runtime().monitor().is_quantum_over(self->resumed_look)) {
    // Decisions are made all the time inside one nested scheduler after the other, but none by this one.
    lithe_context_yield();
  }
  return 0;
}

lithe_sched_t *lithe_sched_self(void) {
  Context *self = self_pointer;
  if (!self) return nullptr;
  if (self->kind != ContextKind::carrier) return self->sched;
  Hart *hart = self->carrier->hart.load(std::memory_order_relaxed);
  return hart ? hart->sched.load(std::memory_order_relaxed) : nullptr;
}

long lithe_sched_harts(const lithe_sched_t *sched) { return sched_harts(sched); }

long lithe_sched_demand(const lithe_sched_t *sched) { return sched_demand(sched); }

int lithe_hart_revoke(lithe_sched_t *child, int harts) {
  if (!child || harts < 0 || !child->internal.entered) return LITHE_EINVAL;
  std::atomic_ref<long>(child->internal.revoked).store(harts, std::memory_order_relaxed);
  return 0;
}

long lithe_sched_revoked(const lithe_sched_t *sched) {
  return std::atomic_ref<long>(const_cast<lithe_sched_t *>(sched)->internal.revoked).load(std::memory_order_relaxed);
}

int lithe_hart_request(lithe_sched_t *sched, int delta) {
  const RuntimeCode own;
  if (!sched || !sched->parent) return LITHE_EINVAL;
  if (delta == 0) return 0;
  // Sequentially consistent: the other half of the invariant in root.h.
  long before = demand_of(sched).load(std::memory_order_relaxed);
  do {
    if (before + delta < 0) return LITHE_EINVAL;
  } while (!demand_of(sched).compare_exchange_weak(before, before + delta, std::memory_order_seq_cst));
  stress_point();
  sched->parent->funcs->hart_request(sched->parent, sched, delta);
  return 0;
}

lithe_decision_t lithe_context_run(lithe_context_t *context) { return {decision_run, context}; }

lithe_decision_t lithe_hart_grant(lithe_sched_t *child) {
  sched_add_hart(child);
  return {decision_grant, child};
}

lithe_decision_t lithe_hart_yield(void) { return {decision_yield, nullptr}; }

int lithe_hart_count(void) {
  int code = 0;
  Runtime *current = runtime_start(code);
  return current ? current->hart_count() : code;
}

int lithe_hart_self(void) {
  Context *self = self_pointer;
  if (!self || !self->carrier) return -1;
  Hart *hart = self->carrier->hart.load(std::memory_order_relaxed);
  return hart ? hart->number : -1;
}

}  // extern "C"
