#include "quota.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace lithe::core {
namespace {

// Files are not read through streams: these take an allocation that fails for the end of the file.
struct File {
  explicit File(const char *path) : descriptor(open(path, O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (descriptor >= 0) close(descriptor);
  }
  const int descriptor;
};

// Thrown when the file may be there, but cannot be read now.
struct Unreadable {};

// After a call that failed: a file that is no file is as good as none.
std::string empty_unless_short() {
  for (const int shortage : {EMFILE, ENFILE, ENOMEM, EIO}) {
    if (errno == shortage) throw Unreadable();
  }
  return {};
}

// The text of a file, empty when there is none. Throws Unreadable, std::bad_alloc.
std::string text_of(const std::string &path) {
  const File file(path.c_str());
  if (file.descriptor < 0) return empty_unless_short();
  std::string text;
  char piece[512];
  for (;;) {
    const ssize_t length = read(file.descriptor, piece, sizeof piece);
    if (length < 0) return empty_unless_short();
    if (length == 0) return text;
    text.append(piece, static_cast<size_t>(length));
  }
}

// The tighter of two limits, where 0 means none.
double tighter(double a, double b) {
  if (a == 0) return b;
  if (b == 0) return a;
  return std::min(a, b);
}

double share(long limit, long period) {
  return limit > 0 && period > 0 ? static_cast<double>(limit) / static_cast<double>(period) : 0;
}

double quota_v2(const std::string &group) {
  long limit = 0, period = 0;
  const std::string text = text_of(group + "/cpu.max");
  if (std::sscanf(text.c_str(), "%ld %ld", &limit, &period) != 2) return 0;  // "max 100000" does not read as a number
  return share(limit, period);
}

double quota_v1(const std::string &group) {
  const std::string limit = text_of(group + "/cpu.cfs_quota_us");  // -1: no limit
  const std::string period = text_of(group + "/cpu.cfs_period_us");
  return share(std::strtol(limit.c_str(), nullptr, 10), std::strtol(period.c_str(), nullptr, 10));
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

bool lists_cpu(const std::string &controllers) { return ("," + controllers + ",").find(",cpu,") != std::string::npos; }

double limit_of(const std::string &root) {
  const std::string groups = text_of(root + "/proc/self/cgroup");
  double limit = 0;
  // Each line is "hierarchy:controllers:path"; hierarchy 0 with no controllers is v2.
  for (size_t begin = 0, end; begin < groups.size(); begin = end + 1) {
    end = std::min(groups.find('\n', begin), groups.size());
    const std::string line = groups.substr(begin, end - begin);
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

}  // namespace

double cpu_quota(const std::string &root) {
  try {
    return limit_of(root);
  } catch (const Unreadable &) {
    return quota_unknown;
  }
}

}  // namespace lithe::core
