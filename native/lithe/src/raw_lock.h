// The lock of the runtime's own critical sections, which are a few instructions long.
#pragma once

#include <atomic>
#include <cstdint>
#include <source_location>

#include "park.h"
#include "stress.h"

namespace lithe::core {

// A three-state futex lock on a 32-bit word (0 free, 1 held, 2 held and somebody sleeps), so that it fits into the
// public C structures. Held only across code that neither switches stacks nor calls a scheduler, never across a
// suspension, and in code of contexts never across a call out of this library (interruption.h says why), so a waiter spins for the length of such a section and sleeps in the kernel only when the holder was
// descheduled by the operating system.
//
// Memory order: acquire on taking, release on dropping. `drop` touches the word once with an atomic exchange; the
// futex wake that may follow uses only its address, so the memory may be freed by whoever takes the lock next.
class RawLock {
 public:
  static void take(uint32_t *word) {
    std::atomic_ref<uint32_t> state(*word);
    uint32_t expected = 0;
    if (state.compare_exchange_strong(expected, 1, std::memory_order_acquire, std::memory_order_relaxed)) return;
    take_slowly(word);
  }
  static void drop(uint32_t *word) {
    std::atomic_ref<uint32_t> state(*word);
    if (state.exchange(0, std::memory_order_release) == 2) futex_wake(word, 1);
  }
  static bool try_take(uint32_t *word) {
    uint32_t expected = 0;
    return std::atomic_ref<uint32_t>(*word).compare_exchange_strong(expected, 1, std::memory_order_acquire,
                                                                    std::memory_order_relaxed);
  }

 private:
  static void take_slowly(uint32_t *word);
};

// Holds a RawLock for a scope.
class Locked {
 public:
  explicit Locked(uint32_t *word, std::source_location where = std::source_location::current()) : word_(word) {
    stress_point(where);
    RawLock::take(word_);
  }
  ~Locked() {
    if (word_) RawLock::drop(word_);
  }
  Locked(const Locked &) = delete;
  Locked &operator=(const Locked &) = delete;
  void drop() {
    RawLock::drop(word_);
    word_ = nullptr;
  }

 private:
  uint32_t *word_;
};

}  // namespace lithe::core
