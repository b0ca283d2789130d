// A scheduler for tests that moves contexts between harts as much as it can: one pool for all harts, from which each takes
// at random. It also serves as a second opinion beside fork_join, with which it shares no code.
#ifndef HARTS_TESTING_SHUFFLE_HPP
#define HARTS_TESTING_SHUFFLE_HPP

#include <atomic>
#include <cstddef>
#include <mutex>
#include <vector>

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
    for (std::size_t i = 0; i < children_.size(); ++i) {
      lithe_sched_t *child = children_[(first_child_ + i) % children_.size()];
      if (lithe_sched_harts(child) >= lithe_sched_demand(child)) continue;
      first_child_ = (first_child_ + i + 1) % children_.size();
      return lithe::Decision::grant(child);
    }
    if (ready_.empty()) return lithe::Decision::yield();
    const std::size_t which = static_cast<std::size_t>(random_.below(static_cast<int>(ready_.size())));
    lithe_context_t *context = ready_[which];
    ready_[which] = ready_.back();
    ready_.pop_back();
    return lithe::Decision::run(context);
  }
  void child_enter(lithe_sched_t *child) override {
    Hold hold(lock_);
    children_.push_back(child);
  }
  void child_exit(lithe_sched_t *child) override {
    Hold hold(lock_);
    std::erase(children_, child);
    first_child_ = 0;
  }
  void context_unblock(lithe_context_t *context) override {
    request(1);
    context_yield(context);
  }
  void context_yield(lithe_context_t *context) override {
    Hold hold(lock_);
    ready_.push_back(context);
  }
  void context_exit(lithe_context_t *) override {
    request(-1);
    if (live_.fetch_sub(1) == 1) release_joiner();
  }

 private:
  using Hold = std::lock_guard<lithe::SpinLock>;

  void release_joiner() {
    if (lithe_context_t *joiner = joiner_.exchange(nullptr)) lithe_context_unblock(joiner);
  }

  lithe::SpinLock lock_;
  Random random_;
  std::vector<lithe_context_t *> ready_;
  std::vector<lithe_sched_t *> children_;
  std::size_t first_child_ = 0;
  std::atomic<int> live_{0};
  std::atomic<lithe_context_t *> joiner_{nullptr};
};

}  // namespace harts::testing

#endif
