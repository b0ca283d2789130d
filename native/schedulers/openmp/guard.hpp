/* A lock for a few instructions, for use on carriers and in callbacks, where nothing may block. */
#ifndef HARTS_OPENMP_GUARD_HPP
#define HARTS_OPENMP_GUARD_HPP

#include <sched.h>

#include <atomic>

namespace harts::omp {

/* Tells the processor that this is a spin loop. */
inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#else
#error "harts does not know this processor: add its spin-loop hint here"
#endif
}

/* Test and test-and-set. The holder is on a hart and inside a handful of instructions, so waiting is short; if the
 * kernel took the holder's processor away, the waiter offers its own. */
class Guard {
 public:
  void lock() {
    unsigned spins = 0;
    while (taken_.exchange(true, std::memory_order_acquire)) {
      while (taken_.load(std::memory_order_relaxed)) {
        if (++spins % 256 == 0) {
          sched_yield();
        } else {
          relax();
        }
      }
    }
  }
  void unlock() { taken_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> taken_{false};
};

}  // namespace harts::omp

#endif
