// The public calls on contexts.
#include "context.h"

#include <sched.h>
#include <unistd.h>

#include "carrier.h"
#include "code_mark.h"
#include "decision.h"
#include "donor.h"
#include "identity.h"
#include "lithe/error.h"
#include "park.h"
#include "runtime.h"
#include "stress.h"
#include "switch.h"
#include "trace.h"

using namespace lithe::core;

namespace {

size_t whole_pages(size_t size) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return (size + page - 1) / page * page;
}

// Without a hart there is nothing to hand on: the kernel thread itself sleeps.
void block_without_hart(Context *self, void (*publish)(lithe_context_t *, void *), void *arg) {
  if (self->kind == ContextKind::guest) runtime().root().reclaim_from(self);
  std::atomic_ref<uint32_t> word(self->wake_word);
  word.store(0, std::memory_order_relaxed);
  self->state.store(ContextState::blocked, std::memory_order_relaxed);
  if (publish) publish(self, arg);
  while (word.load(std::memory_order_acquire) == 0) futex_wait(&self->wake_word, 0);
  self->state.store(ContextState::outside, std::memory_order_relaxed);
}

// Whether the caller's own hart keeps `sched` from being left.
bool holds_hart_of(lithe_sched_t *sched) {
  Context *self = self_pointer;
  Hart *hart = self && self->carrier ? self->carrier->hart.load(std::memory_order_relaxed) : nullptr;
  return hart && hart->sched.load(std::memory_order_relaxed) == sched;
}

}  // namespace

extern "C" {

int lithe_context_create(lithe_context_t **out, const lithe_context_attr_t *attr, lithe_sched_t *sched,
                         void (*start)(void *), void *arg) {
  const RuntimeCode own;
  if (!out || !start) return LITHE_EINVAL;
  size_t stack_size = donor_default_stack_size;
  int identity = LITHE_CONTEXT_POOLED;
  if (attr) {
    if (attr->identity != LITHE_CONTEXT_POOLED && attr->identity != LITHE_CONTEXT_FRESH) return LITHE_EINVAL;
    identity = attr->identity;
    if (attr->stack_size != 0) stack_size = whole_pages(attr->stack_size);
  }
  int code = 0;
  Runtime *current = runtime_start(code);
  if (!current) return code;
  Context *context = identity == LITHE_CONTEXT_POOLED ? current->pool().take(stack_size) : nullptr;
  const bool is_used = context != nullptr;
  if (!context) {
    code = donor_start(*current, stack_size, identity, &context);
    if (code != 0) return code;
  }
  // A new thread has its maker's rounding mode; so has one that is used again.
  if (is_used) lithe_switch_inherit_float(context->sp);
  context->sched = sched ? sched : current->root().sched();
  context->user = nullptr;
  context->start = start;
  context->arg = arg;
  context->flow = stress_name_flow();
  context->ran = false;
  context->state.store(ContextState::created, std::memory_order_relaxed);
  *out = context;
  return 0;
}

int lithe_context_destroy(lithe_context_t *handle) {
  const RuntimeCode own;
  if (!handle) return LITHE_EINVAL;
  Context *context = inside(handle);
  if (context->kind != ContextKind::donor || context->ran) return LITHE_EBUSY;
  donor_end_and_join(context);
  return 0;
}

lithe_context_t *lithe_context_self(void) { return identity_self(); }

int lithe_context_block(void (*publish)(lithe_context_t *, void *), void *arg) {
  Context *self = identity_self();
  if (!self) return LITHE_ENOMEM;
  if (self->kind == ContextKind::carrier) return LITHE_EPERM;
  if (!self->carrier) {
    block_without_hart(self, publish, arg);
    return 0;
  }
  if (self->carrier->in_callback) return LITHE_EPERM;
  stress_point();
  Carrier::leave(self, Departure::blocked, publish, arg);
  return 0;
}

int lithe_context_unblock(lithe_context_t *handle) {
  const RuntimeCode own;
  if (!handle) return LITHE_EINVAL;
  Context *context = inside(handle);
  Runtime &current = runtime();
  current.unblocks.fetch_add(1, std::memory_order_relaxed);
  trace_ready(context);
  stress_point();
  lithe_sched_t *sched = context->sched;
  if (!sched) {
    std::atomic_ref<uint32_t>(context->wake_word).store(1, std::memory_order_release);
    futex_wake(&context->wake_word, 1);
    return 0;
  }
  context->state.store(ContextState::ready, std::memory_order_relaxed);
  if (context->kind == ContextKind::guest) context->is_ready.store(true, std::memory_order_relaxed);
  if (sched == current.root().sched()) return current.root().start(context);
  const bool is_visitor = !holds_hart_of(sched);
  if (is_visitor) sched_begin_visit(sched);
  sched->funcs->context_unblock(sched, handle);
  if (is_visitor) sched_end_visit(sched);
  return 0;
}

int lithe_context_yield(void) {
  Context *self = identity_self();
  if (!self) return LITHE_ENOMEM;
  if (self->kind == ContextKind::carrier) return LITHE_EPERM;
  if (!self->carrier) {
    sched_yield();
    return 0;
  }
  if (self->carrier->in_callback) return LITHE_EPERM;
  Carrier::leave(self, Departure::yielded);
  return 0;
}

int lithe_context_exit(void) {
  Context *self = self_pointer;
  if (!self || self->kind != ContextKind::donor || !self->carrier || self->carrier->in_callback) return LITHE_EPERM;
  longjmp(self->base, 1);  // the one that sanitizers know; no signal mask was saved
}

int lithe_context_move(lithe_context_t *handle, lithe_sched_t *sched) {
  if (!handle) return LITHE_EINVAL;
  Context *context = inside(handle);
  if (context->kind != ContextKind::donor) return LITHE_EINVAL;
  context->sched = sched ? sched : runtime().root().sched();
  return 0;
}

int lithe_context_is_local(const lithe_context_t *handle) {
  const Context *context = inside(handle);
  if (context->kind != ContextKind::guest) return 1;
  Context *self = self_pointer;
  return self && self->carrier == context->home;
}

size_t lithe_context_pool_trim(void) {
  const RuntimeCode own;
  Runtime *current = runtime_if_started();
  return current ? current->pool().trim() : 0;
}

}  // extern "C"
