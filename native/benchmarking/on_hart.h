// Running a piece of a benchmark on a hart, and the smallest scheduler that can do so.
#pragma once

#include <functional>

#include "lithe/lithe.h"

namespace harts::bench {

// Runs `work` in a context of the root scheduler, on a carrier, and returns when it is done. The calling thread sleeps
// in the kernel meanwhile, so it disturbs nobody. Returns the PU of the hart that ran it.
int on_hart(const std::function<void()> &work);

// Callbacks that do nothing; hart_enter yields. Benches set those that they need in a copy.
constexpr lithe_sched_funcs_t quiet_funcs = {
    .hart_request = [](lithe_sched_t *, lithe_sched_t *, int) {},
    .hart_enter = [](lithe_sched_t *) { return lithe_hart_yield(); },
    .hart_return = [](lithe_sched_t *, lithe_sched_t *) {},
    .sched_enter = [](lithe_sched_t *) {},
    .sched_exit = [](lithe_sched_t *) {},
    .child_enter = [](lithe_sched_t *, lithe_sched_t *) {},
    .child_exit = [](lithe_sched_t *, lithe_sched_t *) {},
    .context_block = [](lithe_sched_t *, lithe_context_t *) {},
    .context_unblock = [](lithe_sched_t *, lithe_context_t *) {},
    .context_yield = [](lithe_sched_t *, lithe_context_t *) {},
    .context_exit = [](lithe_sched_t *, lithe_context_t *) {},
};

// A scheduler for one hart: one queue, first in, first out, no lock, no request. What is measured with it is the
// runtime's protocol and next to nothing of the scheduler.
struct Line {
  lithe_sched_t sched;  // first: callbacks find the rest behind it
  lithe_context_t *head = nullptr;
  lithe_context_t *tail = nullptr;

  Line();
  void push(lithe_context_t *context);
  // A context of this scheduler, at the end of the queue.
  void spawn(void (*start)(void *), void *arg);
};

// Ends the program with a sentence when a call of the runtime failed.
void expect(const char *call, int code);

}  // namespace harts::bench
