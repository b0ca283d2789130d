// Places and proc_bind as the query calls report them. The runtime reads its environment once, so most cases run a case
// marked as a child below in a process of its own, on a synthetic machine. Compiled with -fopenmp.
#include <cstdio>
#include <doctest/doctest.h>
#include <omp.h>
#include <string>
#include <vector>

#include "lithe/lithe.h"
#include "testing/child_process.hpp"

using harts::testing::on_machine;
using harts::testing::Outcome;
using harts::testing::run_case;

extern "C" {
void omp_get_place_proc_ids_(const int *, int *);
void omp_get_place_proc_ids_8_(const long *, long *);
void omp_get_partition_place_nums_(int *);
void omp_get_partition_place_nums_8_(long *);
}

namespace {

// Two packages, each a node with one L3, two cores and two PUs on each core: PUs 0 to 7.
const std::string machine = "package:2 numa:1 l3:1 core:2 pu:2";

TEST_CASE("places child: list" * doctest::skip()) {
  std::printf("bind %d places", omp_get_proc_bind());
  for (int place = 0; place < omp_get_num_places(); ++place) {
    std::vector<int> ids(static_cast<std::size_t>(omp_get_place_num_procs(place)));
    omp_get_place_proc_ids(place, ids.data());
    std::printf(" [");
    for (std::size_t i = 0; i < ids.size(); ++i) std::printf("%s%d", i == 0 ? "" : " ", ids[i]);
    std::printf("]");
  }
  std::printf(".\n");
}

Outcome list_of(const std::vector<std::string> &settings) {
  std::vector<std::string> environment = settings;
  for (const char *name : {"OMP_PLACES", "OMP_PROC_BIND", "GOMP_CPU_AFFINITY"}) {
    environment.push_back(std::string(name) + "=");
  }
  return run_case("places child: list", on_machine(machine, environment));
}

TEST_CASE("places: without variables there are none, and binding is false") {
  CHECK(list_of({}).says("bind 0 places.\n"));
}

TEST_CASE("places: an abstract name makes one of each part of the machine that it names") {
  CHECK(list_of({"OMP_PLACES=threads"}).says("bind 1 places [0] [1] [2] [3] [4] [5] [6] [7].\n"));
  CHECK(list_of({"OMP_PLACES=Cores"}).says("bind 1 places [0 1] [2 3] [4 5] [6 7].\n"));
  CHECK(list_of({"OMP_PLACES=ll_caches"}).says("bind 1 places [0 1 2 3] [4 5 6 7].\n"));
  CHECK(list_of({"OMP_PLACES=sockets"}).says("bind 1 places [0 1 2 3] [4 5 6 7].\n"));
  CHECK(list_of({"OMP_PLACES=numa_domains"}).says("bind 1 places [0 1 2 3] [4 5 6 7].\n"));
}

TEST_CASE("places: a count in parentheses limits how many there are") {
  CHECK(list_of({"OMP_PLACES=cores(2)"}).says("places [0 1] [2 3].\n"));
  CHECK(list_of({"OMP_PLACES=cores ( 9 )"}).says("places [0 1] [2 3] [4 5] [6 7].\n"));
}

TEST_CASE("places: a list names processors one by one, by intervals and by intervals of places") {
  CHECK(list_of({"OMP_PLACES={0:4},{4:4}"}).says("places [0 1 2 3] [4 5 6 7].\n"));
  CHECK(list_of({"OMP_PLACES={0,1}:4:2"}).says("places [0 1] [2 3] [4 5] [6 7].\n"));
  CHECK(list_of({"OMP_PLACES={0:2:4},{7,6},3"}).says("places [0 4] [6 7] [3].\n"));
  CHECK(list_of({"OMP_PLACES= { 6 : 2 } : 3 : -2 "}).says("places [6 7] [4 5] [2 3].\n"));
}

TEST_CASE("places: an exclamation mark takes out a processor of a place or a place of the list") {
  CHECK(list_of({"OMP_PLACES={0:4,!1}"}).says("places [0 2 3].\n"));
  CHECK(list_of({"OMP_PLACES={0}:4,!{2}"}).says("places [0] [1] [3].\n"));
}

TEST_CASE("places: processors without a hart are left out and said") {
  const Outcome some = list_of({"OMP_PLACES={6:4},{9},{100}"});
  CHECK(some.says("OMP_PLACES=\"{6:4},{9},{100}\": 2 places have no hart; using the others.\n"));
  CHECK(some.says("places [6 7].\n"));
  const Outcome none = list_of({"OMP_PLACES={8}"});
  CHECK(none.says("OMP_PLACES=\"{8}\" has no processor with a hart; using no places.\n"));
  CHECK(none.says("bind 0 places.\n"));
}

TEST_CASE("places: what is no list is refused as a whole") {
  for (const char *text : {"{", "{}", "{0", "{0},", "{a}", "threads,cores", "cores(0)", "cores(2", "boards", "{0}:0",
                           "{0:0}", "{0}:2:-1", "{0},!{1}", "{0}!", "{70000}", "{0:65536}:65536:0", "{0:4:}", "-1"}) {
    const Outcome outcome = list_of({std::string("OMP_PLACES=") + text});
    INFO(outcome.output);
    CHECK(
        outcome.says(std::string("OMP_PLACES=\"") + text + "\" is not the name of a kind of places or a list of them"));
    CHECK(outcome.says("; using no places.\n"));
    CHECK(outcome.says("bind 0 places.\n"));
  }
}

TEST_CASE("places: OMP_PROC_BIND alone makes a place of each processor, and false makes none at all") {
  CHECK(list_of({"OMP_PROC_BIND=true"}).says("bind 1 places [0] [1] [2] [3] [4] [5] [6] [7].\n"));
  CHECK(list_of({"OMP_PROC_BIND=close", "OMP_PLACES=sockets"}).says("bind 3 places [0 1 2 3] [4 5 6 7].\n"));
  CHECK(list_of({"OMP_PROC_BIND=false", "OMP_PLACES=sockets"}).says("bind 0 places.\n"));
}

TEST_CASE("places: a word that OMP_PROC_BIND does not know is refused") {
  for (const char *text : {"near", "true,close", "close,false", "close,", "close spread"}) {
    const Outcome outcome = list_of({std::string("OMP_PROC_BIND=") + text});
    INFO(outcome.output);
    CHECK(outcome.says(std::string("OMP_PROC_BIND=\"") + text +
                       "\" is not true, false or a list of primary, close and "));
    CHECK(outcome.says("bind 0 places.\n"));
  }
}

TEST_CASE("places: GOMP_CPU_AFFINITY makes a place of each processor that it lists, unless OMP_PLACES is set") {
  CHECK(list_of({"GOMP_CPU_AFFINITY=5 3,0-6:3"}).says("bind 1 places [5] [3] [0] [3] [6].\n"));
  CHECK(list_of({"GOMP_CPU_AFFINITY=5", "OMP_PLACES={1}"}).says("bind 1 places [1].\n"));
  CHECK(list_of({"GOMP_CPU_AFFINITY=5", "OMP_PROC_BIND=spread"}).says("bind 4 places [5].\n"));
  const Outcome wrong = list_of({"GOMP_CPU_AFFINITY=5-2"});
  CHECK(wrong.says("GOMP_CPU_AFFINITY=\"5-2\" is not a list of processors like 0,2,4-8:2; using no places.\n"));
}

int bind_inside() {
  int bind = -1;
#pragma omp parallel num_threads(2)
#pragma omp single
  bind = omp_get_proc_bind();
  return bind;
}

TEST_CASE("places child: levels" * doctest::skip()) {
  int clause = -1, after_clause = -1, alone = -1;
#pragma omp parallel num_threads(2) proc_bind(spread)
#pragma omp single
  {
    clause = omp_get_proc_bind();
    after_clause = bind_inside();
  }
#pragma omp parallel num_threads(1) proc_bind(close)
  alone = omp_get_proc_bind();
  std::printf("outside %d inside %d clause %d then %d alone %d\n", omp_get_proc_bind(), bind_inside(), clause,
              after_clause, alone);
}

TEST_CASE("places: a proc_bind clause shows inside its region, except where OMP_PROC_BIND says what is inside") {
  const auto levels = [](const std::string &setting) {
    return run_case("places child: levels", on_machine(machine, {setting}));
  };
  CHECK(levels("OMP_PROC_BIND=true").says("outside 1 inside 1 clause 4 then 4 alone 3\n"));
  CHECK(levels("OMP_PROC_BIND=close,spread,primary").says("outside 3 inside 4 clause 4 then 2 alone 4\n"));
  CHECK(levels("OMP_PROC_BIND=false").says("outside 0 inside 0 clause 0 then 0 alone 0\n"));
  CHECK(levels("OMP_PROC_BIND=").says("outside 0 inside 0 clause 0 then 0 alone 0\n"));
}

TEST_CASE("places child: own place" * doctest::skip()) {
  int wrong = 0;
#pragma omp parallel num_threads(8) reduction(+ : wrong)
  {
    const int place = omp_get_place_num();
    wrong += place < 0 || place >= omp_get_num_places();
  }
  std::printf("outside %d wrong %d\n", omp_get_place_num(), wrong);
}

TEST_CASE("places: a thread is at the place of the hart that it runs on, and nowhere without a hart") {
  CHECK(run_case("places child: own place", on_machine(machine, {"OMP_PLACES=cores"})).says("outside -1 wrong 0\n"));
  CHECK(run_case("places child: own place", on_machine(machine, {"OMP_PLACES=", "OMP_PROC_BIND="})).says("wrong 8\n"));
}

TEST_CASE("places child: partition" * doctest::skip()) {
  int numbers[4] = {9, 9, 9, 9};
  long long_numbers[4] = {9, 9, 9, 9};
  omp_get_partition_place_nums(numbers);
  omp_get_partition_place_nums_8_(long_numbers);
  std::printf("%d: %d %d %d %d, %ld %ld\n", omp_get_partition_num_places(), numbers[0], numbers[1], numbers[2],
              numbers[3], long_numbers[1], long_numbers[2]);
}

TEST_CASE("places: the partition of a thread is the whole list") {
  CHECK(run_case("places child: partition", on_machine(machine, {"OMP_PLACES=cores(3)"})).says("3: 0 1 2 9, 1 2\n"));
}

TEST_CASE("places child: fortran" * doctest::skip()) {
  const int place = 1, no_place = 4;
  const long long_place = 1, no_long_place = 1L << 32;
  int ids[2] = {9, 9};
  long long_ids[2] = {9, 9};
  omp_get_place_proc_ids_(&no_place, ids);
  omp_get_place_proc_ids_8_(&no_long_place, long_ids);
  std::printf("before %d %ld ", ids[0], long_ids[0]);
  omp_get_place_proc_ids_(&place, ids);
  omp_get_place_proc_ids_8_(&long_place, long_ids);
  std::printf("after %d %d %ld %ld\n", ids[0], ids[1], long_ids[0], long_ids[1]);
}

TEST_CASE("places: the Fortran forms fill integers of their own size") {
  CHECK(
      run_case("places child: fortran", on_machine(machine, {"OMP_PLACES=cores"})).says("before 9 9 after 2 3 2 3\n"));
}

TEST_CASE("places: a number that is no place has no processors") {
  CHECK(omp_get_place_num_procs(-1) == 0);
  CHECK(omp_get_place_num_procs(omp_get_num_places()) == 0);
  int untouched = 7;
  omp_get_place_proc_ids(-1, &untouched);
  omp_get_place_proc_ids(omp_get_num_places(), &untouched);
  CHECK(untouched == 7);
}

}  // namespace
