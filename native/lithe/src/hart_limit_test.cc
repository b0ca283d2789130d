#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "lithe/lithe.hpp"
#include "schedulers/fork_join/fork_join.hpp"
#include "testing/child_process.hpp"
#include "testing/crowd.hpp"
#include "testing/random.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

uint32_t offline() {
  lithe_stats_t stats;
  lithe_stats_get(&stats);
  return stats.harts_offline;
}

TEST_CASE("hart limit: numbers that cannot be are refused") {
  CHECK(lithe_set_harts(0) == LITHE_EINVAL);
  CHECK(lithe_set_harts(-1) == LITHE_EINVAL);
  CHECK(lithe_set_harts(lithe_hart_count() + 1) == LITHE_EINVAL);
  CHECK(lithe_hart_limit() == lithe_hart_count());
}

TEST_CASE("hart limit: harts go and come while schedulers are nested on them") {
  const int count = lithe_hart_count();
  std::atomic<bool> is_over{false};
  std::thread changer([&] {
    Random random(5);
    while (!is_over) {
      CHECK(lithe_set_harts(1 + random.below(count)) == 0);
      std::this_thread::sleep_for(std::chrono::microseconds(random.below(3000)));
    }
    CHECK(lithe_set_harts(count) == 0);
  });
  for (int round = 0; round < rounds(20); ++round) {
    std::atomic<int> ran{0};
    crowd(4, 2, 1, [&](int) {
      each_context(3, [&](int) {
        for (int turn = 0; turn < 20; ++turn) lithe_context_yield();
        ++ran;
      });
    });
    CHECK(ran == 3 * 7);
  }
  is_over = true;
  changer.join();
  CHECK(lithe_hart_limit() == count);
  CHECK(offline() == 0);
}

TEST_CASE("hart limit: who works on more harts than allowed gives them back and gets them again" * doctest::skip()) {
  REQUIRE(lithe_hart_count() == 4);
  std::atomic<bool> stop{false}, is_checking{false};
  std::atomic<unsigned> seen{0};
  std::thread changer([&] {
    const auto wait_for = [](auto condition) {
      while (!condition()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    };
    wait_for([&] { return seen == 0xf; });
    CHECK(lithe_set_harts(1) == 0);
    CHECK(lithe_hart_limit() == 1);
    wait_for([] { return offline() == 3; });
    seen = 0;
    is_checking = true;
    wait_for([&] { return seen != 0; });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK(seen == 1);  // hart 0 and no other
    CHECK(lithe_set_harts(4) == 0);
    wait_for([&] { return seen == 0xf; });
    CHECK(offline() == 0);
    stop = true;
  });
  each_context(8, [&](int) {
    while (!stop) {
      seen |= 1u << lithe_hart_self();
      lithe_context_yield();
    }
  });
  changer.join();
  CHECK(is_checking);
}

TEST_CASE("hart limit: guests keep no hart beyond it" * doctest::skip()) {
  REQUIRE(lithe_hart_count() == 2);
  each_context(1, [](int) {});  // this thread keeps its hart now
  std::thread other([] { each_context(1, [](int) {}); });
  other.join();
  CHECK(lithe_set_harts(1) == 0);
  CHECK(offline() == 1);
  for (int i = 0; i < 3; ++i) {
    each_context(2, [](int) { CHECK(lithe_hart_self() == 0); });
    std::thread guest([] { each_context(2, [](int) { CHECK(lithe_hart_self() == 0); }); });
    guest.join();
  }
  CHECK(lithe_set_harts(2) == 0);
  CHECK(offline() == 0);
}

pid_t thread_called(const std::string &name) {
  for (const auto &entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(entry.path() / "comm");
    std::string text;
    if (std::getline(file, text) && text == name) return std::atoi(entry.path().filename().c_str());
  }
  return 0;
}

// Keeps a hart at work, so that the monitor looks, until it has seen that the limit is `limit`.
void work_until_limit_is(int limit) {
  each_context(1, [&](int) {
    while (lithe_hart_limit() != limit) lithe_context_yield();
  });
}

TEST_CASE("hart limit: follows the affinity mask of the process" * doctest::skip()) {
  const int count = lithe_hart_count();
  if (count < 2) return;
  work_until_limit_is(count);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const pid_t monitor = thread_called("lithe-monitor");
  REQUIRE(monitor != 0);
  cpu_set_t all, one;
  REQUIRE(sched_getaffinity(monitor, sizeof all, &all) == 0);
  lithe_topology_t topology;
  REQUIRE(lithe_topology_get(&topology) == 0);
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(topology.places[1].pu_os), &one);
  // The monitor has to have seen the first mask.
  each_context(1, [](int) {
    const uint64_t until = lithe_clock_after(50'000'000);
    while (lithe_clock_now() < until) lithe_context_yield();
  });
  REQUIRE(sched_setaffinity(monitor, sizeof one, &one) == 0);
  work_until_limit_is(1);
  each_context(4, [](int) {
    for (int turn = 0; turn < 100; ++turn) lithe_context_yield();
  });
  REQUIRE(sched_setaffinity(monitor, sizeof all, &all) == 0);
  work_until_limit_is(count);
}

// A control group of its own for this process, with a quota; where the system lets us.
class QuotaGroup {
 public:
  QuotaGroup() : path_("/sys/fs/cgroup/cpu/harts-test-" + std::to_string(getpid())) {
    std::error_code failure;
    is_there_ = std::filesystem::create_directory(path_, failure) && set(-1) && write("cgroup.procs", getpid());
  }
  ~QuotaGroup() {
    std::ofstream("/sys/fs/cgroup/cpu/cgroup.procs") << getpid();
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  bool is_there() const { return is_there_; }
  // In microseconds of each 100,000; -1 for none.
  bool set(long quota) { return write("cpu.cfs_quota_us", quota); }

 private:
  bool write(const char *name, long value) {
    std::ofstream file(path_ + "/" + name);
    file << value << std::endl;
    return file.good();
  }
  std::string path_;
  bool is_there_ = false;
};

TEST_CASE("hart limit: follows the CPU quota" * doctest::skip()) {
  QuotaGroup group;
  if (!group.is_there()) {
    std::puts("not run: needs a cpu control group (v1) that this user may divide");
    return;
  }
  const int count = lithe_hart_count();
  if (count < 2) return;
  work_until_limit_is(count);
  REQUIRE(group.set(80'000));
  work_until_limit_is(1);
  REQUIRE(group.set(-1));
  work_until_limit_is(count);
}

TEST_CASE("hart limit: a quota at the start can be raised later" * doctest::skip()) {
  QuotaGroup group;
  if (!group.is_there()) return;
  REQUIRE(group.set(100'000));
  const int count = lithe_hart_count();
  CHECK(lithe_hart_limit() == 1);
  each_context(4, [](int) { CHECK(lithe_hart_self() == 0); });
  REQUIRE(group.set(-1));
  work_until_limit_is(count);
}

TEST_CASE("hart limit: changes at run time" * doctest::test_suite("process")) {
  for (const char *name : {"hart limit: who works on more harts than allowed gives them back and gets them again"}) {
    const Outcome outcome = run_case(name, {"HARTS_VIRTUAL=4"});
    CHECK_MESSAGE(outcome.code == 0, name, ": ", outcome.output);
  }
  const Outcome outcome = run_case("hart limit: guests keep no hart beyond it", {"HARTS_VIRTUAL=2"});
  CHECK_MESSAGE(outcome.code == 0, outcome.output);
}

TEST_CASE("hart limit: the monitor notices what changes outside" * doctest::test_suite("process")) {
  if (sanitized || on_slow_machine()) return;  // no monitor
  for (const char *name : {"hart limit: follows the affinity mask of the process", "hart limit: follows the CPU quota",
                           "hart limit: a quota at the start can be raised later"}) {
    const Outcome outcome = run_case(name);
    CHECK_MESSAGE(outcome.code == 0, name, ": ", outcome.output);
  }
}

// A child of a ForkJoin whose harts can be asked back.
TEST_CASE("revocation: fork_join gives back what its parent asks for, but the last") {
  struct Parent : harts::ForkJoin {
    Parent() : ForkJoin("parent") {}
    std::atomic<int> returned{0};
    void hart_return(lithe_sched_t *) override { ++returned; }
  } parent;
  parent.enter();
  harts::ForkJoin child("child");
  child.enter();
  CHECK(lithe_hart_revoke(child.c(), -1) == LITHE_EINVAL);
  std::atomic<bool> stop{false};
  // A context of the child asks in its parent's name. With several harts in the child one goes back each time.
  each_in(child, 6, [&](int i) {
    if (i > 0) {
      while (!stop) lithe_context_yield();
      return;
    }
    const int most = lithe_hart_count() < 3 ? lithe_hart_count() : 3;
    for (int turn = 0; turn < rounds(30); ++turn) {
      while (lithe_sched_harts(child.c()) < most) lithe_context_yield();
      const int before = parent.returned;
      CHECK(lithe_hart_revoke(child.c(), 1) == 0);
      if (most > 1) {
        while (parent.returned == before) lithe_context_yield();
      } else {
        for (int k = 0; k < 10; ++k) lithe_context_yield();
        CHECK(parent.returned == before);
        CHECK(lithe_sched_revoked(child.c()) == 1);
        CHECK(lithe_hart_revoke(child.c(), 0) == 0);
      }
    }
    stop = true;
  });
  child.exit();
  CHECK(lithe_hart_revoke(child.c(), 1) == LITHE_EINVAL);
  parent.exit();
}

TEST_CASE("revocation: the root asks who has more than its share" * doctest::skip()) {
  REQUIRE(lithe_hart_count() == 4);
  std::atomic<bool> was_asked{false};
  std::thread other([&] {
    while (!was_asked) {
      each_context(4, [&](int) {
        const uint64_t until = lithe_clock_after(5'000'000);
        while (lithe_clock_now() < until) lithe_context_yield();
      });
    }
  });
  // Shuffle does not honour it: the request stays until a slice is over.
  each_context(8, [&](int) {
    while (!was_asked) {
      if (lithe_sched_revoked(lithe_sched_self()) > 0) was_asked = true;
      lithe_context_yield();
    }
  });
  other.join();
}

TEST_CASE("revocation: requests of the root" * doctest::test_suite("process")) {
  if (sanitized || on_slow_machine()) return;  // no monitor, which makes them
  const Outcome outcome = run_case("revocation: the root asks who has more than its share", {"HARTS_VIRTUAL=4"});
  CHECK_MESSAGE(outcome.code == 0, outcome.output);
}

}  // namespace
