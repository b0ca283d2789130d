// The FIFO of blocked contexts inside a synchronisation object; linked through lithe_context_t::next, guarded by the
// object's own lock word.
#pragma once

#include "lithe/context.h"

namespace lithe::core {

inline void wait_queue_push(lithe_context_t *&head, lithe_context_t *&tail, lithe_context_t *context) {
  context->next = nullptr;
  (tail ? tail->next : head) = context;
  tail = context;
}

inline void wait_queue_push_front(lithe_context_t *&head, lithe_context_t *&tail, lithe_context_t *context) {
  context->next = head;
  head = context;
  if (!tail) tail = context;
}

inline lithe_context_t *wait_queue_pop(lithe_context_t *&head, lithe_context_t *&tail) {
  lithe_context_t *context = head;
  if (!context) return nullptr;
  head = context->next;
  if (!head) tail = nullptr;
  context->next = nullptr;
  return context;
}

// Unblocks a list taken out of a queue. The link is read before the context may run.
inline void wait_queue_unblock_all(lithe_context_t *head) {
  while (head) {
    lithe_context_t *context = head;
    head = context->next;
    context->next = nullptr;
    lithe_context_unblock(context);
  }
}

}  // namespace lithe::core
