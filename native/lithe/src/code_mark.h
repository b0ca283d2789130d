// Whose code runs on a kernel thread that carries a hart: a context's own, or the runtime's.
//
// Two things may happen to a context's code at any instruction, and must not happen to the runtime's, which has its
// carrier and its hart at hand in local variables: a system call that traps is made without the hart (offload.h), and a
// signal takes the hart away (interruption.h). `Carrier::in_code` says so to the signal's handler and to the monitor;
// `Carrier::selector` says it to the kernel, for donors only, because a guest's calls never trap.
//
// Written by the kernel thread itself only, so relaxed is enough for what happens on it; the monitor reads a hint.
#pragma once

#include <atomic>
#include <cstdint>

#include "carrier.h"
#include "context.h"

namespace lithe::core {

enum : uint8_t { selector_pass = 0, selector_trap = 1 };

// `context` has just been resumed: its code runs now. Does nothing when it has no hart.
inline void code_resumed(Context *context) {
  Carrier *carrier = context->carrier;
  if (!carrier) return;
  if (context->kind == ContextKind::donor) carrier->selector.store(selector_trap, std::memory_order_relaxed);
  // A signal's handler on this very thread must find the context resumed when it finds the mark.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  carrier->in_code.store(true, std::memory_order_relaxed);
}

// `carrier` goes on with code of the runtime.
inline void code_left(Carrier *carrier) {
  carrier->in_code.store(false, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  carrier->selector.store(selector_pass, std::memory_order_relaxed);
}

// Code of the runtime, or of a scheduler's callback, that a context calls.
class RuntimeCode {
 public:
  RuntimeCode() {
    Context *self = self_pointer;
    Carrier *carrier = self ? self->carrier : nullptr;
    if (!carrier || !carrier->in_code.load(std::memory_order_relaxed)) return;
    code_left(carrier);
    self_ = self;
  }
  ~RuntimeCode() {
    if (self_) code_resumed(self_);
  }
  RuntimeCode(const RuntimeCode &) = delete;
  RuntimeCode &operator=(const RuntimeCode &) = delete;

 private:
  Context *self_ = nullptr;
};

}  // namespace lithe::core
