#include "lithe/latch.h"

#include <atomic>

#include "lithe/error.h"
#include "raw_lock.h"
#include "stress.h"
#include "waiter.h"

// The count reaches zero only under `guard`, and the waiters are taken in the same section. So a waiter that finds the
// count not zero under the guard will be found, and destroy, which takes the guard, waits for the last step.

using namespace lithe::core;

namespace {

std::atomic_ref<uint32_t> count_of(lithe_latch_t *latch) { return std::atomic_ref<uint32_t>(latch->count); }

}  // namespace

extern "C" {

int lithe_latch_init(lithe_latch_t *latch, unsigned count) {
  *latch = {count, 0, nullptr, nullptr};
  return 0;
}

int lithe_latch_destroy(lithe_latch_t *latch) {
  Locked lock(&latch->guard);
  return latch->head ? LITHE_EBUSY : 0;
}

int lithe_latch_down(lithe_latch_t *latch, unsigned steps) {
  uint32_t count = count_of(latch).load(std::memory_order_relaxed);
  while (count > steps) {
    if (count_of(latch).compare_exchange_weak(count, count - steps, std::memory_order_acq_rel,
                                              std::memory_order_relaxed)) {
      return 0;
    }
  }
  lithe_waiter *waiters = nullptr;
  {
    Locked lock(&latch->guard);
    count = count_of(latch).load(std::memory_order_relaxed);
    do {
      if (count < steps) return LITHE_EINVAL;
    } while (!count_of(latch).compare_exchange_weak(count, count - steps, std::memory_order_acq_rel,
                                                    std::memory_order_relaxed));
    if (count == steps) waiters = waiters_take_all(latch->head, latch->tail);
  }
  stress_point();
  waiters_unblock(waiters);
  return 0;
}

int lithe_latch_wait(lithe_latch_t *latch) { return lithe_latch_timedwait(latch, LITHE_FOREVER); }

int lithe_latch_trywait(const lithe_latch_t *latch) {
  return count_of(const_cast<lithe_latch_t *>(latch)).load(std::memory_order_acquire) == 0 ? 0 : LITHE_EBUSY;
}

int lithe_latch_timedwait(lithe_latch_t *latch, uint64_t deadline) {
  if (lithe_latch_trywait(latch) == 0) return 0;
  stress_point();
  lithe_waiter waiter;
  const int code = wait_in(waiter, deadline, [&](lithe_waiter *self) {
    Locked lock(&latch->guard);
    if (count_of(latch).load(std::memory_order_acquire) == 0) return false;
    waiters_push(latch->head, latch->tail, self);
    return true;
  });
  if (code != LITHE_ETIMEDOUT) return code;
  Locked lock(&latch->guard);
  waiters_unlink(latch->head, latch->tail, &waiter);
  return LITHE_ETIMEDOUT;
}

}  // extern "C"
