/* The data model of the OpenMP adapter: who a thread is, which team it is in, and what it inherits.
 *
 * Every native thread (a context of liblithe, or a thread that the runtime did not make) has at any time one current
 * Member: its seat in the innermost team that it takes part in. `current` is the only thread_local on the hot path;
 * since a context owns its TLS, it is right on whichever hart the context runs.
 *
 *   Thread   a native thread: its identity, its pools of team threads, its seat outside every region
 *   Team     one parallel region; a region of one thread is a Team without a Crew and needs no scheduler
 *   Member   one thread's seat in a team: number, control variables, position in work-sharing constructs
 *   Crew     the pooled contexts that one thread keeps for the regions it starts at one depth (crew.hpp) */
#ifndef HARTS_OPENMP_TEAM_HPP
#define HARTS_OPENMP_TEAM_HPP

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "schedulers/openmp/env.hpp"
#include "schedulers/openmp/task.hpp"
#include "schedulers/openmp/task_store.hpp"
#include "schedulers/openmp/workshare.hpp"

/* What libgomp.so.1 exports; abi.map gives each of these names its version node. */
#define HARTS_OMP_API extern "C" __attribute__((visibility("default")))

namespace harts::omp {

class Crew;
struct Member;
struct Thread;

/* The threads that descend from one initial thread: one that the program started, or that of a team of a teams construct,
 * or of a target region. A limit on threads holds for all of them together. */
struct ContentionGroup {
  std::atomic<unsigned> threads{1};
  unsigned limit = 0; /* thread-limit-var, 0: none */
  unsigned teams = 1; /* of the league */
  unsigned team = 0;  /* which of them it is */
};

/* One parallel region, active or not. All but the last few fields are written before the members start and only read
 * by them; what a member needs in order to start lies in one cache line. */
struct alignas(64) Team {
  unsigned size = 1;
  unsigned level = 0;               /* enclosing regions, this one included; 0 outside every region */
  unsigned active_level = 0;        /* of these, those with more than one thread */
  std::atomic<unsigned> started{1}; /* threads that a hart has been found for, the encountering one included */
  Crew *crew = nullptr;             /* NULL when the team is one thread */
  Member *encountering = nullptr;   /* who met the parallel construct; NULL outside every region */
  ContentionGroup *group = nullptr; /* of all its threads */
  void (*function)(void *) = nullptr;
  void *data = nullptr;
  WorkShare *first_share = nullptr; /* where all members start; the only one of a team of one */
  unsigned char bind_clause = 0;    /* proc_bind of the construct, 0: none */
  bool is_combined = false;         /* the region is one construct, which all threads find prepared: */
  LoopSpec combined;
  unsigned limited = 0; /* threads taken from the contention group's OMP_THREAD_LIMIT */

  void *copyprivate = nullptr;
  std::atomic<unsigned long> singles{0}; /* single constructs that have found their thread */

  TaskPool *tasks = nullptr;       /* the crew's; of a team of one: its own, made when a task has to wait */
  uintptr_t *reductions = nullptr; /* of the tasks of a region with reduction(task, ...) */
  /* Cancellation. Set by any member with release, read by all with acquire; cleared only where nobody else runs in the
   * region: before it starts, and by the last thread at a barrier. */
  std::atomic<bool> is_cancelled{false};
  std::atomic<bool> is_construct_cancelled{false}; /* the loop, or the sections, until the next barrier */
};

/* What a member wants done with its context at the next context_yield of its crew. */
enum class Intent : unsigned char { kNone, kPark, kDock, kJoin };

/* One thread's seat in a team. */
struct alignas(64) Member {
  Team *team = nullptr;
  Thread *thread = nullptr;
  unsigned number = 0;
  Intent intent = Intent::kNone;
  unsigned phase = 0;        /* of the barrier at which it is parked */
  unsigned long singles = 0; /* single constructs met in this region */
  WorkShare *share = nullptr;
  Controls controls;
  Loop loop;
  OrderedWaiter turn_waiter;
  Task implicit;
  Task *task = &implicit;       /* the one that runs now */
  const Task *tied = &implicit; /* the innermost tied one that has begun here (TaskQueue::may_run) */
  /* 2R: docked in the crew's region R; 2R+1: woken again to help with tasks; 0: running. The carrier stores 2R when the
   * context has left its stack (release); one other thread makes 2R+1 of it (acquire) and only that one may make the
   * context ready; the member, once resumed, stores 0. A number of an earlier region never matches. */
  std::atomic<uint64_t> docked{0};
};

/* A region of one thread: a team that needs no crew. */
struct SerialRegion {
  Team team;
  Member member;
  WorkShare share;
  SerialRegion *next = nullptr; /* in the lists of its Thread */
};

/* A native thread that takes part in OpenMP. A team context brings its own; a thread from outside gets an InitialThread
 * by the first call that needs one, and loses it when it exits. */
struct Thread {
  Thread() = default;
  ~Thread();
  Thread(const Thread &) = delete;
  Thread &operator=(const Thread &) = delete;

  /* The crew for the region that this thread starts now; made at first use. NULL when memory is exhausted. */
  Crew *crew_here();

  bool is_guest = false;         /* a thread from outside the runtime, which runs only on its own kernel thread */
  unsigned depth = 0;            /* active regions that this thread has started and not ended */
  std::vector<Crew *> crews;     /* by depth */
  SerialRegion *open = nullptr;  /* begun by region_start, not ended; innermost first */
  SerialRegion *spare = nullptr; /* for reuse by region_start */
  TaskStore store;               /* of the tasks that it makes */
};

/* Lets the next push_back succeed; false when memory is exhausted. No exception may pass through code of the program. */
template <class Item>
bool make_room(std::vector<Item> &list) {
  try {
    if (list.size() == list.capacity()) list.reserve(2 * list.size() + 4);
    return true;
  } catch (const std::bad_alloc &) {
    return false;
  }
}

struct InitialThread : Thread {
  InitialThread();
  ~InitialThread();
  ContentionGroup own_group;
  SerialRegion outside; /* its seat outside every region */
};

/* Initial-exec: a library that is loaded late (an addon in Node) still gets one instruction per access. */
extern __thread Member *current __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* Makes the calling thread an initial thread of OpenMP; ends the process with a sentence when memory is exhausted. */
Member &attach_thread();

inline Member &self() {
  Member *member = current;
  return __builtin_expect(member != nullptr, 1) ? *member : attach_thread();
}

/* nthreads-var as a number: how many threads a parallel construct without num_threads asks for. */
unsigned max_threads(const Member &member);

/* How many harts could join a team that this thread starts now; a snapshot. What dyn-var adjusts teams to. */
unsigned idle_harts(const Member &member);

/* How many threads a parallel construct gets that asks for `requested` (0: nthreads-var). Threads beyond the first are
 * taken from the contention group; the end of the region gives them back. */
unsigned team_size(Member &encountering, unsigned requested);

/* Starts a region with the caller as thread 0, and ends it. All others run `function`; the caller runs its part itself
 * between the two calls. `combined` is the loop, or the sections, of a combined construct; NULL otherwise. */
void region_start(Member &encountering, void (*function)(void *), void *data, unsigned requested,
                  const LoopSpec *combined);
void region_end();

/* A whole region. No scheduler and no memory is touched when the team is one thread. `bind_clause` is the construct's
 * proc_bind clause, 0 when there is none (the compilers that use region_start know no such clause). */
void region_run(Member &encountering, void (*function)(void *), void *data, unsigned requested,
                const LoopSpec *combined, unsigned char bind_clause = 0);

/* The same for a `size` that team_size has returned, with the reductions that its tasks take part in. Returns how many
 * threads it had. */
unsigned region_run_sized(Member &encountering, void (*function)(void *), void *data, unsigned size,
                          const LoopSpec *combined, uintptr_t *reductions, unsigned char bind_clause = 0);

/* Runs `function` as the initial task of `group`, on the calling thread: outside every region, with the control variables
 * that are given. */
void run_initial(Member &encountering, void (*function)(void *), void *data, ContentionGroup &group,
                 const Controls &controls);

/* The barrier of the caller's team. */
void team_barrier(Member &member);

/* Prints one line and ends the process: what the ABI offers in place of an error code. */
[[noreturn]] void fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* For an entry point, or a use of one, that this library does not offer. */
[[noreturn]] void unsupported(const char *what);

}  // namespace harts::omp

#endif
