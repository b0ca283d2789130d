// `npm run bench -- monitor`: how long a context that blocks in the kernel, or spins, keeps the only hart from another, and
// what it costs to watch. The definitions of the measurements are in bench/README.md.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <string>
#include <thread>
#include <time.h>
#include <unistd.h>

#include "benchmarking/on_hart.h"
#include "benchmarking/protocol.h"
#include "benchmarking/threads.h"
#include "benchmarking/timing.h"
#include "lithe/lithe.h"
#include "schedulers/fork_join/fork_join.hpp"

using namespace harts::bench;

namespace {

constexpr int trials = 20;

// What two flows of control on one processor do: the first gets in the way, the second says when it ran.
struct Pair {
  std::atomic<uint64_t> begin{0}, other_ran{0};
  int ends[2] = {-1, -1};

  Pair() {
    if (pipe(ends) != 0) std::perror("pipe");
  }
  ~Pair() {
    close(ends[0]);
    close(ends[1]);
  }
  double delay() const { return static_cast<double>(other_ran - begin); }

  void block_in_read() {
    begin = now_ns();
    char byte;
    if (read(ends[0], &byte, 1) != 1) std::perror("read");
  }
  void spin() {
    begin = now_ns();
    while (other_ran.load(std::memory_order_relaxed) == 0) {
    }
  }
  void run() {
    other_ran = now_ns();
    if (write(ends[1], "x", 1) != 1) std::perror("write");
  }
};

using First = void (Pair::*)();

double once_with_contexts(First first) {
  Pair pair;
  struct Part {
    Pair *pair;
    First first;
  } part{&pair, first};
  on_hart([&] {
    harts::ForkJoin team("bench");
    team.enter();
    expect("fork", team.fork(
                       [](void *argument) {
                         Part &mine = *static_cast<Part *>(argument);
                         (mine.pair->*mine.first)();
                       },
                       &part));
    expect("fork", team.fork([](void *argument) { static_cast<Part *>(argument)->pair->run(); }, &part));
    team.join();
    team.exit();
  });
  return pair.delay();
}

double once_with_threads(int pu, First first) {
  Pair pair;
  std::thread in_the_way([&] {
    pin_to(pu);
    (pair.*first)();
  });
  std::thread other([&] {
    pin_to(pu);
    while (pair.begin == 0) std::this_thread::yield();
    pair.run();
  });
  in_the_way.join();
  other.join();
  return pair.delay();
}

template <class Once>
double worst_of(Once once) {
  double worst = 0;
  for (int i = 0; i < trials; ++i) worst = std::max(worst, once());
  return worst;
}

// Nanoseconds that the thread has been on a processor.
uint64_t on_cpu(pid_t tid) {
  const std::string path = "/proc/self/task/" + std::to_string(tid) + "/schedstat";
  unsigned long long value = 0;
  if (FILE *file = std::fopen(path.c_str(), "r")) {
    if (std::fscanf(file, "%llu", &value) != 1) value = 0;
    std::fclose(file);
  }
  return value;
}

pid_t thread_called(const char *name) {
  pid_t found = 0;
  DIR *tasks = opendir("/proc/self/task");
  while (const dirent *entry = tasks ? readdir(tasks) : nullptr) {
    char text[32] = "";
    const std::string path = std::string("/proc/self/task/") + entry->d_name + "/comm";
    if (FILE *file = std::fopen(path.c_str(), "r")) {
      if (std::fscanf(file, "%31s", text) == 1 && std::strcmp(text, name) == 0) found = std::atoi(entry->d_name);
      std::fclose(file);
    }
  }
  if (tasks) closedir(tasks);
  return found;
}

uint64_t looks() {
  lithe_stats_t stats;
  lithe_stats_get(&stats);
  return stats.monitor_looks;
}

constexpr uint64_t watched_ns = 100'000'000;

// Processor time of the monitor for each look, while the hart computes.
double cost_of_a_look() {
  double result = 0;
  on_hart([&] {
    spin_for_ns(5'000'000);
    const pid_t monitor = thread_called("lithe-monitor");
    const uint64_t looks_before = looks(), cpu_before = on_cpu(monitor);
    spin_for_ns(watched_ns);
    result = static_cast<double>(on_cpu(monitor) - cpu_before) / static_cast<double>(looks() - looks_before);
  });
  return result;
}

// The same for a thread that only wakes once in a millisecond.
double cost_of_a_wake_up() {
  std::atomic<bool> ends{false};
  std::atomic<uint64_t> wakes{0};
  std::atomic<pid_t> tid{0};
  std::thread sleeper([&] {
    tid = gettid();
    const timespec period{0, 1'000'000};
    while (!ends) {
      nanosleep(&period, nullptr);
      ++wakes;
    }
  });
  while (tid == 0) std::this_thread::yield();
  const uint64_t wakes_before = wakes, cpu_before = on_cpu(tid);
  spin_for_ns(watched_ns);
  const double result = static_cast<double>(on_cpu(tid) - cpu_before) / static_cast<double>(wakes - wakes_before);
  ends = true;
  sleeper.join();
  return result;
}

}  // namespace

int main() {
  lithe_topology_t topology;
  if (const int code = lithe_topology_get(&topology); code != 0) {
    std::fprintf(stderr, "%s %s\n", lithe_strerror(code), lithe_topology_problem());
    return 1;
  }
  const int pu = topology.places[0].pu_os;
  const auto worst = [pu](First first, bool preempts) {
    return std::vector<Contender>{{"lithe", "two contexts on one hart",
                                   [=] {
                                     if (preempts) expect("lithe_preemption_start", lithe_preemption_start(5'000'000));
                                     const double result = worst_of([=] { return once_with_contexts(first); });
                                     lithe_preemption_stop();
                                     return result;
                                   },
                                   ""},
                                  {"pthread", "two threads on one PU",
                                   [=] { return worst_of([=] { return once_with_threads(pu, first); }); }, ""}};
  };
  Program program;
  program.facts = {{"compiler", std::string("g++ ") + __VERSION__},
                   {"harts", std::to_string(topology.harts)},
                   {"quota", topology.quota > 0 ? std::to_string(topology.quota) : "none"}};
  program.measurements = {
      {"blocked_read", "how long a context that blocks in read delays another, the worst of 20", "pthread", false,
       worst(&Pair::block_in_read, false)},
      {"hog", "how long a context that spins delays another, with a quantum of 5 ms, the worst of 20", "pthread", false,
       worst(&Pair::spin, true)},
      {"look",
       "processor time of one look at a hart that computes, once in a millisecond",
       "wake_up",
       false,
       {{"lithe", "the monitor", cost_of_a_look, ""},
        {"wake_up", "a thread that only wakes as often", cost_of_a_wake_up, ""}}},
  };
  return serve(program);
}
