#include "lithe/topology.h"

#include <atomic>
#include <cstdio>
#include <doctest/doctest.h>
#include <sched.h>
#include <set>
#include <string>
#include <vector>

#include "lithe/lithe.h"
#include "schedulers/fork_join/fork_join.hpp"
#include "testing/child_process.hpp"

using namespace harts::testing;

namespace {

// Runs a child in an environment of its own: what is not given is unset.
Outcome run_with(const std::string &name, std::vector<std::string> environment) {
  for (const char *variable : {"HARTS=", "HARTS_VIRTUAL=", "HARTS_SMT=", "HARTS_TOPOLOGY=", "HWLOC_SYNTHETIC="}) {
    environment.emplace_back(variable);
  }
  return run_case(name, environment);
}

TEST_CASE("topology: describes every hart") {
  lithe_topology_t topology;
  CHECK(lithe_topology_get(nullptr) == LITHE_EINVAL);
  REQUIRE(lithe_topology_get(&topology) == 0);
  CHECK(topology.harts == lithe_hart_count());
  CHECK(topology.harts >= 1);
  CHECK(topology.pus >= 1);
  CHECK(topology.machine_pus >= topology.pus);
  CHECK(topology.quota >= 0);
  CHECK((topology.is_virtual || topology.harts <= topology.pus));
  CHECK(topology.smt >= 1);
  CHECK((!topology.is_smt_used || topology.smt > 1));
  CHECK((!topology.is_synthetic || topology.is_virtual));
  CHECK((!topology.is_virtual || !topology.is_pinned));
  for (int i = 0; i < topology.harts; ++i) {
    CHECK(topology.places[i].pu_os >= 0);
    CHECK((topology.is_synthetic || topology.places[i].core >= 0));
  }
  CHECK(std::string(lithe_topology_problem()) == "");
}

TEST_CASE("topology: one hart for each PU unless virtual") {
  lithe_topology_t topology;
  REQUIRE(lithe_topology_get(&topology) == 0);
  if (topology.is_virtual) return;
  std::set<int> pus;
  for (int i = 0; i < topology.harts; ++i) pus.insert(topology.places[i].pu_os);
  CHECK(static_cast<int>(pus.size()) == topology.harts);
}

TEST_CASE("topology child: prints" * doctest::skip()) {
  lithe_topology_t topology;
  const int code = lithe_topology_get(&topology);
  if (code != 0) {
    std::printf("code %d problem %s\n", code, lithe_topology_problem());
    CHECK(lithe_hart_count() == code);
    CHECK(lithe_context_self() == nullptr);
    lithe_context_t *context;
    CHECK(lithe_context_create(
              &context, nullptr, nullptr, [](void *) {}, nullptr) == code);
  } else {
    std::printf("harts %d pus %d of %d virtual %d synthetic %d pinned %d smt %d used %d\n", topology.harts,
                topology.pus, topology.machine_pus, topology.is_virtual, topology.is_synthetic, topology.is_pinned,
                topology.smt, topology.is_smt_used);
    std::printf("places");
    for (int i = 0; i < topology.harts; ++i) {
      const lithe_hart_place_t &at = topology.places[i];
      std::printf(" %d:%d/%d/%d/%d/%d", at.pu_os, at.core, at.l2, at.l3, at.numa, at.package);
    }
    std::printf("\n");
    std::fflush(stdout);
    lithe_dump(1);
  }
}

TEST_CASE("topology: the environment bounds the number of harts" * doctest::test_suite("process")) {
  const auto with = [](const std::string &variable, const std::string &expected) {
    const Outcome outcome = run_with("topology child: prints", {variable});
    CHECK_MESSAGE(outcome.code == 0, outcome.output);
    CHECK_MESSAGE(outcome.says(expected), variable, " should give \"", expected, "\": ", outcome.output);
  };
  with("HARTS=1", "harts 1 ");
  with("HARTS_VIRTUAL=16", "harts 16 ");
  with("HARTS_VIRTUAL=16", "virtual 1 synthetic 0 pinned 0");
  with("HARTS=4096", "virtual 0");
  for (const char *bad : {"HARTS=0", "HARTS=-2", "HARTS=two", "HARTS=2x", "HARTS=5000", "HARTS_VIRTUAL=0",
                          "HARTS_VIRTUAL=1.5", "HARTS=99999999999999999999"}) {
    with(bad, std::string("code ") + std::to_string(LITHE_EINVAL) + " problem " + bad + " is not a number of harts");
  }
}

TEST_CASE("topology child: follows the affinity mask" * doctest::skip()) {
  cpu_set_t before, one;
  REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0);
  int last = -1;
  for (int pu = 0; pu < CPU_SETSIZE; ++pu) {
    if (CPU_ISSET(pu, &before)) last = pu;
  }
  CPU_ZERO(&one);
  CPU_SET(last, &one);
  REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
  lithe_topology_t topology;
  REQUIRE(lithe_topology_get(&topology) == 0);
  CHECK(topology.pus == 1);
  CHECK(topology.harts == 1);
  CHECK(topology.places[0].pu_os == last);
}

TEST_CASE("topology: there are no more harts than PUs in the affinity mask" * doctest::test_suite("process")) {
  const Outcome outcome = run_with("topology child: follows the affinity mask", {});
  CHECK_MESSAGE(outcome.code == 0, outcome.output);
}

struct Shape {
  std::vector<std::string> environment;
  std::vector<const char *> says;
};

void check_shapes(const std::vector<Shape> &shapes) {
  for (const Shape &shape : shapes) {
    const Outcome outcome = run_with("topology child: prints", shape.environment);
    CHECK_MESSAGE(outcome.code == 0, outcome.output);
    for (const char *text : shape.says) {
      CHECK_MESSAGE(outcome.says(text), shape.environment.front(), " should give \"", text, "\": ", outcome.output);
    }
  }
}

TEST_CASE("topology: a description takes the place of the machine" * doctest::test_suite("process")) {
  check_shapes({
      {{"HARTS_TOPOLOGY=node:2 core:8 pu:2"},
       {"harts 32 pus 32 of 32 virtual 1 synthetic 1 pinned 0 smt 2 used 1\n",
        "places 0:0/-1/-1/0/-1 1:0/-1/-1/0/-1 2:1/-1/-1/0/-1 ", " 15:7/-1/-1/0/-1 16:8/-1/-1/1/-1 ",
        " 31:15/-1/-1/1/-1\n", "lithe: 32 harts (virtual)"}},
      {{"HARTS_TOPOLOGY=package:2 node:1 core:4 pu:1"},
       {"harts 8 pus 8 of 8 virtual 1 synthetic 1 pinned 0 smt 1 used 0\n", " 3:3/-1/-1/0/0 4:4/-1/-1/1/1 "}},
      {{"HARTS_TOPOLOGY=package:1 l3:2 l2:2 core:1 pu:2"},
       {"harts 8 ",
        "places 0:0/0/0/0/0 1:0/0/0/0/0 2:1/1/0/0/0 3:1/1/0/0/0 4:2/2/1/0/0 5:2/2/1/0/0 6:3/3/1/0/0 "
        "7:3/3/1/0/0\n"}},
      // The system may number PUs as it likes: the order is that of the tree.
      {{"HARTS_TOPOLOGY=core:2 pu:2(indexes=0,2,1,3)"}, {"places 0:0/-1/-1/0/-1 2:0/-1/-1/0/-1 1:1/"}},
      // Without cores no PU shares one.
      {{"HARTS_TOPOLOGY=pu:3"}, {"harts 3 ", "smt 1 used 0", "places 0:-1/-1/-1/0/-1 1:-1/"}},
      // Memory that is local to all is not what places a hart.
      {{"HARTS_TOPOLOGY=[numa] package:2 [numa] core:1 pu:1"}, {"places 0:0/-1/-1/0/0 1:1/-1/-1/1/1\n"}},
      // hwloc's own variable does the same, and is no less virtual.
      {{"HWLOC_SYNTHETIC=node:2 core:4 pu:1"}, {"harts 8 pus 8 of 8 virtual 1 synthetic 1 pinned 0 "}},
  });
}

TEST_CASE("topology: there may be fewer harts than a description has PUs" * doctest::test_suite("process")) {
  check_shapes({
      {{"HARTS_TOPOLOGY=node:2 core:8 pu:2", "HARTS=5"},
       {"harts 5 pus 32 of 32 virtual 1 synthetic 1 ", " 4:2/-1/-1/0/-1\n"}},
      {{"HARTS_TOPOLOGY=node:2 core:8 pu:2", "HARTS_VIRTUAL=3"}, {"harts 3 pus 32 "}},
      {{"HARTS_TOPOLOGY=node:2 core:8 pu:2", "HARTS_VIRTUAL=6", "HARTS=4"}, {"harts 4 pus 32 "}},
      {{"HARTS_TOPOLOGY=node:2 core:8 pu:2", "HARTS_VIRTUAL=64"}, {"harts 32 pus 32 "}},
      {{"HARTS_TOPOLOGY=node:2 core:8 pu:2", "HARTS=1"}, {"harts 1 ", "smt 2 used 0"}},
  });
}

TEST_CASE("topology: without SMT each core has one hart" * doctest::test_suite("process")) {
  check_shapes({
      {{"HARTS_SMT=off", "HARTS_TOPOLOGY=node:2 core:2 pu:2"},
       {"harts 4 pus 8 of 8 virtual 1 synthetic 1 pinned 0 smt 2 used 0\n",
        "places 0:0/-1/-1/0/-1 2:1/-1/-1/0/-1 4:2/-1/-1/1/-1 6:3/-1/-1/1/-1\n"}},
      {{"HARTS_SMT=off", "HARTS_TOPOLOGY=core:3 pu:4(indexes=3*4:1*3)"}, {"harts 3 pus 12 ", "smt 4 used 0"}},
      {{"HARTS_SMT=off", "HARTS_TOPOLOGY=node:2 core:2 pu:2", "HARTS=3"}, {"harts 3 pus 8 "}},
      {{"HARTS_SMT=off", "HARTS_TOPOLOGY=pu:4"}, {"harts 4 pus 4 ", "smt 1 used 0"}},
      {{"HARTS_SMT=off", "HARTS_TOPOLOGY=core:4 pu:1"}, {"harts 4 pus 4 ", "smt 1 used 0"}},
      {{"HARTS_SMT=on", "HARTS_TOPOLOGY=node:2 core:2 pu:2"}, {"harts 8 pus 8 ", "smt 2 used 1"}},
      {{"HARTS_SMT=on", "HARTS_TOPOLOGY=core:2 pu:2", "HARTS=2"}, {"harts 2 ", "used 1"}},
      // Virtual harts on one PU of a core are on one core only in name.
      {{"HARTS_SMT=off", "HARTS_VIRTUAL=9"}, {"harts 9 ", "used 0"}},
  });
}

TEST_CASE("topology child: has one hart per core of this machine" * doctest::skip()) {
  lithe_topology_t topology;
  REQUIRE(lithe_topology_get(&topology) == 0);
  CHECK(topology.is_smt_used == 0);
  CHECK(topology.is_virtual == 0);
  std::set<int> cores;
  for (int i = 0; i < topology.harts; ++i) cores.insert(topology.places[i].core);
  CHECK(static_cast<int>(cores.size()) == topology.harts);
  CHECK(topology.harts <= topology.pus);
  std::atomic<int> ran{0};
  harts::ForkJoin scheduler;
  scheduler.enter();
  for (int i = 0; i < 10; ++i) {
    REQUIRE(scheduler.fork([](void *count) { static_cast<std::atomic<int> *>(count)->fetch_add(1); }, &ran) == 0);
  }
  scheduler.join();
  scheduler.exit();
  CHECK(ran == 10);
}

TEST_CASE("topology: without SMT this machine has one hart per core" * doctest::test_suite("process")) {
  const Outcome outcome = run_with("topology child: has one hart per core of this machine", {"HARTS_SMT=off"});
  CHECK_MESSAGE(outcome.code == 0, outcome.output);
}

TEST_CASE("topology: a value that cannot be is named with its variable" * doctest::test_suite("process")) {
  const std::string code = "code " + std::to_string(LITHE_EINVAL) + " problem ";
  const auto refused = [&](const std::string &setting, const std::string &because) {
    const Outcome outcome = run_with("topology child: prints", {setting});
    CHECK_MESSAGE(outcome.code == 0, outcome.output);
    CHECK_MESSAGE(outcome.says(code + setting + because), setting, ": ", outcome.output);
  };
  for (const char *bad : {"garbage", "node:0", "node:2 core:2", "pu:2 core:2", "node:2 pu:2 more", "node:-1 pu:2"}) {
    refused(std::string("HARTS_TOPOLOGY=") + bad, " is not a synthetic topology that hwloc understands");
  }
  for (const char *large :
       {"pu:4097", "node:64 core:64 pu:2", "pu:99999999999999999999", "64 64 2", "core:2 pu:0x1000",
        "package:65(memory=1GB) [numa(memory=2GB)] core:64 pu:1", "node:2000000000 pu:2000000000"}) {
    refused(std::string("HARTS_TOPOLOGY=") + large, " describes more than 4096 PUs");
  }
  for (const char *bad : {"no", "OFF", "1", "off "}) {
    refused(std::string("HARTS_SMT=") + bad, " is neither on nor off");
  }
  refused("HARTS_SPIN=soon", " is not a time to spin");
  // Numbers in brackets describe no PUs.
  const Outcome outcome =
      run_with("topology child: prints", {"HARTS_TOPOLOGY=package:2 [numa(memory=9999)] l3:2(size=7777) core:2 pu:1"});
  CHECK_MESSAGE(outcome.says("harts 8 "), outcome.output);
}

}  // namespace
