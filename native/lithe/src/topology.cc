#include "topology.h"

#include <algorithm>
#include <cmath>
#include <hwloc.h>
#include <memory>
#include <sched.h>

#include "lithe/error.h"
#include "quota.h"
#include "topology_environment.h"

namespace lithe::core {
namespace {

struct Destroy {
  void operator()(hwloc_topology_t machine) const { hwloc_topology_destroy(machine); }
  void operator()(hwloc_bitmap_t bitmap) const { hwloc_bitmap_free(bitmap); }
};
using Machine = std::unique_ptr<hwloc_topology, Destroy>;
using Bitmap = std::unique_ptr<hwloc_bitmap_s, Destroy>;

int load(Machine &machine, const char *description, std::string &problem) {
  hwloc_topology_t handle = nullptr;
  if (hwloc_topology_init(&handle) != 0) return LITHE_ENOMEM;
  machine.reset(handle);
  if (description && hwloc_topology_set_synthetic(handle, description) != 0) {
    problem = std::string("HARTS_TOPOLOGY=") + description +
              " is not a synthetic topology that hwloc understands: use one such as \"node:2 core:8 pu:2\", whose last "
              "level is PUs, or unset it";
    return LITHE_EINVAL;
  }
  if (hwloc_topology_load(handle) == 0) return 0;
  if (description) {
    problem = std::string("HARTS_TOPOLOGY=") + description + " could not be loaded by hwloc: use another, or unset it";
    return LITHE_EINVAL;
  }
  problem = "hwloc could not load the topology of this machine: check that /sys is mounted and readable";
  return LITHE_ETOPOLOGY;
}

int logical_index(hwloc_topology_t machine, hwloc_obj_t pu, hwloc_obj_type_t type) {
  hwloc_obj_t object = hwloc_get_ancestor_obj_by_type(machine, type, pu);
  return object ? static_cast<int>(object->logical_index) : -1;
}

// The node whose memory is the most local: fast memory, or memory far away, may be nodes of their own for more PUs.
int numa_index(hwloc_topology_t machine, hwloc_obj_t pu) {
  hwloc_obj_t best = nullptr, node = nullptr;
  while ((node = hwloc_get_next_obj_by_type(machine, HWLOC_OBJ_NUMANODE, node)) != nullptr) {
    if (!hwloc_bitmap_isincluded(pu->cpuset, node->cpuset)) continue;
    if (!best || hwloc_bitmap_weight(node->cpuset) < hwloc_bitmap_weight(best->cpuset)) best = node;
  }
  return best ? static_cast<int>(best->logical_index) : -1;
}

// The PUs that the process may use, in hwloc's logical order, which walks the tree depth first: PUs of a core, cores of
// a cache, ... A null mask is all of them.
std::vector<lithe_hart_place_t> usable_pus(hwloc_topology_t machine, hwloc_const_bitmap_t mask) {
  std::vector<lithe_hart_place_t> pus;
  hwloc_obj_t pu = nullptr;
  while ((pu = hwloc_get_next_obj_by_type(machine, HWLOC_OBJ_PU, pu)) != nullptr) {
    if (mask && !hwloc_bitmap_isset(mask, pu->os_index)) continue;
    lithe_hart_place_t place;
    place.pu_os = static_cast<int>(pu->os_index);
    place.core = logical_index(machine, pu, HWLOC_OBJ_CORE);
    place.l2 = logical_index(machine, pu, HWLOC_OBJ_L2CACHE);
    place.l3 = logical_index(machine, pu, HWLOC_OBJ_L3CACHE);
    place.numa = numa_index(machine, pu);
    place.package = logical_index(machine, pu, HWLOC_OBJ_PACKAGE);
    pus.push_back(place);
  }
  return pus;
}

bool share_core(const lithe_hart_place_t &a, const lithe_hart_place_t &b) { return a.core >= 0 && a.core == b.core; }

// The most PUs in a row that are of one core; in logical order a core's PUs are together.
int widest_core(const std::vector<lithe_hart_place_t> &pus) {
  int widest = 0, width = 0;
  for (size_t i = 0; i < pus.size(); ++i) {
    width = i > 0 && share_core(pus[i - 1], pus[i]) ? width + 1 : 1;
    widest = std::max(widest, width);
  }
  return widest;
}

// Leaves the first PU of each core.
void drop_siblings(Topology &topology) {
  std::vector<lithe_hart_place_t> first;
  for (const lithe_hart_place_t &place : topology.places) {
    if (first.empty() || !share_core(first.back(), place)) first.push_back(place);
    const auto pu = static_cast<size_t>(place.pu_os);
    if (topology.core_pus.size() <= pu) topology.core_pus.resize(pu + 1, -1);
    topology.core_pus[pu] = first.back().pu_os;
  }
  topology.places = std::move(first);
}

// How many harts there are on `places`, one per PU that may have one, and whether they are the machine's.
int count_harts(Topology &topology, const TopologyEnvironment &environment) {
  const int places = static_cast<int>(std::min<size_t>(topology.places.size(), most_harts));
  int harts = places;
  if (topology.is_synthetic) {
    topology.is_virtual = true;
    if (environment.virtual_harts > 0) harts = std::min(harts, environment.virtual_harts);
    return environment.limit > 0 ? std::min(harts, environment.limit) : harts;
  }
  if (environment.limit > 0) harts = std::min(harts, environment.limit);
  if (environment.virtual_harts > 0) {
    topology.is_virtual = environment.virtual_harts > places;
    harts = environment.virtual_harts;
  }
  // A fractional quota is a share of time on all PUs: a pinned carrier that is throttled could not move on to a PU that
  // has time left. And a hart count below the number of PUs leaves the choice of PU to the kernel, which knows the load.
  // One hart for each core is pinned too: left alone the kernel would put two of them on one core now and then.
  topology.is_pinned = harts == places && (topology.quota == 0 || topology.quota >= places);
  return harts;
}

}  // namespace

int read_topology(Topology &topology, std::string &problem) {
  TopologyEnvironment environment;
  if (const int code = read_topology_environment(environment, problem); code != 0) return code;
  Machine machine;
  if (const int code = load(machine, environment.description, problem); code != 0) return code;
  // hwloc has variables of its own for machines that are elsewhere (HWLOC_SYNTHETIC, HWLOC_XMLFILE): no less virtual.
  topology.is_synthetic = environment.description || !hwloc_topology_is_thissystem(machine.get());
  topology.machine_pus = hwloc_get_nbobjs_by_type(machine.get(), HWLOC_OBJ_PU);

  Bitmap allowed(hwloc_bitmap_alloc());
  if (!allowed) return LITHE_ENOMEM;
  // The mask of the thread that asks first; a process restricted by taskset or a cpuset has it on every thread.
  const bool has_mask =
      !topology.is_synthetic && hwloc_get_cpubind(machine.get(), allowed.get(), HWLOC_CPUBIND_THREAD) == 0;
  topology.places = usable_pus(machine.get(), has_mask ? allowed.get() : nullptr);
  topology.pus = static_cast<int>(topology.places.size());
  if (topology.pus == 0) {
    problem = "hwloc found no PU that this process may use";
    return LITHE_ETOPOLOGY;
  }
  topology.smt = widest_core(topology.places);
  if (!environment.smt) drop_siblings(topology);

  topology.quota = std::max(0.0, cpu_quota());  // the monitor looks again
  const auto harts = static_cast<size_t>(count_harts(topology, environment));
  const std::vector<lithe_hart_place_t> pus = std::move(topology.places);
  topology.hart_pus = static_cast<int>(std::min(harts, pus.size()));
  topology.places.clear();
  for (size_t i = 0; i < harts; ++i) topology.places.push_back(pus[i % pus.size()]);
  topology.is_smt_used = widest_core({pus.begin(), pus.begin() + topology.hart_pus}) > 1;
  measure_distances(topology);
  read_latencies(machine.get(), topology);
  return 0;
}

}  // namespace lithe::core
