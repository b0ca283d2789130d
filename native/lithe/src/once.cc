#include "lithe/once.h"

#include <atomic>

#include "lithe/error.h"
#include "raw_lock.h"
#include "stress.h"
#include "waiter.h"

// `state` goes from fresh to running by compare-exchange, and from running to done, or back to fresh when the action
// threw, under `guard`. A waiter is linked under `guard` only while it is running, so it will be found. After a throw all
// waiters are released; the first to come does it again.

using namespace lithe::core;

namespace {

enum State : uint32_t { fresh, running, done };

std::atomic_ref<uint32_t> state_of(lithe_once_t *once) { return std::atomic_ref<uint32_t>(once->state); }

void finish(lithe_once_t *once, State state) {
  lithe_waiter *waiters;
  {
    Locked lock(&once->guard);
    state_of(once).store(state, std::memory_order_release);
    waiters = waiters_take_all(once->head, once->tail);
  }
  waiters_unblock(waiters);
}

// Settles the state when the action is over, however.
struct Running {
  lithe_once_t *once;
  State result = fresh;
  ~Running() { finish(once, result); }
};

bool run_if_first(lithe_once_t *once, void (*action)(void *), void *arg) {
  uint32_t expected = fresh;
  if (!state_of(once).compare_exchange_strong(expected, running, std::memory_order_acquire,
                                              std::memory_order_relaxed)) {
    return false;
  }
  Running section{once};
  action(arg);
  section.result = done;
  return true;
}

bool is_done(lithe_once_t *once) { return state_of(once).load(std::memory_order_acquire) == done; }

}  // namespace

extern "C" {

int lithe_once_call(lithe_once_t *once, void (*action)(void *), void *arg) {
  return lithe_once_timedcall(once, action, arg, LITHE_FOREVER);
}

int lithe_once_trycall(lithe_once_t *once, void (*action)(void *), void *arg) {
  if (is_done(once)) return 0;
  if (!action) return LITHE_EINVAL;
  return run_if_first(once, action, arg) || is_done(once) ? 0 : LITHE_EBUSY;
}

int lithe_once_timedcall(lithe_once_t *once, void (*action)(void *), void *arg, uint64_t deadline) {
  if (is_done(once)) return 0;
  if (!action) return LITHE_EINVAL;
  while (!run_if_first(once, action, arg) && !is_done(once)) {
    stress_point();
    lithe_waiter waiter;
    const int code = wait_in(waiter, deadline, [&](lithe_waiter *self) {
      Locked lock(&once->guard);
      if (state_of(once).load(std::memory_order_relaxed) != running) return false;
      waiters_push(once->head, once->tail, self);
      return true;
    });
    if (code == LITHE_ETIMEDOUT) {
      Locked lock(&once->guard);
      waiters_unlink(once->head, once->tail, &waiter);
    }
    if (code != 0) return code;
  }
  return 0;
}

int lithe_once_destroy(lithe_once_t *once) {
  Locked lock(&once->guard);
  if (state_of(once).load(std::memory_order_relaxed) == running || once->head) return LITHE_EBUSY;
  state_of(once).store(fresh, std::memory_order_relaxed);
  return 0;
}

}  // extern "C"
