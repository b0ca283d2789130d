// Distances and neighbours of harts, on machines that are described, and what the root scheduler makes of them.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>
#include <sched.h>
#include <string>
#include <unistd.h>
#include <vector>

#include "lithe/lithe.hpp"
#include "testing/child_process.hpp"

using namespace harts::testing;

namespace {

Outcome run_on(const std::string &description, const std::string &name, const std::string &variable = "HARTS=") {
  return run_case(
      name, {variable, "HARTS_TOPOLOGY=" + description, "HARTS=", "HARTS_VIRTUAL=", "HARTS_SMT=", "LITHE_STRESS="});
}

// What holds on every machine.
void check_distances() {
  const int harts = lithe_hart_count();
  REQUIRE(harts >= 1);
  lithe_topology_t topology;
  REQUIRE(lithe_topology_get(&topology) == 0);
  const auto distance = [](int a, int b) { return lithe_topology_distance(a, b); };
  int wrong = 0;
  for (int a = 0; a < harts; ++a) {
    wrong += distance(a, a) != LITHE_DISTANCE_PU;
    for (int b = 0; b < harts; ++b) {
      wrong += distance(a, b) < LITHE_DISTANCE_PU || distance(a, b) > LITHE_DISTANCE_ELSEWHERE;
      wrong += distance(a, b) != distance(b, a);
      wrong += (distance(a, b) == LITHE_DISTANCE_PU) != (topology.places[a].pu_os == topology.places[b].pu_os);
      for (int c = 0; c < harts; ++c) wrong += distance(a, c) > std::max(distance(a, b), distance(b, c));
    }
    std::vector<int> others(static_cast<std::size_t>(harts), -1);
    REQUIRE(lithe_topology_neighbours(a, others.data(), harts) == harts - 1);
    wrong += others.back() != -1;  // nothing was written behind the last one
    others.pop_back();
    wrong += !std::is_sorted(others.begin(), others.end(), [&](int x, int y) {
      return distance(a, x) != distance(a, y) ? distance(a, x) < distance(a, y) : x < y;
    });
    std::sort(others.begin(), others.end());
    for (int i = 0; i < harts - 1; ++i) wrong += others[static_cast<std::size_t>(i)] != (i < a ? i : i + 1);
  }
  CHECK(wrong == 0);
}

TEST_CASE("topology: distances are a metric with groups, and neighbours are sorted by them") { check_distances(); }

TEST_CASE("topology: what is no hart has no distance and no neighbours") {
  const int harts = lithe_hart_count();
  for (const int bad : {-1, harts, harts + 1000, -2147483647}) {
    CHECK(lithe_topology_distance(bad, 0) == LITHE_EINVAL);
    CHECK(lithe_topology_distance(0, bad) == LITHE_EINVAL);
    CHECK(lithe_topology_latency(bad, 0) == LITHE_EINVAL);
    CHECK(lithe_topology_latency(0, bad) == LITHE_EINVAL);
    CHECK(lithe_topology_neighbours(bad, nullptr, 0) == LITHE_EINVAL);
  }
  int out[1] = {-7};
  CHECK(lithe_topology_neighbours(0, out, -1) == LITHE_EINVAL);
  CHECK(lithe_topology_neighbours(0, nullptr, 1) == LITHE_EINVAL);
  CHECK(lithe_topology_neighbours(0, nullptr, 0) == harts - 1);
  CHECK(lithe_topology_neighbours(0, out, 0) == harts - 1);
  CHECK(out[0] == -7);
}

TEST_CASE("topology child: prints distances" * doctest::skip()) {
  check_distances();
  std::printf("distances");
  for (int i = 0; i < lithe_hart_count(); ++i) std::printf(" %d", lithe_topology_distance(0, i));
  int nearest[4] = {-1, -1, -1, -1};
  lithe_topology_neighbours(lithe_hart_count() / 2, nearest, 3);
  std::printf("\nnearest %d %d %d %d\nlatencies", nearest[0], nearest[1], nearest[2], nearest[3]);
  for (int i = 0; i < lithe_hart_count(); ++i) std::printf(" %d", lithe_topology_latency(0, i));
  std::printf("\nback %d\n", lithe_topology_latency(lithe_hart_count() - 1, 0));
}

TEST_CASE("topology: distances follow the tree, however its levels nest" * doctest::test_suite("process")) {
  struct {
    const char *description;
    const char *says;
  } const shapes[] = {
      {"node:2 core:8 pu:2",
       "distances 0 1 4 4 4 4 4 4 4 4 4 4 4 4 4 4 6 6 6 6 6 6 6 6 6 6 6 6 6 6 6 6\n"
       "nearest 17 18 19 -1\n"
       "latencies 10 10 10 10 10 10 10 10 10 10 10 10 10 10 10 10 20 20 "},
      {"package:2 node:1 core:4 pu:1", "distances 0 4 4 4 6 6 6 6\nnearest 5 6 7 -1\n"},
      {"package:2 l3:2 l2:2 core:2 pu:2", "distances 0 1 2 2 3 3 3 3 4 4 4 4 4 4 4 4 5 5 5 5 "},
      // Nodes in a package, caches in a node.
      {"package:2 node:2 l3:2 core:2 pu:1", "distances 0 3 4 4 5 5 5 5 6 6 6 6 6 6 6 6\nnearest 9 10 11 -1\n"},
      // Nodes inside of an L3.
      {"package:2 l3:1 node:2 core:2 pu:1", "distances 0 3 5 5 6 6 6 6\n"},
      // Packages in a node.
      {"node:2 package:2 core:2 pu:1", "distances 0 4 5 5 6 6 6 6\n"},
      // Nothing but PUs; one; an L2 above cores.
      {"pu:4", "distances 0 4 4 4\nnearest 0 1 3 -1\nlatencies 10 10 10 10\nback 10\n"},
      {"pu:1", "distances 0\nnearest -1 -1 -1 -1\nlatencies 10\n"},
      {"l2:2 core:2 pu:2", "distances 0 1 2 2 4 4 4 4\nnearest 5 6 7 -1\n"},
  };
  for (const auto &shape : shapes) {
    const Outcome outcome = run_on(shape.description, "topology child: prints distances");
    CHECK_MESSAGE(outcome.code == 0, outcome.output);
    CHECK_MESSAGE(outcome.says(shape.says), shape.description, " should give \"", shape.says, "\": ", outcome.output);
  }
  const Outcome without_smt = run_on("node:2 core:2 pu:2", "topology child: prints distances", "HARTS_SMT=off");
  CHECK_MESSAGE(without_smt.says("distances 0 4 6 6\nnearest 3 0 1 -1\n"), without_smt.output);
  const Outcome fewer = run_on("node:2 core:4 pu:1", "topology child: prints distances", "HARTS=5");
  CHECK_MESSAGE(fewer.says("distances 0 4 4 4 6\nnearest 0 1 3 -1\n"), fewer.output);
}

TEST_CASE("topology: virtual harts on one PU have no distance" * doctest::test_suite("process")) {
  const Outcome outcome = run_case("topology child: prints distances",
                                   {"HARTS_VIRTUAL=24", "HARTS=", "HARTS_SMT=", "HARTS_TOPOLOGY=", "LITHE_STRESS="});
  CHECK_MESSAGE(outcome.code == 0, outcome.output);
}

// A machine of two nodes whose firmware says what they cost each other, as hwloc writes it down.
std::string machine_with_latencies() {
  const auto sets = [](const char *cpus, const char *nodes) {
    const std::string cpu = cpus, node = nodes;
    return "cpuset=\"" + cpu + "\" complete_cpuset=\"" + cpu + "\" nodeset=\"" + node + "\" complete_nodeset=\"" +
           node + "\"";
  };
  const auto node = [&](const std::string &number, const std::string &where) {
    return "<object type=\"Package\" os_index=\"" + number + "\" " + where + " gp_index=\"1" + number +
           "\">"
           "<object type=\"NUMANode\" os_index=\"" +
           number + "\" " + where + " gp_index=\"2" + number +
           "\"/>"
           "<object type=\"PU\" os_index=\"" +
           number + "\" " + where + " gp_index=\"3" + number + "\"/></object>\n";
  };
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n"
         "<topology version=\"2.0\">\n<object type=\"Machine\" os_index=\"0\" " +
         sets("0x3", "0x3") + " allowed_cpuset=\"0x3\" allowed_nodeset=\"0x3\" gp_index=\"1\">\n" +
         node("0", sets("0x1", "0x1")) + node("1", sets("0x2", "0x2")) +
         "</object>\n"
         "<distances2 type=\"NUMANode\" nbobjs=\"2\" kind=\"5\" name=\"NUMALatency\" indexing=\"os\">\n"
         "<indexes length=\"4\">0 1 </indexes>\n<u64values length=\"12\">10 21 32 10 </u64values>\n"
         "</distances2>\n</topology>\n";
}

TEST_CASE("topology: latencies are those that the machine tells" * doctest::test_suite("process")) {
  char path[] = "/tmp/lithe_machine_XXXXXX";
  const int file = mkstemp(path);
  REQUIRE(file >= 0);
  close(file);
  std::ofstream(path) << machine_with_latencies();
  const Outcome outcome = run_case("topology child: prints distances",
                                   {std::string("HWLOC_XMLFILE=") + path,
                                    "HARTS=", "HARTS_VIRTUAL=", "HARTS_SMT=", "HARTS_TOPOLOGY=", "LITHE_STRESS="});
  unlink(path);
  CHECK_MESSAGE(outcome.code == 0, outcome.output);
  CHECK_MESSAGE(outcome.says("distances 0 6\nnearest 0 -1 -1 -1\nlatencies 10 21\nback 32\n"), outcome.output);
}

void await(const std::atomic<int> &value, int at_least) {
  while (value.load() < at_least) sched_yield();
}

std::string listed(const std::vector<int> &numbers) {
  std::string text;
  for (const int number : numbers) text += " " + std::to_string(number);
  return text;
}

void await_busy(uint32_t harts) {
  lithe_stats_t stats;
  do {
    sched_yield();
    lithe_stats_get(&stats);
  } while (stats.harts_busy > harts);
}

// Asks for one hart at a time, for a context that is there before the hart comes: so the hart that the root has chosen is
// the one that runs it.
class OneByOne : public lithe::Scheduler {
 public:
  OneByOne() : Scheduler("one by one") {}

  // Keeps the hart that comes, in place, until it is released.
  struct Holder {
    OneByOne *scheduler = nullptr;
    std::atomic<int> hart{-1};
    std::atomic<int> released{0};
    // Set by its context as the last that it does with this.
    std::atomic<int> left{-1};
    // To be asked for by this holder, from its own hart, when there is one.
    std::atomic<Holder *> next{nullptr};
  };

  // For the hart that the caller runs on. Returns the one that came.
  int ask(Holder &holder) {
    holder.scheduler = this;
    lithe_context_t *context;
    lithe::check("lithe_context_create", lithe_context_create(&context, nullptr, c(), hold, &holder));
    next_ = context;
    request(1);
    await(holder.hart, 0);
    return holder.hart;
  }

 protected:
  lithe::Decision hart_enter() override {
    if (lithe_context_t *context = next_.exchange(nullptr)) return lithe::Decision::run(context);
    return lithe::Decision::yield();
  }
  void context_unblock(lithe_context_t *) override {}
  void context_yield(lithe_context_t *) override {}

 private:
  static void hold(void *self) {
    Holder &holder = *static_cast<Holder *>(self);
    holder.hart = lithe_hart_self();
    while (!holder.released) {
      if (Holder *next = holder.next.exchange(nullptr)) holder.scheduler->ask(*next);
      sched_yield();
    }
    holder.left = 0;
  }
  std::atomic<lithe_context_t *> next_{nullptr};
};

TEST_CASE("topology child: harts come nearest first" * doctest::skip()) {
  const int others = lithe_hart_count() - 1;
  OneByOne scheduler;
  scheduler.enter();
  const int here = lithe_hart_self();
  std::vector<int> neighbours(static_cast<std::size_t>(others)), expected;
  lithe_topology_neighbours(here, neighbours.data(), others);
  for (const int other : neighbours) expected.push_back(lithe_topology_distance(here, other));
  // At first no hart has had a carrier; later all have one that waits.
  for (int round = 0; round < 4; ++round) {
    std::vector<OneByOne::Holder> holders(static_cast<std::size_t>(others));
    std::vector<int> distances;
    for (OneByOne::Holder &holder : holders) {
      distances.push_back(lithe_topology_distance(here, scheduler.ask(holder)));
    }
    CHECK_MESSAGE(distances == expected, listed(distances), " instead of ", listed(expected));
    CHECK(lithe_hart_self() == here);
    for (OneByOne::Holder &holder : holders) holder.released = 1;
    for (OneByOne::Holder &holder : holders) await(holder.left, 0);
    await_busy(1);
  }
  scheduler.exit();
}

TEST_CASE("topology child: a hart with a carrier comes before a nearer one" * doctest::skip()) {
  REQUIRE(lithe_hart_count() == 4);
  OneByOne scheduler;
  scheduler.enter();
  OneByOne::Holder near, far, wanted;
  const int warm = scheduler.ask(near);
  const int asking = scheduler.ask(far);
  CHECK(lithe_topology_distance(warm, asking) == LITHE_DISTANCE_ELSEWHERE);
  near.released = 1;
  await_busy(2);
  // The other hart of its node is idle too, but has never had a carrier.
  far.next = &wanted;
  await(wanted.hart, 0);
  CHECK(wanted.hart == warm);
  wanted.released = far.released = 1;
  scheduler.exit();
}

TEST_CASE("root: an idle hart whose carrier waits comes before a nearer one" * doctest::test_suite("process")) {
  const Outcome outcome =
      run_on("node:2 core:2 pu:1", "topology child: a hart with a carrier comes before a nearer one");
  CHECK_MESSAGE(outcome.code == 0, outcome.output);
}

TEST_CASE("root: the nearest idle hart comes to whoever asks" * doctest::test_suite("process")) {
  for (const char *description : {"package:2 l3:2 core:2 pu:2", "node:4 core:4 pu:1", "node:2 core:1 pu:2", "pu:2"}) {
    const Outcome outcome = run_on(description, "topology child: harts come nearest first");
    CHECK_MESSAGE(outcome.code == 0, description, ": ", outcome.output);
  }
}

}  // namespace
