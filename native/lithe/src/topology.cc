#include "topology.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <hwloc.h>
#include <sched.h>

#include "lithe/error.h"
#include "quota.h"

namespace lithe::core {
namespace {

// More harts than this is a slip of the keyboard, not a machine.
constexpr long max_harts = 4096;

// Reads a positive number from the environment: 0 when unset, negative code when it is not one.
int positive_from_environment(const char *name, std::string &problem) {
  const char *text = std::getenv(name);
  if (!text || !*text) return 0;
  char *end = nullptr;
  errno = 0;
  const long value = std::strtol(text, &end, 10);
  if (*end != '\0' || errno != 0 || value < 1 || value > max_harts) {
    problem = std::string(name) + "=" + text + " is not a number of harts: use a whole number from 1 to " +
              std::to_string(max_harts) + ", or unset it";
    return LITHE_EINVAL;
  }
  return static_cast<int>(value);
}

int logical_index(hwloc_topology_t machine, hwloc_obj_t pu, hwloc_obj_type_t type) {
  hwloc_obj_t object = hwloc_get_ancestor_obj_by_type(machine, type, pu);
  return object ? static_cast<int>(object->logical_index) : -1;
}

int numa_index(hwloc_topology_t machine, hwloc_obj_t pu) {
  hwloc_obj_t node = nullptr;
  while ((node = hwloc_get_next_obj_by_type(machine, HWLOC_OBJ_NUMANODE, node)) != nullptr) {
    if (hwloc_bitmap_isincluded(pu->cpuset, node->cpuset)) return static_cast<int>(node->logical_index);
  }
  return -1;
}

struct Machine {
  hwloc_topology_t handle = nullptr;
  ~Machine() {
    if (handle) hwloc_topology_destroy(handle);
  }
};

}  // namespace

int read_topology(Topology &topology, std::string &problem) {
  const int limit = positive_from_environment("HARTS", problem);
  if (limit < 0) return limit;
  const int virtual_harts = positive_from_environment("HARTS_VIRTUAL", problem);
  if (virtual_harts < 0) return virtual_harts;

  Machine machine;
  if (hwloc_topology_init(&machine.handle) != 0 || hwloc_topology_load(machine.handle) != 0) {
    problem = "hwloc could not load the topology of this machine: check that /sys is mounted and readable";
    return LITHE_ETOPOLOGY;
  }
  hwloc_bitmap_t allowed = hwloc_bitmap_alloc();
  if (!allowed) return LITHE_ENOMEM;
  // The mask of the thread that asks first; a process restricted by taskset or a cpuset has it on every thread.
  const bool has_mask = hwloc_get_cpubind(machine.handle, allowed, HWLOC_CPUBIND_THREAD) == 0;

  topology.machine_pus = hwloc_get_nbobjs_by_type(machine.handle, HWLOC_OBJ_PU);
  // hwloc's logical order walks the tree depth first, which is locality order: PUs of a core, cores of a cache, ...
  hwloc_obj_t pu = nullptr;
  while ((pu = hwloc_get_next_obj_by_type(machine.handle, HWLOC_OBJ_PU, pu)) != nullptr) {
    if (has_mask && !hwloc_bitmap_isset(allowed, pu->os_index)) continue;
    lithe_hart_place_t place;
    place.pu_os = static_cast<int>(pu->os_index);
    place.core = logical_index(machine.handle, pu, HWLOC_OBJ_CORE);
    place.l2 = logical_index(machine.handle, pu, HWLOC_OBJ_L2CACHE);
    place.l3 = logical_index(machine.handle, pu, HWLOC_OBJ_L3CACHE);
    place.numa = numa_index(machine.handle, pu);
    place.package = logical_index(machine.handle, pu, HWLOC_OBJ_PACKAGE);
    topology.places.push_back(place);
  }
  hwloc_bitmap_free(allowed);
  topology.pus = static_cast<int>(topology.places.size());
  if (topology.pus == 0) {
    problem = "hwloc found no PU that this process may use";
    return LITHE_ETOPOLOGY;
  }

  topology.quota = cpu_quota();
  long harts = topology.pus;
  if (topology.quota > 0) harts = std::min(harts, std::max(1L, std::lround(std::ceil(topology.quota - 1e-9))));
  if (limit > 0) harts = std::min(harts, static_cast<long>(limit));
  // A fractional quota is a share of time on all PUs: a pinned carrier that is throttled could not move on to a PU that
  // has time left. And a hart count below the number of PUs leaves the choice of PU to the kernel, which knows the load.
  topology.is_pinned = harts == topology.pus && (topology.quota == 0 || topology.quota >= topology.pus);
  if (virtual_harts > 0) {
    topology.is_virtual = virtual_harts > topology.pus;
    topology.is_pinned = topology.is_pinned && !topology.is_virtual;
    harts = virtual_harts;
  }
  const std::vector<lithe_hart_place_t> pus = topology.places;
  topology.places.clear();
  for (long i = 0; i < harts; ++i) topology.places.push_back(pus[static_cast<size_t>(i) % pus.size()]);
  return 0;
}

}  // namespace lithe::core
