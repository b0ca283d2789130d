// What the program lithe_faults does again and again, each time with another call failing. See main.cc.
#ifndef HARTS_TESTING_FAULTS_SCENARIO_HPP
#define HARTS_TESTING_FAULTS_SCENARIO_HPP

#include <atomic>
#include <new>

#include "lithe/lithe.hpp"
#include "schedulers/fork_join/fork_join.hpp"

namespace harts::testing {

enum class Start {
  warm, /* the runtime is there, and the operation has been done before */
  cold  /* the failing call may be one of the start of the runtime */
};

/* An operation that uses the runtime as a program would. It returns 0 or the first code of liblithe that said why it
 * could not be done, and leaves nothing behind in either case: all that it started has ended. */
class Scenario {
 public:
  Scenario(const char *name, Start start, int (*operation)());
  Scenario(const Scenario &) = delete;
  Scenario &operator=(const Scenario &) = delete;

  const char *name() const { return name_; }
  bool is_cold() const { return start_ == Start::cold; }
  /* Does the operation in a thread of its own, which ends: its hart and what it keeps for itself are back then. Returns
   * LITHE_ENOMEM for std::bad_alloc, the code of a lithe::Error. */
  int run() const;

  const Scenario *next() const { return next_; }
  static const Scenario *first();

 private:
  const char *name_;
  Start start_;
  int (*operation_)();
  const Scenario *next_;
};

/* The first code other than 0; from any context. */
class Codes {
 public:
  void note(int code) {
    int none = 0;
    if (code < 0) first_.compare_exchange_strong(none, code);
  }
  int first() const { return first_.load(); }

 private:
  std::atomic<int> first_{0};
};

/* Enters a fork_join scheduler, forks `count` contexts that run body(arg), as many as can be had, does here(arg), waits
 * for all and leaves. Notes the codes of what failed; returns the first. */
template <class Shared>
int in_contexts(Shared &shared, int count, void (*body)(void *), void (*here)(Shared &) = nullptr,
                const lithe_context_attr_t *attr = nullptr) {
  ForkJoin scheduler("faults");
  if (const int code = lithe_sched_enter(scheduler.c()); code != 0) return code;
  for (int i = 0; i < count; ++i) {
    const int code = scheduler.fork(body, &shared, attr);
    shared.codes.note(code);
    if (code == 0) ++shared.forked;
  }
  if (here) here(shared);
  scheduler.join();
  shared.codes.note(lithe_sched_exit());
  return shared.codes.first();
}

/* What the contexts of one operation share; operations derive from it. */
struct Shared {
  Codes codes;
  int forked = 0; /* contexts besides the one that forks */
};

}  // namespace harts::testing

#endif
