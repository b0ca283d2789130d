// How many CPUs the control group of this process may use.
#pragma once

#include <string>

namespace lithe::core {

// CPUs per period that the tightest cgroup on the way to the root allows (v2 cpu.max, v1 cpu.cfs_quota_us), or 0 when
// there is no limit; quota_unknown when the files cannot be read now. `root` is prefixed to /proc and /sys, so that tests
// can show fixtures. Throws std::bad_alloc.
inline constexpr double quota_unknown = -1;
double cpu_quota(const std::string &root = "");

}  // namespace lithe::core
