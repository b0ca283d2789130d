#include "benchmarking/fiber_peers.h"

#include <vector>

#include "benchmarking/threads.h"
#include "benchmarking/timing.h"

#if __has_include(<boost/fiber/all.hpp>)
#define HARTS_BENCH_FIBER 1
#include <boost/fiber/all.hpp>
#endif

namespace harts::bench {

#ifdef HARTS_BENCH_FIBER

namespace fibers = boost::fibers;

namespace {

template <class Operation>
double alone(int pu, Operation operation) {
  pin_to(pu);
  return median_of_calls(20'000, operation);
}

}  // namespace

std::string fiber_unavailable() { return ""; }

double fiber_mutex(int pu) {
  fibers::mutex mutex;
  return alone(pu, [&] { mutex.lock(), mutex.unlock(); });
}

double fiber_recursive_mutex(int pu) {
  fibers::recursive_mutex mutex;
  return alone(pu, [&] { mutex.lock(), mutex.unlock(); });
}

double fiber_condvar_signal(int pu) {
  fibers::condition_variable condvar;
  return alone(pu, [&] { condvar.notify_one(); });
}

double fiber_barrier_alone(int pu) {
  fibers::barrier barrier(1);
  return alone(pu, [&] { barrier.wait(); });
}

double fiber_barrier(int pu, int members, int operations) {
  pin_to(pu);
  fibers::barrier barrier(static_cast<std::size_t>(members));
  const int turns = operations / members;
  std::vector<fibers::fiber> all;
  const uint64_t start = now_ns();
  for (int i = 0; i < members; ++i) {
    all.emplace_back([&] {
      for (int turn = 0; turn < turns; ++turn) barrier.wait();
    });
  }
  for (auto &one : all) one.join();
  return static_cast<double>(now_ns() - start) / (turns * members);
}

#else

std::string fiber_unavailable() {
  return "Boost.Fiber was not there when the benches were compiled; install it (sudo apt-get install -y "
         "libboost-fiber-dev), delete build/bench and run again.";
}

double fiber_mutex(int) { return 0; }
double fiber_recursive_mutex(int) { return 0; }
double fiber_condvar_signal(int) { return 0; }
double fiber_barrier_alone(int) { return 0; }
double fiber_barrier(int, int, int) { return 0; }

#endif

}  // namespace harts::bench
