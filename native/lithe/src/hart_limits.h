// What limits the number of harts in use at run time, and the newest of each: what the program asked for, the CPU quota,
// and the affinity mask. The smallest counts.
#pragma once

#include <cstdint>
#include <sched.h>
#include <vector>

#include "raw_lock.h"

namespace lithe::core {

class Runtime;

class HartLimits {
 public:
  explicit HartLimits(Runtime &runtime) : runtime_(runtime) {}

  // lithe_set_harts. Any thread.
  void ask(int harts);
  // While the runtime is being made: the quota that the topology was read with.
  void begin(double quota);

  // The monitor's thread only: reads the quota and this thread's own affinity mask, which nobody in the process sets, so
  // that a change means all its threads. PUs that were not in the mask at the first call count as before. What cannot be
  // read now, or not without memory that is not there, stays as it was until the next look.
  void look();

 private:
  void look_now();
  void apply();

  Runtime &runtime_;
  uint32_t lock_ = 0;
  int asked_ = 0;     // 0: no limit
  double quota_ = 0;  // likewise
  cpu_set_t first_mask_;
  bool has_mask_ = false;
  std::vector<bool> excluded_;  // by hart; empty: none
};

}  // namespace lithe::core
