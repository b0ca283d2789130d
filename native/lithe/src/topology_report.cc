// The public functions: what topology.cc has read.
#include "lithe/topology.h"

#include "lithe/error.h"
#include "runtime.h"

using namespace lithe::core;

namespace {

// The topology, if the harts exist; else null and the code to return.
const Topology *topology_with(int hart_a, int hart_b, int &code) {
  Runtime *current = runtime_start(code);
  if (!current) return nullptr;
  if (hart_a >= 0 && hart_a < current->hart_count() && hart_b >= 0 && hart_b < current->hart_count()) {
    return &current->topology();
  }
  code = LITHE_EINVAL;
  return nullptr;
}

}  // namespace

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
  out->smt = topology.smt;
  out->is_smt_used = topology.is_smt_used;
  out->is_virtual = topology.is_virtual;
  out->is_synthetic = topology.is_synthetic;
  out->is_pinned = topology.is_pinned;
  out->places = topology.places.data();
  return 0;
}

const char *lithe_topology_problem(void) { return runtime_problem(); }

int lithe_topology_distance(int hart_a, int hart_b) {
  int code = 0;
  const Topology *topology = topology_with(hart_a, hart_b, code);
  return topology ? topology->distance(hart_a, hart_b) : code;
}

int lithe_topology_latency(int hart_a, int hart_b) {
  int code = 0;
  const Topology *topology = topology_with(hart_a, hart_b, code);
  return topology ? topology->latency(hart_a, hart_b) : code;
}

int lithe_topology_neighbours(int hart, int *out, int capacity) {
  if (capacity < 0 || (capacity > 0 && !out)) return LITHE_EINVAL;
  int code = 0;
  const Topology *topology = topology_with(hart, hart, code);
  if (!topology) return code;
  const int harts = static_cast<int>(topology->places.size());
  const uint8_t *distances = topology->distances_from(hart);
  // Where the next hart of each distance goes: first they are counted, then they are put there, in order of number.
  int place[LITHE_DISTANCE_ELSEWHERE + 2] = {};
  for (int other = 0; other < harts; ++other) {
    if (other != hart) ++place[distances[topology->pu_index(other)] + 1];
  }
  for (int distance = 1; distance <= LITHE_DISTANCE_ELSEWHERE; ++distance) place[distance] += place[distance - 1];
  for (int other = 0; other < harts; ++other) {
    if (other == hart) continue;
    const int at = place[distances[topology->pu_index(other)]]++;
    if (at < capacity) out[at] = other;
  }
  return harts - 1;
}

}  // extern "C"
