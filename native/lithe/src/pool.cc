#include "pool.h"

#include "carrier.h"
#include "donor.h"

namespace lithe::core {
namespace {

Context *pop(Context *&list) {
  Context *context = list;
  list = static_cast<Context *>(context->next);
  context->next = nullptr;
  return context;
}

void push(Context *&list, Context *context) {
  context->next = list;
  list = context;
}

// The carrier whose cache the caller may touch: the one that it runs on, or a guest's home while the guest is outside.
Carrier *own_carrier() {
  Context *self = self_pointer;
  if (!self) return nullptr;
  return self->carrier ? self->carrier : self->home;
}

}  // namespace

Context *Pool::take(size_t stack_size) {
  Carrier *carrier = own_carrier();
  if (carrier && stack_size == donor_default_stack_size && carrier->cache) {
    --carrier->cache_count;
    count_.fetch_sub(1, std::memory_order_relaxed);
    return pop(carrier->cache);
  }
  if (std::atomic_ref<Context *>(idle_).load(std::memory_order_relaxed) == nullptr) return nullptr;
  Locked lock(&lock_);
  Context *before = nullptr;
  for (Context *context = idle_; context; before = context, context = static_cast<Context *>(context->next)) {
    if (context->stack_size != stack_size) continue;
    if (before) {
      before->next = context->next;
    } else {
      std::atomic_ref<Context *>(idle_).store(static_cast<Context *>(context->next), std::memory_order_relaxed);
    }
    context->next = nullptr;
    count_.fetch_sub(1, std::memory_order_relaxed);
    return context;
  }
  return nullptr;
}

void Pool::put(Carrier *carrier, Context *context) {
  context->state.store(ContextState::pooled, std::memory_order_relaxed);
  count_.fetch_add(1, std::memory_order_relaxed);
  if (context->stack_size == donor_default_stack_size && carrier->cache_count < cache_limit) {
    push(carrier->cache, context);
    ++carrier->cache_count;
    return;
  }
  adopt(context);
}

void Pool::adopt(Context *context) {
  Locked lock(&lock_);
  context->next = idle_;
  std::atomic_ref<Context *>(idle_).store(context, std::memory_order_relaxed);
}

size_t Pool::trim() {
  Context *victims = nullptr;
  if (Carrier *carrier = own_carrier()) {
    while (carrier->cache) push(victims, pop(carrier->cache));
    carrier->cache_count = 0;
  }
  {
    Locked lock(&lock_);
    while (idle_) push(victims, pop(idle_));
  }
  size_t ended = 0;
  while (victims) {
    Context *context = pop(victims);
    count_.fetch_sub(1, std::memory_order_relaxed);
    donor_end_and_join(context);
    ++ended;
  }
  return ended;
}

}  // namespace lithe::core
