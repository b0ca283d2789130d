// Idle contexts, kept for their threads: making one costs tens of microseconds, reusing one costs tens of nanoseconds.
#pragma once

#include <cstddef>
#include <cstdint>

#include "context.h"
#include "raw_lock.h"

namespace lithe::core {

// Contexts of the default stack size are kept in the cache of the carrier where they ended, without any lock, up to a
// bound; what is more, and every other size, is kept here.
class Pool {
 public:
  // An idle pooled context with exactly this stack size, or null. Callable from any thread.
  Context *take(size_t stack_size);
  // Takes over an ended pooled context. Callable from a carrier's own stack.
  void put(Carrier *carrier, Context *context);
  // Takes back a context that was counted already, from the cache of a carrier that goes away.
  void adopt(Context *context);
  // Ends the threads of all idle contexts in this pool and in the caller's cache; returns how many.
  size_t trim();
  uint32_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  static constexpr unsigned cache_limit = 64;

  uint32_t lock_ = 0;
  Context *idle_ = nullptr;
  std::atomic<uint32_t> count_{0};  // caches included
};

}  // namespace lithe::core
