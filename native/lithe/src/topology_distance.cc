// How far harts are from each other.
//
// hwloc's tree does not say once and for all which of L3, NUMA node and package is inside which. All of these exist:
//   AMD, several nodes per socket    package > node > L3
//   Intel, sub-NUMA clusters         package > L3 > node, or package > node > L3, as the kernel reports the L3
//   virtual machines, NUMA turned off  node > package > L3
// But each of them is the set of PUs below some object of a tree, so two of them either nest or have nothing in common.
// That makes "both", "either", and each of the distances a division of the harts into groups.
#include <algorithm>
#include <climits>
#include <hwloc.h>
#include <memory>

#include "topology.h"

namespace lithe::core {
namespace {

bool is_shared(int a, int b) { return a == b && a >= 0; }

// The number of NUMA nodes that `machine` has, by logical index.
int count_nodes(hwloc_topology_t machine) { return std::max(0, hwloc_get_nbobjs_by_type(machine, HWLOC_OBJ_NUMANODE)); }

}  // namespace

int distance_between(const lithe_hart_place_t &a, const lithe_hart_place_t &b) {
  if (a.pu_os == b.pu_os) return LITHE_DISTANCE_PU;
  const bool same_node = is_shared(a.numa, b.numa);
  const bool same_package = is_shared(a.package, b.package);
  // A machine that has no packages, or a processor without memory of its own, has one thing less that could differ.
  if (a.numa == b.numa && a.package == b.package) {
    if (is_shared(a.core, b.core)) return LITHE_DISTANCE_CORE;
    if (is_shared(a.l2, b.l2)) return LITHE_DISTANCE_L2;
    if (is_shared(a.l3, b.l3)) return LITHE_DISTANCE_L3;
    if (same_node || same_package) return LITHE_DISTANCE_NODE;
  }
  return same_node || same_package ? LITHE_DISTANCE_PACKAGE : LITHE_DISTANCE_ELSEWHERE;
}

void measure_distances(Topology &topology) {
  const auto count = static_cast<size_t>(topology.hart_pus);
  topology.distances.resize(count * count);
  for (size_t from = 0; from < count; ++from) {
    for (size_t to = 0; to < count; ++to) {
      topology.distances[from * count + to] =
          static_cast<uint8_t>(distance_between(topology.places[from], topology.places[to]));
    }
  }
}

void read_latencies(hwloc_topology_t machine, Topology &topology) {
  unsigned count = 1;  // one matrix is enough: the first is the firmware's, or what the user put in its place
  hwloc_distances_s *first = nullptr;
  if (hwloc_distances_get_by_type(machine, HWLOC_OBJ_NUMANODE, &count, &first, HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0) !=
          0 ||
      count == 0 || !first) {
    return;
  }
  const auto give_back = [machine](hwloc_distances_s *matrix) { hwloc_distances_release(machine, matrix); };
  const std::unique_ptr<hwloc_distances_s, decltype(give_back)> found(first, give_back);
  topology.nodes = count_nodes(machine);
  const auto nodes = static_cast<size_t>(topology.nodes);
  topology.latencies.assign(nodes * nodes, 0);
  for (unsigned i = 0; i < found->nbobjs; ++i) {
    for (unsigned j = 0; j < found->nbobjs; ++j) {
      if (!found->objs[i] || !found->objs[j]) continue;
      const hwloc_uint64_t value = found->values[i * found->nbobjs + j];
      topology.latencies[found->objs[i]->logical_index * nodes + found->objs[j]->logical_index] =
          static_cast<int>(std::min<hwloc_uint64_t>(value, INT_MAX));
    }
  }
}

int Topology::latency(int from, int to) const {
  const int a = places[static_cast<size_t>(from)].numa, b = places[static_cast<size_t>(to)].numa;
  if (a >= 0 && b >= 0 && a < nodes && b < nodes) {
    const int value = latencies[static_cast<size_t>(a) * static_cast<size_t>(nodes) + static_cast<size_t>(b)];
    if (value > 0) return value;
  }
  return a == b ? LITHE_LATENCY_LOCAL : LITHE_LATENCY_REMOTE;
}

int Topology::least_distance(int hart) const {
  if (places.size() > static_cast<size_t>(hart_pus)) return LITHE_DISTANCE_PU;  // another hart may be on the same PU
  int least = places.size() > 1 ? LITHE_DISTANCE_ELSEWHERE : LITHE_DISTANCE_PU;
  for (int other = 0; other < hart_pus; ++other) {
    if (other != hart) least = std::min(least, distance(hart, other));
  }
  return least;
}

}  // namespace lithe::core
