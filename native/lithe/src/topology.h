// The machine as the runtime sees it: which PUs the process may use, in which order, how far they are from each other,
// and how many harts that makes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "lithe/topology.h"

struct hwloc_topology;

namespace lithe::core {

struct Topology {
  std::vector<lithe_hart_place_t> places;  // one per hart, locality order
  int pus = 0;
  int machine_pus = 0;
  double quota = 0;
  int smt = 1;
  bool is_smt_used = false;
  bool is_virtual = false;
  bool is_synthetic = false;
  bool is_pinned = false;

  // The PUs that have harts, each once: places[h] is that of PU h % hart_pus.
  int hart_pus = 0;
  // hart_pus rows of hart_pus bytes, each a lithe_topology_distance. Of PUs and not of harts, so that thousands of
  // virtual harts on a few PUs need no more than these.
  std::vector<uint8_t> distances;
  // nodes x nodes, by logical index of NUMA nodes; 0 where the machine does not say. Empty when it says nothing.
  int nodes = 0;
  std::vector<int> latencies;
  // With HARTS_SMT=off, by the system's number of a PU: the PU of its core that has the hart, -1 if none. Else empty.
  std::vector<int> core_pus;

  // Whether who waits may spin: with a quota, or on PUs that harts share, it would use up time that the one it waits for
  // needs.
  bool may_spin() const { return !is_virtual && quota <= 0; }
  int pu_index(int hart) const { return hart % hart_pus; }
  const uint8_t *distances_from(int hart) const {
    return distances.data() + static_cast<size_t>(pu_index(hart)) * static_cast<size_t>(hart_pus);
  }
  int distance(int from, int to) const { return distances_from(from)[pu_index(to)]; }
  int latency(int from, int to) const;
  // The least distance from `hart` to any other, 0 when there is none.
  int least_distance(int hart) const;
  // The PU whose hart is best for a thread that runs on PU `pu`; both are the system's numbers.
  int pu_with_hart(int pu) const {
    return pu >= 0 && static_cast<size_t>(pu) < core_pus.size() ? core_pus[static_cast<size_t>(pu)] : pu;
  }
};

// More harts than this is a slip of the keyboard, not a machine.
constexpr int most_harts = 4096;

// Reads affinity mask, cgroup quota, hwloc topology and the variables HARTS, HARTS_VIRTUAL, HARTS_SMT and
// HARTS_TOPOLOGY. Returns 0 or a negative LITHE_E* code, with a sentence in `problem`.
int read_topology(Topology &topology, std::string &problem);

// What lithe_topology_distance means, for two places of one machine. With three of them, the largest of the three
// distances occurs twice: the places at most k apart are groups, for every k.
int distance_between(const lithe_hart_place_t &a, const lithe_hart_place_t &b);

// Fills `distances`, from `places` and `hart_pus`.
void measure_distances(Topology &topology);

// Fills `nodes` and `latencies`, from what hwloc knows.
void read_latencies(hwloc_topology *machine, Topology &topology);

}  // namespace lithe::core
