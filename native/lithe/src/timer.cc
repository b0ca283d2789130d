#include "timer.h"

#include <pthread.h>
#include <sys/prctl.h>

#include "code_mark.h"
#include "keep_errno.h"
#include "lithe/error.h"
#include "lithe/timer.h"
#include "park.h"
#include "runtime.h"
#include "service_thread.h"
#include "stress.h"
#include "waiter.h"

namespace lithe::core {

int TimerQueue::prepare() {
  if (is_started_.load(std::memory_order_acquire)) return 0;
  const KeepErrno keep;
  const RuntimeCode own;
  Locked lock(&start_lock_);
  if (is_started_.load(std::memory_order_relaxed)) return 0;
  if (const int code = service_thread_start(&runtime(), main, this); code != 0) return code;
  is_started_.store(true, std::memory_order_release);
  return 0;
}

void TimerQueue::arm(Timer *timer, uint64_t deadline) {
  bool is_first;
  {
    Locked lock(&lock_);
    timer->deadline = deadline;
    timer->is_armed = true;
    heap_.insert(timer);
    is_first = heap_.first() == timer;
    if (is_first) std::atomic_ref<uint32_t>(alarm_).fetch_add(1, std::memory_order_relaxed);
  }
  if (is_first) futex_wake(&alarm_, 1);
}

void TimerQueue::cancel(Timer *timer) {
  Locked lock(&lock_);
  if (!timer->is_armed) return;
  timer->is_armed = false;
  heap_.remove(timer);
}

void *TimerQueue::main(void *queue) {
  pthread_setname_np(pthread_self(), "lithe-timer");
  prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);  // the default adds up to 50 us to every deadline
  static_cast<TimerQueue *>(queue)->serve();
}

void TimerQueue::serve() {
  for (;;) {
    lithe_context_t *expired = nullptr;
    uint64_t next = LITHE_FOREVER;
    uint32_t alarm;
    {
      Locked lock(&lock_);
      const uint64_t now = now_ns();
      while (Timer *timer = heap_.first()) {
        if (timer->deadline > now) {
          next = timer->deadline;
          break;
        }
        heap_.remove(timer);
        timer->is_armed = false;
        // A context whose wait has been claimed is in nobody's list: its link is free. From here on the timer's memory
        // is the waiter's again, as soon as the lock is dropped.
        if (lithe_context_t *context = timer->expire(timer)) {
          context->next = expired;
          expired = context;
        }
      }
      alarm = std::atomic_ref<uint32_t>(alarm_).load(std::memory_order_relaxed);
    }
    stress_point();
    if (expired) {
      // Outside the lock: unblocking calls schedulers.
      while (lithe_context_t *context = expired) {
        expired = context->next;
        context->next = nullptr;
        lithe_context_unblock(context);
      }
      continue;
    }
    futex_wait_until(&alarm_, alarm, next);
  }
}

}  // namespace lithe::core

using namespace lithe::core;

extern "C" {

uint64_t lithe_clock_now(void) { return now_ns(); }

uint64_t lithe_clock_after(uint64_t nanoseconds) {
  const uint64_t now = now_ns();
  return nanoseconds > LITHE_FOREVER - now ? LITHE_FOREVER : now + nanoseconds;
}

int lithe_sleep(uint64_t nanoseconds) { return lithe_sleep_until(lithe_clock_after(nanoseconds)); }

int lithe_sleep_until(uint64_t deadline) {
  lithe_waiter waiter;
  const int code = wait_in(waiter, deadline, [](lithe_waiter *) { return true; });
  return code == LITHE_ETIMEDOUT ? 0 : code;
}

}  // extern "C"
