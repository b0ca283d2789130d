// A scheduler for tests that moves contexts between harts as much as it can: one pool for all harts, from which each takes
// at random. It also serves as a second opinion beside fork_join, with which it shares no code.
#ifndef HARTS_TESTING_SHUFFLE_HPP
#define HARTS_TESTING_SHUFFLE_HPP

#include <algorithm>
#include <atomic>
#include <mutex>

#include "lithe/lithe.hpp"
#include "testing/random.hpp"

namespace harts::testing {

class Shuffle : public lithe::Scheduler {
 public:
  explicit Shuffle(uint64_t seed = 1, const char *name = "shuffle") : Scheduler(name), random_(seed) {}

  /* Starts a context. Callable from: a context inside this scheduler. Returns 0 or the code of lithe_context_create. */
  int fork(void (*start)(void *), void *arg, const lithe_context_attr_t *attr = nullptr) {
    lithe_context_t *context;
    const int code = lithe_context_create(&context, attr, c(), start, arg);
    if (code != 0) return code;
    adopt(context);
    return 0;
  }

  /* Takes a context in that was made or moved by somebody else, is ready to run, and ends in this scheduler. */
  void adopt(lithe_context_t *context) {
    live_.fetch_add(1);
    context_unblock(context);
  }

  /* Blocks until every context has ended. */
  void join() {
    if (live_.load() == 0) return;
    lithe_context_block(
        [](lithe_context_t *self, void *argument) {
          Shuffle &scheduler = *static_cast<Shuffle *>(argument);
          scheduler.joiner_.store(self);
          if (scheduler.live_.load() == 0) scheduler.release_joiner();
        },
        this);
  }

 protected:
  lithe::Decision hart_enter() override {
    Hold hold(lock_);
    for (lithe_sched_t *child = children_; child; child = child->sibling_next) {
      if (lithe_sched_harts(child) >= lithe_sched_demand(child)) continue;
      unlink(child);  // the others come before it next time
      link(child);
      return lithe::Decision::grant(child);
    }
    if (!ready_) return lithe::Decision::yield();
    lithe_context_t **at = &ready_;
    for (int skip = random_.below(std::min(ready_count_, furthest)); skip > 0; --skip) at = &(*at)->next;
    lithe_context_t *context = *at;
    *at = context->next;
    if (last_ready_ == &context->next) last_ready_ = at;
    --ready_count_;
    return lithe::Decision::run(context);
  }
  void child_enter(lithe_sched_t *child) override {
    Hold hold(lock_);
    link(child);
  }
  void child_exit(lithe_sched_t *child) override {
    Hold hold(lock_);
    unlink(child);
  }
  void context_unblock(lithe_context_t *context) override {
    request(1);
    context_yield(context);
  }
  void context_yield(lithe_context_t *context) override {
    Hold hold(lock_);
    // At a random end: one in which only the first few were ever taken would not be random.
    context->next = nullptr;
    if (random_.below(2) == 0) {
      context->next = ready_;
      ready_ = context;
      if (!context->next) last_ready_ = &context->next;
    } else {
      *last_ready_ = context;
      last_ready_ = &context->next;
    }
    ++ready_count_;
  }
  void context_exit(lithe_context_t *) override {
    request(-1);
    if (live_.fetch_sub(1) == 1) release_joiner();
  }

 private:
  using Hold = std::lock_guard<lithe::SpinLock>;

  // How far into the queue a hart looks.
  static constexpr int furthest = 16;

  void link(lithe_sched_t *child) {
    child->sibling_next = nullptr;
    child->sibling_prev = last_child_;
    (last_child_ ? last_child_->sibling_next : children_) = child;
    last_child_ = child;
  }
  void unlink(lithe_sched_t *child) {
    (child->sibling_prev ? child->sibling_prev->sibling_next : children_) = child->sibling_next;
    (child->sibling_next ? child->sibling_next->sibling_prev : last_child_) = child->sibling_prev;
  }
  void release_joiner() {
    if (lithe_context_t *joiner = joiner_.exchange(nullptr)) lithe_context_unblock(joiner);
  }

  lithe::SpinLock lock_;
  Random random_;
  lithe_context_t *ready_ = nullptr;
  lithe_context_t **last_ready_ = &ready_;
  int ready_count_ = 0;
  lithe_sched_t *children_ = nullptr;
  lithe_sched_t *last_child_ = nullptr;
  std::atomic<int> live_{0};
  std::atomic<lithe_context_t *> joiner_{nullptr};
};

}  // namespace harts::testing

#endif
