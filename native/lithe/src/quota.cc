#include "quota.h"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace lithe::core {
namespace {

std::string first_line(const std::string &path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The tighter of two limits, where 0 means none.
double tighter(double a, double b) {
  if (a == 0) return b;
  if (b == 0) return a;
  return std::min(a, b);
}

double quota_v2(const std::string &group) {
  std::istringstream line(first_line(group + "/cpu.max"));
  double limit = 0, period = 0;
  if (!(line >> limit >> period) || period <= 0 || limit <= 0) return 0;  // "max 100000" does not read as a number
  return limit / period;
}

double quota_v1(const std::string &group) {
  std::istringstream limit_text(first_line(group + "/cpu.cfs_quota_us"));
  std::istringstream period_text(first_line(group + "/cpu.cfs_period_us"));
  double limit = 0, period = 0;
  if (!(limit_text >> limit) || !(period_text >> period) || period <= 0 || limit <= 0) return 0;  // -1: no limit
  return limit / period;
}

// The limits of a group and all its ancestors. In a container the group's own directory is often the mount point
// itself, so a path that does not exist there is followed upward like any other.
double tightest(const std::string &mount, std::string path, double (*quota)(const std::string &)) {
  double limit = 0;
  for (;;) {
    limit = tighter(limit, quota(mount + path));
    if (path.empty() || path == "/") break;
    const size_t slash = path.find_last_of('/');
    if (slash == std::string::npos) break;  // not a path
    path.erase(slash);
  }
  return limit;
}

bool lists_cpu(const std::string &controllers) {
  std::istringstream list(controllers);
  for (std::string name; std::getline(list, name, ',');) {
    if (name == "cpu") return true;
  }
  return false;
}

}  // namespace

double cpu_quota(const std::string &root) {
  std::ifstream groups(root + "/proc/self/cgroup");
  double limit = 0;
  // Each line is "hierarchy:controllers:path"; hierarchy 0 with no controllers is v2.
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      limit = tighter(limit, tightest(root + "/sys/fs/cgroup", path, quota_v2));
    } else if (lists_cpu(controllers)) {
      limit = tighter(limit, tightest(root + "/sys/fs/cgroup/cpu", path, quota_v1));
      limit = tighter(limit, tightest(root + "/sys/fs/cgroup/cpu,cpuacct", path, quota_v1));
    }
  }
  return limit;
}

}  // namespace lithe::core
