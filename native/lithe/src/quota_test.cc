// The CPU quota, read from trees that look like /proc and /sys of machines we know.
#include "quota.h"

#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

using lithe::core::cpu_quota;

namespace {

class Fixture {
 public:
  explicit Fixture(const std::string &cgroup) {
    char name[] = "/tmp/lithe_quota_XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    root_ = name;
    write("/proc/self/cgroup", cgroup);
  }
  ~Fixture() { std::filesystem::remove_all(root_); }
  Fixture &write(const std::string &path, const std::string &text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
    return *this;
  }
  double quota() const { return cpu_quota(root_); }

 private:
  std::string root_;
};

TEST_CASE("quota: none where nothing limits") {
  CHECK(cpu_quota("/nonexistent") == 0);
  CHECK(Fixture("").quota() == 0);
  CHECK(Fixture("0::/\n").quota() == 0);
  CHECK(Fixture("0::/user\n").write("/sys/fs/cgroup/user/cpu.max", "max 100000\n").quota() == 0);
  CHECK(Fixture("4:cpu,cpuacct:/\n")
            .write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n")
            .write("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n")
            .quota() == 0);
}

TEST_CASE("quota: cgroup v2 gives limit over period") {
  CHECK(Fixture("0::/job\n").write("/sys/fs/cgroup/job/cpu.max", "150000 100000\n").quota() == 1.5);
  CHECK(Fixture("0::/job\n").write("/sys/fs/cgroup/job/cpu.max", "20000 50000\n").quota() == 0.4);
}

TEST_CASE("quota: the tightest group on the way to the root counts") {
  Fixture tree("0::/a/b/c\n");
  tree.write("/sys/fs/cgroup/a/cpu.max", "200000 100000\n");
  tree.write("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  tree.write("/sys/fs/cgroup/a/b/c/cpu.max", "300000 100000\n");
  CHECK(tree.quota() == 2);
  tree.write("/sys/fs/cgroup/cpu.max", "50000 100000\n");
  CHECK(tree.quota() == 0.5);
}

TEST_CASE("quota: in a container the group's own directory is the mount point") {
  // The path names the group as the host sees it; inside there is only the root.
  CHECK(Fixture("0::/docker/0123456789\n").write("/sys/fs/cgroup/cpu.max", "250000 100000\n").quota() == 2.5);
  CHECK(Fixture("0::/../other\n").write("/sys/fs/cgroup/cpu.max", "250000 100000\n").quota() == 2.5);
}

TEST_CASE("quota: cgroup v1 gives cfs quota over cfs period") {
  for (const std::string mount : {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"}) {
    Fixture tree("12:memory:/job\n4:cpu,cpuacct:/job\n1:name=systemd:/job\n");
    tree.write(mount + "/job/cpu.cfs_quota_us", "350000\n");
    tree.write(mount + "/job/cpu.cfs_period_us", "100000\n");
    CHECK(tree.quota() == 3.5);
  }
  // Another controller's group is none of our business.
  Fixture tree("4:cpuset:/job\n");
  tree.write("/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "350000\n");
  tree.write("/sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
  CHECK(tree.quota() == 0);
}

TEST_CASE("quota: with both versions mounted the tighter one counts") {
  Fixture tree("4:cpu:/job\n0::/job\n");
  tree.write("/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "300000\n");
  tree.write("/sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
  CHECK(tree.quota() == 3);
  tree.write("/sys/fs/cgroup/job/cpu.max", "100000 100000\n");
  CHECK(tree.quota() == 1);
}

TEST_CASE("quota: what cannot be read is no limit") {
  for (const std::string text : {"", "\n", "garbage", "100000", "100000 0", "0 100000", "-5 100000", "max"}) {
    CHECK(Fixture("0::/job\n").write("/sys/fs/cgroup/job/cpu.max", text).quota() == 0);
  }
  for (const std::string cgroup :
       {"garbage\n", ":\n", "::\n", "0::no slash\n", "0::", "\n\n", "4:cpu:relative/path\n"}) {
    CHECK(Fixture(cgroup).quota() == 0);
  }
}

}  // namespace
