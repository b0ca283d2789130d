/* The taskloop construct. */
#include <algorithm>

#include "schedulers/openmp/task_reduction.hpp"
#include "schedulers/openmp/tasking.hpp"

using namespace harts::omp;

namespace {

using Ull = unsigned long long;

/* What every task's data begins with. */
template <typename Value>
struct Part {
  Value first;
  Value last;
  uintptr_t *reductions; /* with kLoopReduction */
};

/* How many iterations each task has: the first `longer` of `tasks` have one more than `length`. */
struct Division {
  uint64_t tasks;
  uint64_t length;
  uint64_t longer;
};

/* `number` is the clause's: a grainsize, or how many tasks, 0 when there is none. */
Division divide(uint64_t trips, unsigned flags, unsigned long number, unsigned team_size) {
  if ((flags & kLoopGrainsize) != 0) {
    const uint64_t grain = std::max<uint64_t>(number, 1);
    if ((flags & kLoopStrict) != 0) return {(trips - 1) / grain + 1, grain, 0};
    const uint64_t tasks = std::max<uint64_t>(trips / grain, 1);
    return {tasks, trips / tasks, trips % tasks};
  }
  const uint64_t tasks = std::min<uint64_t>(number != 0 ? number : team_size, trips);
  return {tasks, trips / tasks, trips % tasks};
}

/* The part lies at the beginning of the program's data, whose type only the compiler knows. */
template <typename Value>
Part<Value> &part_of(void *data) {
  return *static_cast<Part<Value> *>(data);
}

template <typename Value>
void run_taskloop(TaskRequest request, uint64_t trips, unsigned long number, Value start, Value end, Value step) {
  Member &member = self();
  const unsigned flags = request.flags;
  if (trips == 0) {
    if ((flags & kLoopReduction) != 0) part_of<Value>(request.data).reductions[2] = 0; /* there are no copies */
    return;
  }
  const bool has_group = (flags & kLoopNogroup) == 0;
  if (has_group) begin_taskgroup(member);
  if ((flags & kLoopReduction) != 0) {
    register_in_group(member, part_of<Value>(request.data).reductions);
  }
  request.if_clause = (flags & kLoopIf) != 0;
  request.flags = flags & (kTaskUntied | kTaskFinal | kTaskPriority);
  const Division division = divide(trips, flags, number, member.team->size);
  uint64_t done = 0;
  for (uint64_t i = 0; i < division.tasks; ++i) {
    const uint64_t length = std::min(division.length + (i < division.longer ? 1 : 0), trips - done);
    const Value first = static_cast<Value>(static_cast<uint64_t>(start) + done * static_cast<uint64_t>(step));
    done += length;
    ExplicitTask *task = make_task(member, request);
    if (task == nullptr) break; /* cancelled */
    Part<Value> &part = part_of<Value>(task->data);
    part.first = first;
    /* One step beyond the last iteration may not be representable. */
    part.last =
        done == trips ? end : static_cast<Value>(static_cast<uint64_t>(start) + done * static_cast<uint64_t>(step));
    submit_task(member, *task, request);
  }
  if (has_group) end_taskgroup(member);
}

}  // namespace

HARTS_OMP_API void GOMP_taskloop(void (*function)(void *), void *data, void (*copy)(void *, void *), long bytes,
                                 long align, unsigned flags, unsigned long number, int priority, long start, long end,
                                 long step) {
  const LoopSpec loop = signed_loop(self(), start, end, step, kStatic, 0, false);
  run_taskloop<long>({function, data, copy, static_cast<size_t>(bytes), static_cast<size_t>(align), flags, priority},
                     loop.trips, number, start, end, step);
}

HARTS_OMP_API void GOMP_taskloop_ull(void (*function)(void *), void *data, void (*copy)(void *, void *), long bytes,
                                     long align, unsigned flags, unsigned long number, int priority, Ull start, Ull end,
                                     Ull step) {
  const bool up = (flags & kLoopUp) != 0;
  const LoopSpec loop = unsigned_loop(self(), up, start, end, step, kStatic, 0, false);
  run_taskloop<Ull>({function, data, copy, static_cast<size_t>(bytes), static_cast<size_t>(align), flags, priority},
                    loop.trips, number, start, end, step);
}
