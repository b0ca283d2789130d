#include "lithe/spinlock.h"

#include <atomic>
#include <cerrno>
#include <sched.h>

#include "lithe/error.h"
#include "lithe/preemption.h"
#include "park.h"
#include "stress.h"

using namespace lithe::core;

namespace {

std::atomic_ref<uint32_t> state_of(lithe_spinlock_t *lock) { return std::atomic_ref<uint32_t>(lock->state); }

// The holder is inside a handful of instructions, so waiting is short; if the kernel took the holder's processor away, the
// waiter offers its own.
void wait(lithe_spinlock_t *lock) {
  constexpr unsigned turns_between_offers = 256;
  for (unsigned turn = 1; state_of(lock).load(std::memory_order_relaxed) != 0; ++turn) {
    if (turn % turns_between_offers != 0) {
      cpu_relax();
      continue;
    }
    const int saved = errno;
    sched_yield();
    errno = saved;
  }
}

}  // namespace

extern "C" {

// Acquire on taking, release on dropping: what one holder wrote the next one sees.
void lithe_spinlock_lock(lithe_spinlock_t *lock) {
  stress_point();
  lithe_preemption_disable();
  while (state_of(lock).exchange(1, std::memory_order_acquire) != 0) wait(lock);
}

int lithe_spinlock_trylock(lithe_spinlock_t *lock) {
  lithe_preemption_disable();
  if (state_of(lock).exchange(1, std::memory_order_acquire) == 0) return 0;
  lithe_preemption_enable();
  return LITHE_EBUSY;
}

void lithe_spinlock_unlock(lithe_spinlock_t *lock) {
  state_of(lock).store(0, std::memory_order_release);
  lithe_preemption_enable();
}

}  // extern "C"
