// The machine as the runtime sees it: which PUs the process may use, in which order, and how many harts that makes.
#pragma once

#include <string>
#include <vector>

#include "lithe/topology.h"

namespace lithe::core {

struct Topology {
  std::vector<lithe_hart_place_t> places;  // one per hart, locality order
  int pus = 0;
  int machine_pus = 0;
  double quota = 0;
  bool is_virtual = false;
  bool is_pinned = false;
};

// Reads affinity mask, cgroup quota, hwloc topology and the variables HARTS and HARTS_VIRTUAL. Returns 0 or a negative
// LITHE_E* code, with a sentence in `problem`.
int read_topology(Topology &topology, std::string &problem);

}  // namespace lithe::core
