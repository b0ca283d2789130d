/* The memory of tasks: blocks of one size, which a thread keeps for the tasks that it makes. */
#ifndef HARTS_OPENMP_TASK_STORE_HPP
#define HARTS_OPENMP_TASK_STORE_HPP

#include <atomic>
#include <cstddef>

#include "schedulers/openmp/task.hpp"

namespace harts::omp {

/* Every Thread has one. A task may end on another thread, and then its block comes back through `returned_`: pushed by
 * anybody, taken all at once by the owner, so that no block can be popped twice. */
class TaskStore {
 public:
  TaskStore() = default;
  ~TaskStore();
  TaskStore(const TaskStore &) = delete;
  TaskStore &operator=(const TaskStore &) = delete;

  /* A task with room for `bytes` of data, aligned to `align`. Ends the process with a sentence when memory is exhausted.
   * Callable from: the owner. */
  ExplicitTask &take(size_t bytes, size_t align);

  /* Takes the memory of any store's task back. Callable from: the owner of this store, on behalf of which it is done. */
  void give(ExplicitTask &task);
  /* The same, for a caller that has no store. */
  static void give_home(ExplicitTask &task);

 private:
  static constexpr size_t kBlock = 512;
  ExplicitTask *free_ = nullptr;
  std::atomic<ExplicitTask *> returned_{nullptr};
};

}  // namespace harts::omp

#endif
