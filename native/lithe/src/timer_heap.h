// Timers in the order of their deadlines.
#pragma once

#include <cstdint>

#include "lithe/context.h"
#include "pairing_heap.h"

namespace lithe::core {

// A node of the heap of deadlines, inside whoever waits. Between `arm` and the end of `cancel` it belongs to the queue.
struct Timer {
  uint64_t deadline = 0;
  // What happens at the deadline, under the queue's lock: returns the context that the queue is to unblock afterwards,
  // or null when the wait is over anyway.
  lithe_context_t *(*expire)(Timer *) = nullptr;

 private:
  friend class TimerQueue;
  friend struct DeadlineOrder;
  HeapLinks<Timer> links;
  bool is_armed = false;
};

struct DeadlineOrder {
  static HeapLinks<Timer> &links(Timer *timer) { return timer->links; }
  static bool comes_before(const Timer *a, const Timer *b) { return a->deadline < b->deadline; }
};

using TimerHeap = PairingHeap<Timer, DeadlineOrder>;

}  // namespace lithe::core
