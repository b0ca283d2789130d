#include "park.h"

#include <cerrno>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "code_mark.h"
#include "raw_lock.h"
#include "stress.h"

namespace lithe::core {

void futex_wait(const uint32_t *word, uint32_t expected) {
  if (stress_chance(8)) return;
  const RuntimeCode own;
  const int saved = errno;
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
  errno = saved;
}

void futex_wait_until(const uint32_t *word, uint32_t expected, uint64_t deadline) {
  if (stress_chance(8)) return;
  const RuntimeCode own;
  if (deadline == UINT64_MAX) {
    futex_wait(word, expected);
    return;
  }
  const int saved = errno;
  // Unlike FUTEX_WAIT, the bitset form takes an absolute time.
  const timespec until{static_cast<time_t>(deadline / 1000000000u), static_cast<long>(deadline % 1000000000u)};
  syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected, &until, nullptr, FUTEX_BITSET_MATCH_ANY);
  errno = saved;
}

void futex_wake(const uint32_t *word, int count) {
  const RuntimeCode own;
  const int saved = errno;
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
  errno = saved;
}

uint64_t now_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

void RawLock::take_slowly(uint32_t *word) {
  std::atomic_ref<uint32_t> state(*word);
  for (int turn = 0; turn < 100; ++turn) {
    cpu_relax();
    uint32_t expected = 0;
    if (state.load(std::memory_order_relaxed) == 0 &&
        state.compare_exchange_strong(expected, 1, std::memory_order_acquire, std::memory_order_relaxed)) {
      return;
    }
  }
  // From here on this waiter always leaves 2 behind when it takes the lock: it cannot know that it was the only sleeper.
  while (state.exchange(2, std::memory_order_acquire) != 0) futex_wait(word, 2);
}

}  // namespace lithe::core
