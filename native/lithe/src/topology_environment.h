// What the environment says about the machine.
#pragma once

#include <string>

namespace lithe::core {

struct TopologyEnvironment {
  int limit = 0;                      // HARTS; 0 when unset
  int virtual_harts = 0;              // HARTS_VIRTUAL; 0 when unset
  bool smt = true;                    // HARTS_SMT
  const char *description = nullptr;  // HARTS_TOPOLOGY; null when unset, else the environment's own text
};

// Returns 0 or LITHE_EINVAL, with a sentence in `problem` that names the variable, its value, and what to do. Whether a
// description is one is for hwloc to say, except that it has not too many PUs.
int read_topology_environment(TopologyEnvironment &environment, std::string &problem);

// An upper bound of the PUs in a synthetic description, or more than most_harts if it is more: hwloc would try to make
// objects for all of them. Of what is no description it says anything.
unsigned long described_pus(const char *description);

}  // namespace lithe::core
