// What concerns the whole process: exit, fork, entry points that are not there, unmodified programs. Most cases run one of
// the cases marked as a child below in a process of its own. Compiled with -fopenmp.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <fstream>
#include <omp.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "lithe/lithe.h"
#include "schedulers/openmp/child_case.hpp"

using harts::omp::run_child;
using harts::testing::command_for;
using harts::testing::Outcome;
using harts::testing::own_path;
using harts::testing::run_command;
using harts::testing::run_self;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr bool can_fork = false;
#else
constexpr bool can_fork = true;
#endif

std::string directory_of(const char *symbol) {
  Dl_info info;
  void *address = dlsym(RTLD_DEFAULT, symbol);
  if (address == nullptr || dladdr(address, &info) == 0) return "";
  const std::string file = info.dli_fname;
  return file.substr(0, file.rfind('/'));
}

/* Where this file lies: __FILE__ is relative to where the compiler ran, which was native/ or the root. */
std::string source_directory() {
  const std::string file = __FILE__;
  const std::string folder = file.substr(0, file.rfind('/'));
  const std::string from_root = folder.substr(folder.find("native/"));
  const std::string program = own_path();
  for (const std::string &tried : {folder, from_root, program.substr(0, program.rfind('/')) + "/../../" + from_root}) {
    if (std::ifstream(tried + "/abi.map").good()) return tried;
  }
  return folder;
}

/* ---- the children ---- */

/* OpenACC's initialisation, which only a compiler with -fopenacc calls. */
TEST_CASE("openmp child: openacc" * doctest::skip()) {
  const auto start = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "acc_init"));
  REQUIRE((start != nullptr));
  start(0);
  std::printf("openacc returned\n");
}

TEST_CASE("openmp child: exit" * doctest::skip()) {
#pragma omp parallel num_threads(6)
  {
    if (omp_get_thread_num() == 4) std::exit(7);
#pragma omp barrier
  }
}

TEST_CASE("openmp child: exit of a guest" * doctest::skip()) {
  std::thread([] {
#pragma omp parallel num_threads(4)
    {
#pragma omp single
      std::thread([] {
#pragma omp parallel num_threads(3)
#pragma omp master
        std::exit(8);
      }).join();
    }
  }).join();
}

int square_sum() {
  int sum = 0;
#pragma omp parallel num_threads(5) reduction(+ : sum)
  {
#pragma omp barrier
    sum += omp_get_thread_num() * omp_get_thread_num();
  }
  return sum;
}

TEST_CASE("openmp child: fork" * doctest::skip()) {
  CHECK(square_sum() == 30);
  for (int i = 0; i < 3; ++i) {
    const pid_t child = fork();
    if (child == 0) alarm(60);
    if (child == 0) _exit(square_sum() == 30 && square_sum() == 30 && omp_get_level() == 0 ? 5 : 6);
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 5);
    CHECK(square_sum() == 30);
  }
}

/* ---- the cases ---- */

TEST_CASE("openmp process: this program runs on our libgomp") {
  CHECK(directory_of("GOMP_parallel") == directory_of("lithe_hart_count"));
}

TEST_CASE("openmp process: every name of abi.map is there under its version") {
  std::ifstream map(source_directory() + "/abi.map");
  REQUIRE(map.good());
  std::string line, node;
  int names = 0;
  while (std::getline(map, line)) {
    if (line.size() > 2 && line.substr(line.size() - 2) == " {") node = line.substr(0, line.size() - 2);
    if (line.compare(0, 4, "    ") != 0 || line.find('*') != std::string::npos) continue;
    const std::string name = line.substr(4, line.find(';') - 4);
    INFO(name, "@", node);
    CHECK(dlvsym(RTLD_DEFAULT, name.c_str(), node.c_str()) != nullptr);
    ++names;
  }
  CHECK(names > 450);
}

TEST_CASE("openmp process: an entry point that is not there prints its name and aborts") {
  const Outcome outcome = run_child("openacc");
  CHECK(outcome.says("libgomp (harts): acc_init is not supported yet; aborting.\n"));
  CHECK(!outcome.says("openacc returned"));
  CHECK(outcome.code == 128 + SIGABRT);
}

TEST_CASE("openmp process: exit inside a region ends the process with its code") {
  const Outcome of_worker = run_child("exit");
  INFO(of_worker.output);
  CHECK(of_worker.code == 7);
  const Outcome of_guest = run_child("exit of a guest");
  INFO(of_guest.output);
  CHECK(of_guest.code == 8);
}

/* ThreadSanitizer cannot make threads in the child of a process that had some: it takes them for the parent's.
 * AddressSanitizer's allocator may have been locked by another thread at the fork, and then stays so in the child. */
TEST_CASE("openmp process: OpenMP works in a forked child" * doctest::skip(!can_fork)) {
  const Outcome outcome = run_child("fork");
  INFO(outcome.output);
  CHECK(outcome.code == 0);
}

TEST_CASE("openmp process: the whole suite passes on one hart and on sixteen virtual ones") {
  for (const char *harts : {"HARTS=1", "HARTS_VIRTUAL=16"}) {
    const Outcome outcome = run_self({"-sf=*schedulers/openmp/*", "-tce=openmp process*,places*,affinity*"}, {harts});
    INFO(harts, "\n", outcome.output);
    CHECK(outcome.code == 0);
  }
}

TEST_CASE("openmp process: an unmodified program runs on our libgomp, found by path or preloaded" *
          doctest::skip(sanitized)) {
  const std::string program = own_path() + "_mixed_program";
  const char *compiler = std::getenv("LITHE_TEST_CC");  // for the processor that this test was compiled for
  const Outcome compiled = run_command(
      {compiler ? compiler : "cc", "-O1", "-fopenmp", source_directory() + "/programs/mixed.c", "-o", program}, {});
  INFO(compiled.output);
  REQUIRE(compiled.code == 0);
  const std::string libraries = directory_of("GOMP_parallel");
  for (const std::string &way : {"LD_LIBRARY_PATH=" + libraries, "LD_PRELOAD=" + libraries + "/libgomp.so.1"}) {
    const Outcome outcome = run_command(command_for(program), {way, "OMP_DISPLAY_ENV=verbose"});
    INFO(outcome.output);
    CHECK(outcome.code == 0);
    CHECK(outcome.says("right, 6 threads"));
    CHECK(outcome.says("LIBRARY = 'harts'"));
  }
  std::remove(program.c_str());
}

}  // namespace
