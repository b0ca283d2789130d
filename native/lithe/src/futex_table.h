// Where contexts wait for words: a fixed table of queues, each for all words of one hash.
#pragma once

#include <cstdint>

struct lithe_waiter;

namespace lithe::core {

struct alignas(64) FutexQueue {
  uint32_t guard = 0;
  lithe_waiter *head = nullptr;
  lithe_waiter *tail = nullptr;
};

class FutexTable {
 public:
  FutexQueue &of(const void *word) {
    // Fibonacci hashing; the two low bits of an aligned word tell nothing.
    const uint64_t hash = (reinterpret_cast<uintptr_t>(word) >> 2) * 0x9e3779b97f4a7c15u;
    return queues_[hash >> 56];
  }

 private:
  FutexQueue queues_[256];
};

}  // namespace lithe::core
