// The trace: events, recorded while somebody wants them. See lithe/trace.h for what becomes of them.
#pragma once

#include <atomic>
#include <cstdint>

#include "hart.h"

namespace lithe::core {

struct Carrier;
struct Context;
class Runtime;
struct TraceRings;

enum class Event : uint8_t {
  hart_enter,     // the scheduler is asked what the hart shall do
  grant,          // the hart goes to a child
  yield,          // the child gives it back to its parent
  run,            // a context goes on
  block,          // the running context leaves: it waits for something,
  context_yield,  // it lets others run,
  exit,           // it has ended
  unblock,        // a context can run again
  sched_enter,    // the running context entered a scheduler,
  sched_exit,     // it left one, and is in the parent now
  park,           // nothing to do: the hart is idle from here on
  wake,           // a carrier takes the hart up
  handoff,        // the carrier puts the hart down, for another kernel thread
  guest_in,       // a foreign thread has got the hart
  guest_out,      // it has left its outermost scheduler
};

// Where events go; null while nothing is recorded. It is the flag that costs one branch. Release by lithe_trace_start,
// acquire by whoever writes an event.
extern std::atomic<TraceRings *> active_trace __attribute__((visibility("hidden")));

inline bool is_tracing() { return active_trace.load(std::memory_order_relaxed) != nullptr; }

void trace_hart_event(Event what, const Hart *hart, const lithe_sched_t *sched);
void trace_context_event(Event what, const Carrier *carrier, const Context *context);
void trace_unblock(const Context *context);

// An event of a hart that the caller carries, or has taken from an idle list or a mailbox under the root lock: nobody
// else writes to its ring then, and what the last one wrote happened before. `sched` is kept alive by the caller.
inline void trace(Event what, const Hart *hart, const lithe_sched_t *sched) {
  if (is_tracing()) [[unlikely]]
    trace_hart_event(what, hart, sched);
}

// An event of `context`, on the hart of `carrier`, which is the calling kernel thread.
inline void trace(Event what, const Carrier *carrier, const Context *context) {
  if (is_tracing()) [[unlikely]]
    trace_context_event(what, carrier, context);
}

// `context` becomes ready; on the hart of whoever calls, if he has one.
inline void trace_ready(const Context *context) {
  if (is_tracing()) [[unlikely]]
    trace_unblock(context);
}

// HARTS_TRACE. Once in the process, when the runtime has just been made.
void trace_follow_environment(Runtime &runtime);
// In the child of fork: nothing is recorded, and the parent's file is not the child's to write.
void trace_forget();

}  // namespace lithe::core
