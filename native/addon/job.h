/* A job: one top-level piece of native work started from JS, with its own scheduler. Knows nothing of JS. */
#ifndef HARTS_ADDON_JOB_H
#define HARTS_ADDON_JOB_H

#include <atomic>
#include <cstdint>

#include "addon/job_plan.h"

namespace harts::addon {

class Job {
 public:
  enum class Outcome { kDone, kAborted, kFailed };

  explicit Job(Node plan) : plan_(std::move(plan)) {}
  Job(const Job &) = delete;
  Job &operator=(const Job &) = delete;

  /* Executes the plan inside a scheduler of its own and returns when every hart is back.
   *
   * Callable from: a context, or any thread, which is a guest for the time. Once. */
  void run();

  /* Makes the job stop before its next call or iteration. Callable from: any thread, at any time. */
  void abort() { stop_.store(true, std::memory_order_relaxed); }

  /* Passes of the outermost loops that have ended so far. Callable from: any thread. */
  std::uint64_t iterations() const { return iterations_.load(std::memory_order_relaxed); }

  /* Valid when run() has returned. */
  Outcome outcome() const;
  /* The LITHE_E* code behind kFailed, else 0. */
  int problem() const { return problem_.load(std::memory_order_relaxed); }

  /* For the flows of the job. */
  bool stopped() const { return stop_.load(std::memory_order_relaxed); }
  void fail(int code);
  void count_iteration() { iterations_.fetch_add(1, std::memory_order_relaxed); }

 private:
  Node plan_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> cut_short_{false};
  std::atomic<int> problem_{0};
  std::atomic<std::uint64_t> iterations_{0};
};

}  // namespace harts::addon

#endif
