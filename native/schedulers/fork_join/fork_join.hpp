/* fork_join: the reusable base of the adapters. Per-hart run queues, stealing, demand of children. */
#ifndef HARTS_FORK_JOIN_HPP
#define HARTS_FORK_JOIN_HPP

#include <atomic>
#include <cstddef>
#include <memory>

#include "lithe/lithe.hpp"

namespace harts {

/* A context that enters a ForkJoin forks contexts with `fork` and waits for all of them with `join`. Schedulers that
 * need another policy derive from it and override a callback or two. */
class ForkJoin : public lithe::Scheduler {
 public:
  /* Throws std::bad_alloc. `name` has static storage. */
  explicit ForkJoin(const char *name = "fork_join");
  ~ForkJoin() override;

  /* Starts a context that runs `start(arg)`; it may run at once on another hart, or not before `join`.
   * Callable from: any context inside this scheduler. Returns 0 or LITHE_ENOMEM, LITHE_EAGAIN, in which case nothing
   * was started. */
  int fork(void (*start)(void *), void *arg, const lithe_context_attr_t *attr = nullptr);

  /* Blocks until every context forked so far has ended. May be used any number of times; one context at a time. */
  void join();

  /* Contexts forked and not ended yet. */
  std::size_t live() const { return live_.load(std::memory_order_acquire); }

  /* Queues a context of this scheduler that is ready to run, and asks for a hart for it. For derived schedulers that
   * make contexts themselves; callable from any thread. */
  void make_ready(lithe_context_t *context);

 protected:
  lithe::Decision hart_enter() override;
  void child_enter(lithe_sched_t *child) override;
  void child_exit(lithe_sched_t *child) override;
  void context_unblock(lithe_context_t *context) override;
  void context_yield(lithe_context_t *context) override;
  void context_exit(lithe_context_t *context) override;

 private:
  struct Queue;
  struct Children;
  void push(lithe_context_t *context);
  lithe_context_t *take();

  std::unique_ptr<Queue[]> queues_;
  std::size_t queue_count_;
  std::unique_ptr<Children> children_;
  std::atomic<std::size_t> live_{0};
  std::atomic<lithe_context_t *> joiner_{nullptr};
};

}  // namespace harts

#endif
