#include "schedulers/openmp/task_store.hpp"

#include <cstdint>
#include <cstdlib>
#include <new>

#include "schedulers/openmp/team.hpp"

namespace harts::omp {
namespace {

uintptr_t aligned(uintptr_t address, size_t align) { return (address + align - 1) / align * align; }

void end(ExplicitTask &task) {
  free(task.own_memory);
  task.~ExplicitTask();
}

}  // namespace

TaskStore::~TaskStore() {
  /* All tasks are complete, hence all blocks are here. */
  for (ExplicitTask *list : {free_, returned_.load(std::memory_order_acquire)}) {
    while (ExplicitTask *block = list) {
      list = block->next;
      free(block);
    }
  }
}

ExplicitTask &TaskStore::take(size_t bytes, size_t align) {
  if (free_ == nullptr) free_ = returned_.exchange(nullptr, std::memory_order_acquire);
  void *block = free_;
  if (block != nullptr) {
    free_ = free_->next;
  } else {
    block = aligned_alloc(alignof(ExplicitTask), kBlock);
    if (block == nullptr) fatal("out of memory for a task");
  }
  ExplicitTask *task = new (block) ExplicitTask;
  task->home = this;
  if (align == 0) align = 1;
  const uintptr_t begin = reinterpret_cast<uintptr_t>(block);
  const uintptr_t inside = aligned(begin + sizeof(ExplicitTask), align);
  if (inside + bytes <= begin + kBlock) {
    task->data = reinterpret_cast<void *>(inside);
    return *task;
  }
  task->own_memory = malloc(bytes + align - 1);
  if (task->own_memory == nullptr) fatal("out of memory: %zu bytes for the data of a task", bytes);
  task->data = reinterpret_cast<void *>(aligned(reinterpret_cast<uintptr_t>(task->own_memory), align));
  return *task;
}

void TaskStore::give(ExplicitTask &task) {
  if (task.home != this) {
    give_home(task);
    return;
  }
  end(task);
  task.next = free_;
  free_ = &task;
}

void TaskStore::give_home(ExplicitTask &task) {
  std::atomic<ExplicitTask *> &list = task.home->returned_;
  end(task);
  ExplicitTask *top = list.load(std::memory_order_relaxed);
  do {
    task.next = top;
  } while (!list.compare_exchange_weak(top, &task, std::memory_order_release, std::memory_order_relaxed));
}

}  // namespace harts::omp
