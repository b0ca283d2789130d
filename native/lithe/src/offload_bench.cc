// `npm run bench -- offload`: unmodified code that blocks, on one hart with syscall offload. The definitions of the
// measurements are in bench/README.md.
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "benchmarking/on_hart.h"
#include "benchmarking/protocol.h"
#include "benchmarking/timing.h"
#include "lithe/lithe.h"
#include "schedulers/fork_join/fork_join.hpp"

using namespace harts::bench;

namespace {

constexpr int sleepers = 100;
constexpr unsigned nap_us = 200'000;

double contexts_sleep() {
  double result = 0;
  on_hart([&] {
    harts::ForkJoin team("bench");
    team.enter();
    const uint64_t begin = now_ns();
    for (int i = 0; i < sleepers; ++i) expect("fork", team.fork([](void *) { usleep(nap_us); }, nullptr));
    team.join();
    result = static_cast<double>(now_ns() - begin);
    team.exit();
  });
  return result;
}

double threads_sleep() {
  const uint64_t begin = now_ns();
  std::vector<std::thread> threads;
  for (int i = 0; i < sleepers; ++i) threads.emplace_back([] { usleep(nap_us); });
  for (std::thread &thread : threads) thread.join();
  return static_cast<double>(now_ns() - begin);
}

}  // namespace

int main() {
  std::string unavailable;
  if (const int code = lithe_offload_start(); code != 0) {
    unavailable = std::string("Syscall offload: ") + lithe_strerror(code) + " (Linux 5.11 or later on x86-64 has it).";
  }
  Program program;
  program.facts = {{"compiler", std::string("g++ ") + __VERSION__}, {"harts", std::to_string(lithe_hart_count())}};
  program.measurements = {
      {"sleepers",
       "100 calls of usleep(200000) at once: 200 ms if nobody waits for another",
       "pthread",
       false,
       {{"lithe", "100 contexts on one hart", contexts_sleep, unavailable},
        {"pthread", "100 threads, which are made for it", threads_sleep, ""}}},
  };
  return serve(program);
}
