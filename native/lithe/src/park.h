// Waiting: in the kernel (futex) and in place (spinning).
#pragma once

#include <cstdint>

namespace lithe::core {

// Sleeps while *word == expected; may return early. Callable from any kernel thread; does not touch errno's value.
void futex_wait(const uint32_t *word, uint32_t expected);
// The same until `deadline` (CLOCK_MONOTONIC nanoseconds; UINT64_MAX: without end).
void futex_wait_until(const uint32_t *word, uint32_t expected, uint64_t deadline);
// Wakes up to `count` sleepers. The word itself is not read, so its memory may be gone.
void futex_wake(const uint32_t *word, int count);

// Tells the processor that this is a spin loop. On arm64 with `isb`: its `yield` does nothing on most processors, and the
// counts of spins in this library are made for an instruction that takes as long as the pause of x86-64.
inline void cpu_relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#else
#error "harts does not know this processor: add its spin-loop hint here, and a native/lithe/src/switch_<architecture>.S"
#endif
}

// Monotonic nanoseconds.
uint64_t now_ns();

// A spin of bounded length: `for (Spin spin(ns); !ready() && spin.again();)`.
class Spin {
 public:
  explicit Spin(uint64_t nanoseconds) : budget_(nanoseconds) {}
  bool again() {
    if (budget_ == 0) return false;
    cpu_relax();
    if ((++turns_ & 31) != 0) return true;
    now_ = now_ns();
    if (start_ == 0) start_ = now_;
    return now_ - start_ < budget_;
  }
  // Since the first look at the clock, until the last; it is looked at once in about a microsecond.
  uint64_t elapsed_ns() const { return now_ - start_; }

 private:
  uint64_t budget_;
  uint64_t start_ = 0;
  uint64_t now_ = 0;
  uint32_t turns_ = 0;
};

// The spin before a context blocks for a lock: `for (SpinForLock spin; spin.again();) ...`. A holder on another hart
// usually leaves within this many turns; longer waits are worth two stack switches.
class SpinForLock {
 public:
  bool again() {
    cpu_relax();
    return turns_-- > 0;
  }

 private:
  int turns_ = 64;
};

}  // namespace lithe::core
