// The start of the runtime, with all that the environment may ask of it.
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

#include "testing/faults/scenario.hpp"

namespace harts::testing {
namespace {

int start_runtime() {
  const int harts = lithe_hart_count();
  return harts < 0 ? harts : 0;
}

int with(const char *name, const char *value) {
  setenv(name, value, 1);
  return start_runtime();
}

const Scenario machine("start: this machine", Start::cold, [] {
  lithe_topology_t topology;
  return lithe_topology_get(&topology);
});

const Scenario described("start: a described machine", Start::cold,
                         [] { return with("HARTS_TOPOLOGY", "pack:2 numa:1 core:2 pu:2"); });

const Scenario misdescribed("start: a machine described wrongly", Start::cold, [] {
  setenv("HARTS", "many", 1);
  const int code = start_runtime();
  unsetenv("HARTS");
  return code == LITHE_EINVAL ? start_runtime() : code;
});

const Scenario dump("start: HARTS_DUMP_SIGNAL", Start::cold, [] { return with("HARTS_DUMP_SIGNAL", "USR1"); });

const Scenario trace("start: HARTS_TRACE", Start::cold, [] { return with("HARTS_TRACE", "/dev/null"); });

const Scenario offload("start: HARTS_OFFLOAD", Start::cold, [] { return with("HARTS_OFFLOAD", "1"); });

const Scenario preempt("start: HARTS_PREEMPT", Start::cold, [] { return with("HARTS_PREEMPT", "1"); });

const Scenario enter("start: enter a scheduler", Start::cold, [] {
  Shared shared;
  return in_contexts(shared, 2, [](void *) { lithe_context_yield(); });
});

}  // namespace
}  // namespace harts::testing
