#include "schedulers/openmp/cancel.hpp"

#include "schedulers/openmp/crew.hpp"

namespace harts::omp {
namespace {

/* What the compiler names: the construct that is cancelled. */
enum Construct : int { kParallel = 1, kLoop = 2, kSections = 4, kTaskgroup = 8 };

}  // namespace

bool cancellable_barrier(Member &member) {
  team_barrier(member);
  return member.team->is_cancelled.load(std::memory_order_acquire);
}

bool is_discarded(const Member &member, const Taskgroup *group) {
  if (!environment().cancellation) return false;
  if (member.team->is_cancelled.load(std::memory_order_acquire)) return true;
  for (; group != nullptr; group = group->outer) {
    if (group->is_cancelled.load(std::memory_order_acquire)) return true;
  }
  return false;
}

}  // namespace harts::omp

using namespace harts::omp;

HARTS_OMP_API bool GOMP_cancellation_point(int which) {
  if (!environment().cancellation) return false;
  Member &member = self();
  if ((which & kTaskgroup) != 0) return is_discarded(member, member.task->group);
  const Team &team = *member.team;
  if (team.is_cancelled.load(std::memory_order_acquire)) return true;
  return (which & (kLoop | kSections)) != 0 && team.is_construct_cancelled.load(std::memory_order_acquire);
}

HARTS_OMP_API bool GOMP_cancel(int which, bool is_asked) {
  if (!environment().cancellation) return false;
  if (!is_asked) return GOMP_cancellation_point(which);
  Member &member = self();
  Team &team = *member.team;
  if ((which & (kLoop | kSections)) != 0) {
    team.is_construct_cancelled.store(true, std::memory_order_release);
  } else if ((which & kTaskgroup) != 0) {
    if (Taskgroup *group = member.task->group) group->is_cancelled.store(true, std::memory_order_release);
  } else {
    team.is_cancelled.store(true, std::memory_order_release);
    if (team.crew != nullptr) team.crew->cancel_barriers();
  }
  return true;
}

HARTS_OMP_API bool GOMP_barrier_cancel() { return cancellable_barrier(self()); }
