// One run of one scenario with one call failing, in a process of its own.
#ifndef HARTS_TESTING_FAULTS_TRIAL_HPP
#define HARTS_TESTING_FAULTS_TRIAL_HPP

#include <string>

#include "testing/fault_injection.hpp"
#include "testing/faults/scenario.hpp"

namespace harts::testing {

/* How one kind of call fails. */
struct Failure {
  const char *name; /* for the command line */
  Fault kind;
  int count; /* how many calls in a row */
  int error;
  /* The codes that the operation may give as the reason, 0-terminated; empty: it must succeed all the same. */
  int codes[4];
};

/* What is in use when a scenario is over: no more after a run with a failure than after one without. */
struct Balance {
  long blocks;
  long mappings;
};

struct Verdict {
  bool is_reached = false; /* so many calls were made that one failed */
  int code = 0;            /* of the operation */
  Balance balance{};
  std::string complaint; /* what is wrong, empty when nothing is */
};

/* Runs `scenario` with call number `call` (from 1 on) of the kind of `failure` failing, or, with no failure, without;
 * then once more without. Compares with `expected`, if given. */
Verdict try_out(const Scenario &scenario, const Failure *failure, int call, const Balance *expected);

}  // namespace harts::testing

#endif
