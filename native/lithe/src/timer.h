// Deadlines: one kernel thread for all of them.
#pragma once

#include <atomic>
#include <cstdint>

#include "raw_lock.h"
#include "timer_heap.h"

namespace lithe::core {

// All timers of a runtime and the thread that serves them.
//
// The thread sleeps on `alarm_` until the first deadline, or without end when there is none. Who arms a timer that is
// now the first changes `alarm_` under the lock and wakes the thread; the thread reads `alarm_` under the lock before
// it sleeps, so a change between its look at the heap and its sleep makes the futex call return at once.
class TimerQueue {
 public:
  // Starts the thread, once. 0, LITHE_EAGAIN or LITHE_ENOMEM. Before `arm`; after that nothing can fail.
  int prepare();
  void arm(Timer *timer, uint64_t deadline);
  // Returns when the timer is out of the queue and `expire` neither runs nor will.
  void cancel(Timer *timer);

 private:
  static void *main(void *queue);
  [[noreturn]] void serve();

  uint32_t lock_ = 0;
  uint32_t start_lock_ = 0;
  std::atomic<bool> is_started_{false};
  uint32_t alarm_ = 0;
  TimerHeap heap_;
};

}  // namespace lithe::core
