/* Cases of the OpenMP tests in processes of their own. */
#ifndef HARTS_OPENMP_CHILD_CASE_HPP
#define HARTS_OPENMP_CHILD_CASE_HPP

#include <cstring>
#include <string>
#include <unistd.h>
#include <vector>

#include "testing/child_process.hpp"

namespace harts::omp {

/* Runs the case `openmp child: NAME` without the variables OMP_* of this process. Leak reports have no place in processes
 * that end in the middle of things. */
inline testing::Outcome run_child(const std::string &name, std::vector<std::string> environment = {}) {
  environment.emplace_back("ASAN_OPTIONS=detect_leaks=0");
  for (char **entry = environ; *entry != nullptr; ++entry) {
    if (strncmp(*entry, "OMP_", 4) == 0) environment.emplace_back(*entry, strcspn(*entry, "=") + 1);
  }
  return testing::run_case("openmp child: " + name, environment);
}

}  // namespace harts::omp

#endif
