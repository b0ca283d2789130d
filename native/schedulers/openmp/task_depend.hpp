/* The depend clauses of tasks: which of its siblings a task waits for. */
#ifndef HARTS_OPENMP_TASK_DEPEND_HPP
#define HARTS_OPENMP_TASK_DEPEND_HPP

#include "schedulers/openmp/task.hpp"

namespace harts::omp {

struct Member;

/* Depend clauses come as the compiler passes them. The old form: how many, how many of them are out or inout, then the
 * addresses, the out ones first. The new one: 0, how many, how many out, mutexinoutset and in, then the addresses in this
 * order, then pointers to depend objects, each an address and a kind. Address 0 is omp_all_memory. mutexinoutset is
 * taken as inout, a stricter order. */

/* Makes the task wait, by its `blockers`, for the siblings that it depends on, and others for it. Callable from: its
 * parent. */
void add_dependences(ExplicitTask &task, void **depend);

/* Returns when the siblings are complete that a child with these clauses would depend on. */
void wait_for_dependences(Member &member, void **depend);

/* The task is complete: makes runnable what has waited for nothing else. `member` NULL: the caller is not of its team. */
void release_dependents(Member *member, ExplicitTask &task);

/* Forgets what is known about a task's children. Callable from: the task, when it makes no more of them. */
void drop_dependences_slow(Task &task);
inline void drop_dependences(Task &task) {
  if (task.depends != nullptr) drop_dependences_slow(task);
}

}  // namespace harts::omp

#endif
