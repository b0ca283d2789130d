// The affinity format: its fields and widths, the variable, and the C and Fortran forms of the calls. Compiled with
// -fopenmp.
#include <cstdio>
#include <cstring>
#include <doctest/doctest.h>
#include <omp.h>
#include <pthread.h>
#include <string>
#include <unistd.h>

#include "testing/child_process.hpp"

using harts::testing::on_machine;
using harts::testing::Outcome;
using harts::testing::run_case;

extern "C" {
int omp_capture_affinity_(char *buffer, const char *format, size_t size, size_t length);
int omp_get_affinity_format_(char *buffer, size_t size);
void omp_set_affinity_format_(const char *format, size_t length);
void omp_display_affinity_(const char *format, size_t length);
}

namespace {

std::string captured(const char *format) {
  char buffer[512];
  const size_t length = omp_capture_affinity(buffer, sizeof buffer, format);
  CHECK(length == strlen(buffer));
  return buffer;
}

std::string host_name() {
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  return name;
}

TEST_CASE("affinity_format: each field has a letter and a name") {
  CHECK(captured("%t %T %L %n %N %a") == "0 1 0 0 1 -1");
  CHECK(captured("%{team_num} %{num_teams} %{nesting_level} %{thread_num} %{num_threads} %{ancestor_tnum}") ==
        "0 1 0 0 1 -1");
  CHECK(captured("%H") == host_name());
  CHECK(captured("%{host}") == host_name());
  CHECK(captured("%P") == std::to_string(getpid()));
  CHECK(captured("%{process_id}") == std::to_string(getpid()));
  CHECK(captured("%A") == captured("%{thread_affinity}"));
  char id[32];
  snprintf(id, sizeof id, "%#lx", static_cast<unsigned long>(pthread_self()));
  CHECK(captured("%i") == id);
  CHECK(captured("%{native_thread_id}") == id);
}

TEST_CASE("affinity_format: two percent signs are one") { CHECK(captured("100%% %n%%") == "100% 0%"); }

TEST_CASE("affinity_format: a width alone aligns to the left, a dot to the right, a zero fills numbers up") {
  CHECK(captured("[%4n]") == "[0   ]");
  CHECK(captured("[%.4n]") == "[   0]");
  CHECK(captured("[%0.4n]") == "[0000]");
  CHECK(captured("[%0.4{ancestor_tnum}]") == "[-001]");
  CHECK(captured("[%.4a]") == "[  -1]");
  CHECK(captured("%0.300H") == std::string(300 - host_name().size(), ' ') + host_name());
  CHECK(captured("%0.30i").substr(0, 6) == "0x0000");
}

TEST_CASE("affinity_format: what is wider than its width is shown whole") {
  CHECK(captured("%1P") == std::to_string(getpid()));
  CHECK(captured("%0.1a") == "-1");
}

TEST_CASE("affinity_format: the fields tell the seat of the calling thread") {
  int wrong = 0;
#pragma omp parallel num_threads(3) reduction(+ : wrong)
  {
    char expected[64], got[64];
    const int outer = omp_get_thread_num();
    snprintf(expected, sizeof expected, "1 %d 3 0", outer);
    omp_capture_affinity(got, sizeof got, "%L %n %N %a");
    wrong += strcmp(expected, got) != 0;
#pragma omp parallel num_threads(2) reduction(+ : wrong) firstprivate(outer)
    {
      char inner_expected[64], inner_got[64];
      snprintf(inner_expected, sizeof inner_expected, "2 %d 2 %d", omp_get_thread_num(), outer);
      omp_capture_affinity(inner_got, sizeof inner_got, "%L %n %N %a");
      wrong += strcmp(inner_expected, inner_got) != 0;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("affinity_format: a buffer that is too small gets the beginning, and the length is told") {
  char buffer[6] = "zzzzz";
  CHECK(omp_capture_affinity(buffer, 4, "abcdefg") == 7);
  CHECK(std::string(buffer) == "abc");
  CHECK(buffer[4] == 'z');
  CHECK(omp_capture_affinity(nullptr, 0, "abcdefg") == 7);
}

// Puts the variable back.
struct FormatKeeper {
  char before[256] = {};
  FormatKeeper() { omp_get_affinity_format(before, sizeof before); }
  ~FormatKeeper() { omp_set_affinity_format(before); }
};

TEST_CASE("affinity_format: the variable is used when no format is given") {
  const FormatKeeper keeper;
  omp_set_affinity_format("thread %n");
  CHECK(captured(nullptr) == "thread 0");
  CHECK(captured("") == "thread 0");
  char buffer[32];
  CHECK(omp_get_affinity_format(buffer, sizeof buffer) == 9);
  CHECK(std::string(buffer) == "thread %n");
  CHECK(omp_get_affinity_format(buffer, 4) == 9);
  CHECK(std::string(buffer) == "thr");
  CHECK(omp_get_affinity_format(nullptr, 0) == 9);
}

TEST_CASE("affinity_format: it can be set and read by many threads at once") {
  const FormatKeeper keeper;
  int wrong = 0;
#pragma omp parallel num_threads(4) reduction(+ : wrong)
  for (int i = 0; i < 200; ++i) {
    omp_set_affinity_format(i % 2 == 0 ? "even even even even even even" : "odd");
    char buffer[64];
    const size_t length = omp_get_affinity_format(buffer, sizeof buffer);
    wrong += length != 3 && length != 29 && std::string(buffer) != keeper.before;
  }
  CHECK(wrong == 0);
}

TEST_CASE("affinity_format child: wrong formats" * doctest::skip()) {
  std::printf("[%s]\n", captured("%n %q %{bogus} %05n %").c_str());
  omp_set_affinity_format("%.n");
  omp_set_affinity_format("%99999999999n");
  char buffer[64];
  omp_get_affinity_format(buffer, sizeof buffer);
  std::printf("(%s)\n", buffer);
}

TEST_CASE("affinity_format: what is no field stays as it is, and a format with such is not set") {
  const Outcome outcome = run_case("affinity_format child: wrong formats", {"OMP_AFFINITY_FORMAT=first %n"});
  INFO(outcome.output);
  CHECK(outcome.says("[0 %q %{bogus} %05n %]\n"));
  CHECK(outcome.says(
      "\"%n %q %{bogus} %05n %\" is not an affinity format: it has %q, which is no field, shown as it is.\n"));
  CHECK(outcome.says("\"%.n\" is not an affinity format: it has a dot without a width; the one that was set stays.\n"));
  CHECK(outcome.says("\"%99999999999n\" is not an affinity format: it has a width above 65535; "));
  CHECK(outcome.says("(first %n)\n"));
}

TEST_CASE("affinity_format child: display" * doctest::skip()) {
  omp_display_affinity("shown %n");
  omp_display_affinity(nullptr);
  omp_display_affinity_("fortran %n no more", 10);
}

TEST_CASE("affinity_format: omp_display_affinity writes a line") {
  const Outcome outcome = run_case("affinity_format child: display", {"OMP_AFFINITY_FORMAT=usual %N"});
  INFO(outcome.output);
  CHECK(outcome.says("shown 0\nusual 1\nfortran 0\n"));
}

TEST_CASE("affinity_format child: affinity" * doctest::skip()) { omp_display_affinity("PUs %A."); }

TEST_CASE("affinity_format: a thread may run on the processors of all harts") {
  const std::string name = "affinity_format child: affinity";
  CHECK(run_case(name, on_machine("core:4 pu:2", {"OMP_PLACES=cores"})).says("PUs 0-7.\n"));
  CHECK(run_case(name, on_machine("core:2 pu:4", {"HARTS_SMT=off"})).says("PUs 0,4.\n"));
}

TEST_CASE("affinity_format: Fortran texts have a length and are filled up with blanks") {
  const FormatKeeper keeper;
  char buffer[12] = "zzzzzzzzzzz";
  CHECK(omp_capture_affinity_(buffer, "n=%n and more", 8, 4) == 3);
  CHECK(std::string(buffer) == "n=0     zzz");
  CHECK(omp_capture_affinity_(buffer, "n=%n and more", 5, 13) == 12);
  CHECK(std::string(buffer) == "n=0 a   zzz");
  omp_set_affinity_format_("hey %n, you", 6);
  CHECK(omp_get_affinity_format_(buffer, 11) == 6);
  CHECK(std::string(buffer) == "hey %n     ");
  CHECK(omp_capture_affinity_(buffer, "", 5, 0) == 5);
  CHECK(std::string(buffer, 5) == "hey 0");
}

}  // namespace
