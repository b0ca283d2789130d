// Boost.Fiber: the user-level peer that has synchronisation objects. Each function takes one sample, in nanoseconds per
// operation, with the calling thread pinned to `pu`.
#pragma once

#include <string>

namespace harts::bench {

using FiberSample = double (*)(int pu);

// Why Boost.Fiber cannot run here; empty when it can.
std::string fiber_unavailable();

double fiber_mutex(int pu);
double fiber_recursive_mutex(int pu);
double fiber_condvar_signal(int pu);
double fiber_barrier_alone(int pu);
// `members` fibers of one thread meet at a barrier until there were that many arrivals; per arrival.
double fiber_barrier(int pu, int members, int operations);

}  // namespace harts::bench
