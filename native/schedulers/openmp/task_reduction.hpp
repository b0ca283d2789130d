/* Reductions that tasks take part in: each thread has a copy of the variables, and the compiler's code adds the copies
 * up when all tasks have ended.
 *
 * The compiler describes some variables by a registration, an array of words, which the runtime fills in:
 *   0  how many variables           4  the next registration, 0 at the end
 *   1  bytes of one thread's copies 5  the runtime's own
 *   2  alignment; then the copies   6  the end of the copies
 *   3  an allocator                 7  three words for each variable: its address, its place in a copy, the runtime's
 * The code takes the copies from 2 and their distance from 1; a copy is that of the thread with its number. */
#ifndef HARTS_OPENMP_TASK_REDUCTION_HPP
#define HARTS_OPENMP_TASK_REDUCTION_HPP

#include <cstdint>

#include "schedulers/openmp/team.hpp"

namespace harts::omp {

/* The copies of a work-sharing construct's reductions, which its share owns. */
struct SharedReductions;
void free_reductions(SharedReductions *reductions);

/* Makes zeroed copies for `threads` threads and puts `outer` at the end of the chain. */
void register_reductions(uintptr_t *registration, unsigned threads, uintptr_t *outer);

/* The same for the whole team and the taskgroup that the caller has just begun, inside those of outer groups and of the
 * region. */
void register_in_group(Member &member, uintptr_t *registration);

/* The registrations of a work-sharing construct, the same copies for all members; begins its taskgroup. */
void share_reductions(Member &member, uintptr_t *registration);

}  // namespace harts::omp

#endif
