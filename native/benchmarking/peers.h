// The contenders that are not ours: plain pthreads and Boost.Context. Each function takes one sample, in nanoseconds
// per operation, with the calling thread pinned to `pu`.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "benchmarking/threads.h"
#include "benchmarking/timing.h"

namespace harts::bench {

// Two kernel threads on one PU hand it to each other with sched_yield; per switch that happened.
double sched_yield_switch(Helper &helper, int pu);

// Two kernel threads on one PU wake each other through two futexes; per one-way switch.
double futex_switch(Helper &helper, int pu);

// pthread_create and pthread_join of a thread that does nothing, on the same PU.
double pthread_create_join(int pu);

// --- hand-offs to another PU: from the call that causes it to the answer seen by the caller ---

// How long the caller stays busy with itself before each hand-off; so long for a spinner and for a sleeper.
constexpr uint64_t spinner_pause_ns = 2'000;
constexpr uint64_t sleeper_pause_ns = 200'000;
constexpr int spinner_operations = 101;
constexpr int sleeper_operations = 21;

// Does `operation` that often, each time after a pause and before `recover`, and returns the midmean of its lengths.
template <class Operation, class Recover>
double midmean_single(int count, uint64_t pause_ns, Operation operation, Recover recover) {
  std::vector<double> each;
  for (int i = 0; i < count; ++i) {
    spin_for_ns(pause_ns);
    const uint64_t start = ticks();
    operation();
    const auto length = static_cast<double>(ticks() - start);
    each.push_back((length - empty_interval()) * ns_per_tick());
    recover();
  }
  return midmean(std::move(each));
}

// The other thread spins on a cache line: the bare ping-pong.
double spinning_hand_off(Helper &helper, int pu, int other_pu);
// The other thread sleeps on a futex.
double futex_hand_off(Helper &helper, int pu, int other_pu);
// The other thread waits on a condition variable.
double condvar_hand_off(Helper &helper, int pu, int other_pu);

// --- Boost.Context ---

// Why Boost.Context cannot run here; empty when it can.
std::string boost_unavailable();
// jump_fcontext to another stack and back; per jump. No thread-local storage is exchanged.
double boost_switch(int pu);
// Creates a fiber on a pooled stack, runs it to its end.
double boost_fiber(int pu);

}  // namespace harts::bench
