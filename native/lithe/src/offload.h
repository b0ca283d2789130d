// Syscall offload: see lithe/offload.h.
//
// Each kernel thread that carries harts has told the kernel the address of a byte, Carrier::selector. While it is
// `trap`, a system call raises SIGSYS instead; while it is `pass` it is a system call. It is `trap` exactly while code of
// a donor context runs: not in a carrier's loop, not in a guest, not in the runtime's own calls (NoOffload), and not
// from the moment a context begins to leave its stack until one is resumed. The thread itself is the only writer.
#pragma once

#include <atomic>
#include <cstdint>

#include "carrier.h"
#include "context.h"

namespace lithe::core {

extern std::atomic<bool> offload_is_on;

enum : uint8_t { offload_pass = 0, offload_trap = 1 };

// For the calling kernel thread, which is about to carry harts as `carrier`. / Before `carrier` goes.
void offload_attach(Carrier *carrier);
void offload_detach();

// `context` has just been resumed: its code runs now.
inline void offload_resumed(Context *context) {
  if (offload_is_on.load(std::memory_order_relaxed)) [[unlikely]] {
    if (context->kind == ContextKind::donor && context->carrier) {
      context->carrier->selector.store(offload_trap, std::memory_order_relaxed);
    }
  }
}

// `carrier` goes on with code of the runtime.
inline void offload_left(Carrier *carrier) { carrier->selector.store(offload_pass, std::memory_order_relaxed); }

// System calls in this scope are the runtime's own, or those of a scheduler's callback: they must not suspend the
// context, whose carrier and hart are at hand in local variables.
class NoOffload {
 public:
  NoOffload() {
    if (offload_is_on.load(std::memory_order_relaxed)) [[unlikely]]
      enter();
  }
  ~NoOffload() {
    if (was_trapping_) [[unlikely]]
      offload_resumed(self_);
  }
  NoOffload(const NoOffload &) = delete;
  NoOffload &operator=(const NoOffload &) = delete;

 private:
  void enter() {
    self_ = self_pointer;
    if (!self_ || !self_->carrier) return;
    std::atomic<uint8_t> &selector = self_->carrier->selector;
    was_trapping_ = selector.load(std::memory_order_relaxed) == offload_trap;
    selector.store(offload_pass, std::memory_order_relaxed);
  }

  Context *self_ = nullptr;
  bool was_trapping_ = false;
};

}  // namespace lithe::core
