#include "lithe/semaphore.h"

#include "lithe/error.h"
#include "raw_lock.h"
#include "stress.h"
#include "wait_queue.h"

// Everything happens under `guard`. While somebody waits the value is 0: a post hands its unit to the first waiter, who
// owns it when it wakes, so a unit can be neither stolen nor lost.

using namespace lithe::core;

namespace {

void publish(lithe_context_t *self, void *argument) {
  lithe_semaphore_t *semaphore = static_cast<lithe_semaphore_t *>(argument);
  Locked lock(&semaphore->guard);
  if (semaphore->value > 0) {
    --semaphore->value;
    lock.drop();
    lithe_context_unblock(self);
    return;
  }
  wait_queue_push(semaphore->head, semaphore->tail, self);
}

}  // namespace

extern "C" {

int lithe_semaphore_init(lithe_semaphore_t *semaphore, unsigned value) {
  *semaphore = {0, value, nullptr, nullptr};
  return 0;
}

int lithe_semaphore_destroy(lithe_semaphore_t *semaphore) {
  Locked lock(&semaphore->guard);
  return semaphore->head ? LITHE_EBUSY : 0;
}

int lithe_semaphore_trywait(lithe_semaphore_t *semaphore) {
  Locked lock(&semaphore->guard);
  if (semaphore->value == 0) return LITHE_EBUSY;
  --semaphore->value;
  return 0;
}

int lithe_semaphore_wait(lithe_semaphore_t *semaphore) {
  if (lithe_semaphore_trywait(semaphore) == 0) return 0;
  stress_point();
  return lithe_context_block(publish, semaphore);
}

int lithe_semaphore_post(lithe_semaphore_t *semaphore) {
  lithe_context_t *waiter;
  {
    Locked lock(&semaphore->guard);
    waiter = wait_queue_pop(semaphore->head, semaphore->tail);
    if (!waiter) {
      if (semaphore->value == UINT32_MAX) return LITHE_EINVAL;
      ++semaphore->value;
    }
  }
  if (waiter) lithe_context_unblock(waiter);
  return 0;
}

}  // extern "C"
