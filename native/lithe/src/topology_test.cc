#include "lithe/topology.h"

#include <cstdio>
#include <doctest/doctest.h>
#include <sched.h>
#include <set>
#include <string>

#include "lithe/lithe.h"
#include "testing/child_process.hpp"

using namespace harts::testing;

namespace {

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
  for (int i = 0; i < topology.harts; ++i) {
    CHECK(topology.places[i].pu_os >= 0);
    CHECK(topology.places[i].core >= 0);
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
    std::printf("harts %d pus %d virtual %d pinned %d\n", topology.harts, topology.pus, topology.is_virtual,
                topology.is_pinned);
  }
}

TEST_CASE("topology: the environment bounds the number of harts" * doctest::test_suite("process")) {
  const auto with = [](const std::string &variable, const std::string &expected) {
    const Outcome outcome = run_case("topology child: prints", {variable, "HARTS=", "HARTS_VIRTUAL="});
    CHECK_MESSAGE(outcome.code == 0, outcome.output);
    CHECK_MESSAGE(outcome.says(expected), variable, " should give \"", expected, "\": ", outcome.output);
  };
  with("HARTS=1", "harts 1 ");
  with("HARTS_VIRTUAL=16", "harts 16 ");
  with("HARTS_VIRTUAL=16", "virtual 1 pinned 0");
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
  const Outcome outcome = run_case("topology child: follows the affinity mask", {"HARTS=", "HARTS_VIRTUAL="});
  CHECK_MESSAGE(outcome.code == 0, outcome.output);
}

}  // namespace
