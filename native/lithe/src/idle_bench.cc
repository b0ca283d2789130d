// `npm run bench -- idle`: what an idle hart costs, and how soon it is there, by how long it has been idle. One policy
// per process (HARTS_SPIN); bench/idle.ts runs them side by side. The definitions of the measurements are in
// bench/README.md.
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <string>
#include <sys/resource.h>
#include <vector>

#include "benchmarking/on_hart.h"
#include "benchmarking/protocol.h"
#include "benchmarking/timing.h"
#include "lithe/lithe.h"

using namespace harts::bench;

namespace {

constexpr int gaps_us[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};

// Asks for a second hart now and then; the hart says when it has come, and goes back.
struct Asker {
  lithe_sched_t sched;  // first: callbacks find the rest behind it
  std::atomic<bool> is_wanted{false};
  std::atomic<uint64_t> came_at{0};

  Asker();
  // Returns the nanoseconds from the request to hart_enter.
  uint64_t ask() {
    came_at.store(0, std::memory_order_relaxed);
    const uint64_t begin = now_ns();
    is_wanted.store(true, std::memory_order_relaxed);
    lithe_hart_request(&sched, 1);
    uint64_t end;
    while ((end = came_at.load(std::memory_order_acquire)) == 0) cpu_relax();
    while (lithe_sched_harts(&sched) != 1) cpu_relax();
    return end > begin ? end - begin : 0;
  }
};

constexpr lithe_sched_funcs_t asker_funcs = [] {
  lithe_sched_funcs_t funcs = quiet_funcs;
  funcs.hart_enter = [](lithe_sched_t *self) {
    Asker &asker = *reinterpret_cast<Asker *>(self);
    if (asker.is_wanted.exchange(false, std::memory_order_relaxed)) {
      asker.came_at.store(now_ns(), std::memory_order_release);
      lithe_hart_request(self, -1);
    }
    return lithe_hart_yield();
  };
  return funcs;
}();

Asker::Asker() { expect("lithe_sched_init", lithe_sched_init(&sched, &asker_funcs, "asker")); }

uint64_t cpu_ns(clockid_t clock) {
  timespec used;
  clock_gettime(clock, &used);
  return static_cast<uint64_t>(used.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(used.tv_nsec);
}

struct Result {
  double latency, idle_cpu;
};

// Asks once in `gap_us`; until then the caller computes.
Result ask_again_and_again(int gap_us) {
  Result result{};
  on_hart([&] {
    Asker asker;
    expect("lithe_sched_enter", lithe_sched_enter(&asker.sched));
    const uint64_t gap = static_cast<uint64_t>(gap_us) * 1000;
    const int count = gap_us < 100 ? 400 : 40'000 / gap_us;
    for (int i = 0; i < 20; ++i) {  // so that the policy knows what comes
      spin_for_ns(gap);
      asker.ask();
    }
    std::vector<double> latencies;
    const uint64_t others = cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < count; ++i) {
      spin_for_ns(gap);
      latencies.push_back(static_cast<double>(asker.ask()));
    }
    const uint64_t used = cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns(CLOCK_THREAD_CPUTIME_ID) - others;
    result = {midmean(std::move(latencies)), static_cast<double>(used) / count};
    expect("lithe_sched_exit", lithe_sched_exit());
  });
  return result;
}

}  // namespace

int main() {
  if (const int harts = lithe_hart_count(); harts < 2) {
    std::fprintf(stderr, "%s\n", harts < 0 ? lithe_topology_problem() : "This needs two harts.");
    return 1;
  }
  Program program;
  program.facts = {{"compiler", std::string("g++ ") + __VERSION__}, {"harts", std::to_string(lithe_hart_count())}};
  for (const int gap : gaps_us) {
    const std::string x = std::to_string(gap);
    program.measurements.push_back({"latency " + x,
                                    "from a request to hart_enter on a hart that has been idle for " + x + " us",
                                    "lithe",
                                    false,
                                    {{"lithe", "", [gap] { return ask_again_and_again(gap).latency; }, ""}}});
    program.measurements.push_back({"idle_cpu " + x,
                                    "processor time of the hart that waits, and wakes, for one request in " + x + " us",
                                    "lithe",
                                    false,
                                    {{"lithe", "", [gap] { return ask_again_and_again(gap).idle_cpu; }, ""}}});
  }
  return serve(program);
}
