// Timers in the order of their deadlines.
#pragma once

#include <cstdint>

#include "lithe/context.h"

namespace lithe::core {

// A node of the heap of deadlines, inside whoever waits. Between `arm` and the end of `cancel` it belongs to the queue.
struct Timer {
  uint64_t deadline = 0;
  // What happens at the deadline, under the queue's lock: returns the context that the queue is to unblock afterwards,
  // or null when the wait is over anyway.
  lithe_context_t *(*expire)(Timer *) = nullptr;

 private:
  friend class TimerQueue;
  friend class TimerHeap;
  // Pairing heap: first child, next sibling, and the parent or previous sibling.
  Timer *child = nullptr;
  Timer *sibling = nullptr;
  Timer *before = nullptr;
  bool is_armed = false;
};

// An intrusive pairing heap by deadline: no allocation, so arming a timer cannot fail. Insertion is O(1), removal
// O(log n) amortised.
class TimerHeap {
 public:
  Timer *first() const { return root_; }
  void insert(Timer *timer);
  void remove(Timer *timer);

 private:
  static Timer *meld(Timer *a, Timer *b);
  static Timer *meld_siblings(Timer *first);

  Timer *root_ = nullptr;
};

}  // namespace lithe::core
