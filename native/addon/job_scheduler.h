/* The scheduler of a job, and of each `parallel` in it: fork_join that can hand a hart up to other jobs. */
#ifndef HARTS_ADDON_JOB_SCHEDULER_H
#define HARTS_ADDON_JOB_SCHEDULER_H

#include <atomic>

#include "schedulers/fork_join/fork_join.hpp"

namespace harts::addon {

class JobScheduler : public ForkJoin {
 public:
  /* `outer`: the scheduler of the same job that this one is entered in; nullptr for the job's own. */
  explicit JobScheduler(const char *name, JobScheduler *outer = nullptr)
      : ForkJoin(name), job_(outer != nullptr ? outer->job_ : *this) {}

  /* Gives the caller's hart to the root scheduler and goes on when a hart comes back: at once, if nobody else waits for
   * one. Callable from: a context of this scheduler. */
  void offer_hart() {
    job_.offered_.fetch_add(1, std::memory_order_relaxed);
    lithe_context_yield();
  }

 protected:
  /* A hart on offer goes up to the job's own scheduler and from there to the root; the caller's context is queued, so
   * the demand still asks for one. Which of the job's harts takes the offer does not matter. */
  lithe::Decision hart_enter() override {
    if (job_.offered_.load(std::memory_order_relaxed) > 0 && (this != &job_ || job_.accept())) {
      return lithe::Decision::yield();
    }
    return ForkJoin::hart_enter();
  }

 private:
  bool accept() {
    int offers = offered_.load(std::memory_order_relaxed);
    while (offers > 0) {
      if (offered_.compare_exchange_weak(offers, offers - 1, std::memory_order_relaxed)) return true;
    }
    return false;
  }

  JobScheduler &job_;
  std::atomic<int> offered_{0};  // harts on their way up; of the job's own scheduler only
};

}  // namespace harts::addon

#endif
