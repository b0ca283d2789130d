// lithe_topology_get: what topology.cc has read, in the public form.
#include "lithe/topology.h"

#include "lithe/error.h"
#include "runtime.h"

using namespace lithe::core;

extern "C" {

int lithe_topology_get(lithe_topology_t *out) {
  if (!out) return LITHE_EINVAL;
  int code = 0;
  Runtime *current = runtime_start(code);
  if (!current) return code;
  const Topology &topology = current->topology();
  out->harts = current->hart_count();
  out->pus = topology.pus;
  out->machine_pus = topology.machine_pus;
  out->quota = topology.quota;
  out->is_virtual = topology.is_virtual;
  out->is_pinned = topology.is_pinned;
  out->places = topology.places.data();
  return 0;
}

const char *lithe_topology_problem(void) { return runtime_problem(); }

}  // extern "C"
