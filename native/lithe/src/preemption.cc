#include "lithe/preemption.h"

#include "carrier.h"
#include "context.h"
#include "lithe/error.h"
#include "runtime.h"

using namespace lithe::core;

extern "C" {

int lithe_preemption_start(uint64_t quantum_ns) {
  constexpr uint64_t longest = 60'000'000'000;
  if (quantum_ns == 0) quantum_ns = Monitor::default_quantum_ns;
  if (quantum_ns < 2 * Monitor::period_ns || quantum_ns > longest) return LITHE_EINVAL;
  int code = 0;
  Runtime *current = runtime_start(code);
  if (!current) return code;
  if (current->monitor().is_off()) return LITHE_ENOTSUP;
  current->monitor().set_quantum(quantum_ns);
  return 0;
}

void lithe_preemption_stop(void) {
  if (Runtime *current = runtime_if_started()) current->monitor().set_quantum(0);
}

// A handler on this thread runs between two instructions: it sees the count either before or after.
void lithe_preemption_disable(void) {
  Context *self = self_pointer;
  if (!self) return;
  self->undisturbed.store(self->undisturbed.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

void lithe_preemption_enable(void) {
  Context *self = self_pointer;
  if (!self) return;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  const unsigned depth = self->undisturbed.load(std::memory_order_relaxed);
  if (depth > 0) self->undisturbed.store(depth - 1, std::memory_order_relaxed);
}

int lithe_context_should_yield(void) {
  Context *self = self_pointer;
  return self && self->carrier && self->carrier->should_yield.load(std::memory_order_relaxed);
}

}  // extern "C"
