#include "stress.h"

#include <cerrno>
#include <sched.h>
#include <time.h>

#include "park.h"

namespace lithe::core {

std::atomic<uint64_t> stress_seed{0};

void stress_disturb() {
  static std::atomic<uint64_t> step{0};
  // splitmix64 of seed and step: the sequence of decisions is a function of the seed, their assignment to threads is not.
  uint64_t x =
      stress_seed.load(std::memory_order_relaxed) + step.fetch_add(1, std::memory_order_relaxed) * 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  x ^= x >> 31;
  const int saved = errno;
  if ((x & 0xff) == 0) {
    const timespec pause{0, static_cast<long>((x >> 8) % 60000)};
    nanosleep(&pause, nullptr);
  } else if ((x & 7) == 0) {
    sched_yield();
  } else if ((x & 7) < 3) {
    for (uint64_t i = (x >> 8) & 63; i > 0; --i) cpu_relax();
  }
  errno = saved;
}

}  // namespace lithe::core
