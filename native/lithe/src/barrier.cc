#include "lithe/barrier.h"

#include <atomic>
#include <sched.h>

#include "lithe/error.h"
#include "lithe/sched.h"
#include "park.h"
#include "raw_lock.h"
#include "runtime.h"
#include "stress.h"
#include "wait_queue.h"

// `arrived` counts the arrivals of this generation; the last arriver resets it, then raises `generation`, under `guard`,
// and takes the list of blocked waiters. A waiter leaves when it sees another generation (acquire; the arrivals are
// acquire-release, so the last arriver has seen all writes and passes them on by the release on `generation`). A waiter
// joins the list only under `guard` and only while the generation is still its own, so none is left behind.
//
// `leaving` counts waiters that have been released and still have to read `generation`; destroy waits for them. Only
// waiters that spin are ever counted for long: one that blocks is done with the barrier when `publish` is, and settles
// its account there (below zero, until the last arriver adds all). So destroy never waits for somebody who needs a hart
// in order to leave, which might be the one that destroy runs on.

using namespace lithe::core;

namespace {

std::atomic_ref<uint32_t> atomic(uint32_t &word) { return std::atomic_ref<uint32_t>(word); }

// Law 4: spin only while every party of the barrier runs on a hart, and briefly; a long wait is somebody's long work.
uint64_t spin_ns(const lithe_barrier_t *barrier) {
  lithe_sched_t *sched = lithe_sched_self();
  if (!sched || lithe_sched_harts(sched) < static_cast<long>(barrier->parties)) return 0;
  return runtime().idle_spin_ns();
}

struct Wait {
  lithe_barrier_t *barrier;
  uint32_t generation;
};

void publish(lithe_context_t *self, void *argument) {
  const Wait wait = *static_cast<Wait *>(argument);
  Locked lock(&wait.barrier->guard);
  atomic(wait.barrier->leaving).fetch_sub(1, std::memory_order_release);
  if (wait.barrier->generation != wait.generation) {
    lock.drop();
    lithe_context_unblock(self);
    return;
  }
  self->next = wait.barrier->head;
  wait.barrier->head = self;
}

}  // namespace

extern "C" {

int lithe_barrier_init(lithe_barrier_t *barrier, unsigned parties) {
  if (parties == 0) return LITHE_EINVAL;
  *barrier = {parties, 0, 0, 0, 0, nullptr};
  return 0;
}

int lithe_barrier_destroy(lithe_barrier_t *barrier) {
  if (atomic(barrier->arrived).load(std::memory_order_acquire) != 0) return LITHE_EBUSY;
  while (atomic(barrier->leaving).load(std::memory_order_acquire) != 0) sched_yield();
  Locked lock(&barrier->guard);  // the last arriver may still be inside
  return 0;
}

int lithe_barrier_wait(lithe_barrier_t *barrier) {
  const uint32_t generation = atomic(barrier->generation).load(std::memory_order_acquire);
  stress_point();
  if (atomic(barrier->arrived).fetch_add(1, std::memory_order_acq_rel) + 1 == barrier->parties) {
    lithe_context_t *waiters;
    {
      Locked lock(&barrier->guard);
      atomic(barrier->arrived).store(0, std::memory_order_relaxed);
      atomic(barrier->leaving).fetch_add(barrier->parties - 1, std::memory_order_relaxed);
      waiters = barrier->head;
      barrier->head = nullptr;
      atomic(barrier->generation).store(generation + 1, std::memory_order_release);
    }
    wait_queue_unblock_all(waiters);
    return 1;
  }
  for (Spin spin(spin_ns(barrier)); atomic(barrier->generation).load(std::memory_order_acquire) == generation;) {
    if (spin.again()) continue;
    Wait wait{barrier, generation};
    lithe_context_block(publish, &wait);
    return 0;  // the barrier may be gone
  }
  atomic(barrier->leaving).fetch_sub(1, std::memory_order_release);
  return 0;
}

}  // extern "C"
