/* Cancellation: OMP_CANCELLATION=true lets the cancel construct end a region, a loop, sections or a taskgroup early. */
#ifndef HARTS_OPENMP_CANCEL_HPP
#define HARTS_OPENMP_CANCEL_HPP

#include "schedulers/openmp/team.hpp"

namespace harts::omp {

/* A barrier that a cancelled region does not wait at. Returns whether the caller must go to the end of the region. */
bool cancellable_barrier(Member &member);

/* Whether a task of the current team with this group must not begin any more. */
bool is_discarded(const Member &member, const Taskgroup *group);

}  // namespace harts::omp

#endif
