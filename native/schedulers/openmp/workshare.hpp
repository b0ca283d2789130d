/* Work-sharing constructs: what the threads of a team share while they divide a loop or sections among them.
 *
 * All loops are divided by iteration number, 0 .. trips-1, in 64-bit unsigned arithmetic; only the two ends of a chunk
 * are turned back into the program's own values. So `long` and `unsigned long long` loops, upward and downward, share
 * one implementation, and nothing overflows near the ends of a type. */
#ifndef HARTS_OPENMP_WORKSHARE_HPP
#define HARTS_OPENMP_WORKSHARE_HPP

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "lithe/lithe.h"
#include "schedulers/openmp/guard.hpp"

namespace harts::omp {

class Doacross;
struct SharedReductions;
struct Member;
struct Team;

/* A context that waits for its turn in an ordered loop. */
struct OrderedWaiter {
  lithe_context_t *context = nullptr;
  uint64_t ticket = 0;
  OrderedWaiter *next = nullptr;
};

/* The shared side of one construct.
 *
 * Shares form a chain: `successor` is the share of the team's next construct, appended by whoever gets there first, so
 * a thread may run ahead through `nowait` constructs without waiting for anybody. A share is recycled by the last
 * member that goes past it; before that, some member may still read it. */
struct alignas(64) WorkShare {
  WorkShare() = default;
  ~WorkShare() { clear(); }
  WorkShare(const WorkShare &) = delete;
  WorkShare &operator=(const WorkShare &) = delete;

  /* Makes it fit for another construct. No other thread may use it. */
  void clear();

  std::atomic<uint64_t> next{0}; /* the chunk, iteration or section that is given out next */
  std::atomic<unsigned> left{0}; /* members that have gone past */
  std::atomic<WorkShare *> successor{nullptr};
  std::atomic<void *> memory{nullptr};       /* zeroed memory that the compiler asked for, shared by the team */
  std::atomic<Doacross *> doacross{nullptr}; /* who has posted, in a doacross loop of several threads */
  std::atomic<SharedReductions *> reductions{nullptr}; /* of reduction(task, ...) on the construct */
  WorkShare *free_next = nullptr;

  /* Ordered loops: `turn` is the ticket of the chunk whose ordered regions may run. */
  Guard guard;
  std::atomic<uint64_t> turn{0};
  uint64_t tickets = 0;
  OrderedWaiter *waiters = nullptr;
};

/* A loop as the program wrote it. `step` is a two's complement number when the loop runs downward. */
struct LoopSpec {
  uint64_t start = 0;
  uint64_t end = 0;
  uint64_t step = 1;
  uint64_t trips = 0;
  uint64_t chunk = 0; /* 0: none given */
  unsigned kind = 0;  /* ScheduleKind; never kRuntime in a spec that a thread works on */
  bool ordered = false;
};

/* One thread's side of the loop, or of the sections, that it is working on. */
struct Loop : LoopSpec {
  uint64_t position = 0; /* static: the next chunk of this thread */
  uint64_t ticket = 0;   /* ordered: the chunk that it holds */
  bool holds = false;    /* ordered: a chunk is held, whose turn must be passed on */
};

/* The share of the member's next construct. */
WorkShare &next_share(Member &member);

/* Prepares the member for the loop of a combined construct, whose share is the team's first. */
void begin_combined(Member &member, const LoopSpec &spec);

/* What the team shares about the doacross loop that the member has begun, made by whoever comes first; NULL in a team of
 * one, and without iterations. `counts` are the iterations of each of the `depth` loops. */
Doacross *share_doacross(Member &member, unsigned depth, const uint64_t *counts);

/* A spec from the arguments of the GOMP_*loop* calls; `kind` may be kRuntime, which asks the control variables. */
LoopSpec signed_loop(const Member &member, long start, long end, long step, unsigned kind, long chunk, bool ordered);
LoopSpec unsigned_loop(const Member &member, bool up, uint64_t start, uint64_t end, uint64_t step, unsigned kind,
                       uint64_t chunk, bool ordered);

}  // namespace harts::omp

#endif
