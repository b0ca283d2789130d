#include "schedulers/openmp/task_depend.hpp"

#include <algorithm>
#include <mutex>
#include <new>
#include <unordered_map>
#include <vector>

#include "schedulers/openmp/guard.hpp"
#include "schedulers/openmp/task_pool.hpp"
#include "schedulers/openmp/tasking.hpp"
#include "schedulers/openmp/team.hpp"

namespace harts::omp {
namespace {

enum class Kind : unsigned char { kIn, kOut, kSet };

/* The kinds in a depend object. */
enum ObjectKind : uintptr_t { kObjectIn = 1, kObjectInOutSet = 5 };

struct Dependence {
  void *address;
  Kind kind;
};

/* Who waits for a task: another task, or somebody who counts it. */
struct Dependent {
  ExplicitTask *task;
  TaskCount *count;
  Dependent *next;
};

std::vector<Dependence> parse(void **depend) {
  std::vector<Dependence> all;
  const bool is_new = depend[0] == nullptr;
  const uintptr_t *numbers = reinterpret_cast<const uintptr_t *>(depend);
  const uintptr_t total = is_new ? numbers[1] : numbers[0];
  const uintptr_t out = is_new ? numbers[2] + numbers[3] : numbers[1];
  const uintptr_t plain = is_new ? out + numbers[4] : total;
  void **const list = depend + (is_new ? 5 : 2);
  all.reserve(total);
  for (uintptr_t i = 0; i < total; ++i) {
    if (i < plain) {
      all.push_back({list[i], i < out ? Kind::kOut : Kind::kIn});
      continue;
    }
    void **object = static_cast<void **>(list[i]);
    const uintptr_t kind = reinterpret_cast<uintptr_t>(object[1]);
    all.push_back({object[0], kind == kObjectIn ? Kind::kIn : kind == kObjectInOutSet ? Kind::kSet : Kind::kOut});
  }
  return all;
}

}  // namespace

/* What others need of a task that they may depend on. Outlives it: each list of a DependTable that it is in has a
 * reference. */
class DependNode {
 public:
  bool is_complete() const { return is_complete_.load(std::memory_order_acquire); }
  void refer() { references_.fetch_add(1, std::memory_order_relaxed); }
  void drop() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  /* False when it is complete, and nobody needs to wait. */
  bool add(Dependent &dependent) {
    std::lock_guard<Guard> hold(guard_);
    if (is_complete()) return false;
    dependent.next = dependents_;
    dependents_ = &dependent;
    return true;
  }

  /* Returns who has waited; the caller's. */
  Dependent *complete() {
    std::lock_guard<Guard> hold(guard_);
    is_complete_.store(true, std::memory_order_release);
    return dependents_;
  }

 private:
  std::atomic<unsigned> references_{1};
  std::atomic<bool> is_complete_{false};
  Guard guard_;
  Dependent *dependents_ = nullptr;
};

/* For each address the last tasks that named it. Tasks of one kind that need no order among themselves, `in` or
 * `inoutset`, form a generation; each of them waits for all of the generation before. Used by the parent's thread only. */
class DependTable {
 public:
  ~DependTable() {
    for (auto &entry : entries_) {
      clear(entry.second.now);
      clear(entry.second.before);
    }
    if (fence_ != nullptr) fence_->drop();
  }

  /* Calls `wait_for(node)` for each node that a task with this dependence follows. `self` becomes the newest one of the
   * address; NULL: nobody does. */
  template <class WaitFor>
  void follow(const Dependence &dependence, DependNode *self, WaitFor wait_for) {
    if (dependence.address == nullptr) {
      follow_all(self, wait_for);
      return;
    }
    const auto found = entries_.find(dependence.address);
    if (self == nullptr) {
      if (found == entries_.end()) {
        if (fence_ != nullptr) wait_for(*fence_);
        return;
      }
      const Entry &entry = found->second;
      const bool joins = entry.kind == dependence.kind && entry.kind != Kind::kOut;
      for (DependNode *node : joins ? entry.before : entry.now) wait_for(*node);
      return;
    }
    Entry &entry = found != entries_.end() ? found->second : make(dependence.address);
    if (entry.now.empty() || entry.kind != dependence.kind || entry.kind == Kind::kOut) {
      clear(entry.before);
      entry.before.swap(entry.now);
      entry.kind = dependence.kind;
    }
    for (DependNode *node : entry.before) {
      if (node != self) wait_for(*node);
    }
    push(entry, *self);
  }

 private:
  using Nodes = std::vector<DependNode *>;
  struct Entry {
    Kind kind = Kind::kOut;
    Nodes now;    /* the newest generation */
    Nodes before; /* the one that it follows */
    size_t prune_at = 32;
  };

  static void clear(Nodes &nodes) {
    for (DependNode *node : nodes) node->drop();
    nodes.clear();
  }

  Entry &make(void *address) {
    Entry &entry = entries_[address];
    if (fence_ != nullptr) {
      fence_->refer();
      entry.now.push_back(fence_);
    }
    return entry;
  }

  static void push(Entry &entry, DependNode &node) {
    if (entry.now.size() >= entry.prune_at) {
      const auto end = std::remove_if(entry.now.begin(), entry.now.end(), [](DependNode *old) {
        const bool is_complete = old->is_complete();
        if (is_complete) old->drop();
        return is_complete;
      });
      entry.now.erase(end, entry.now.end());
      entry.prune_at = std::max<size_t>(32, 2 * entry.now.size());
    }
    entry.now.push_back(&node);
    node.refer();
  }

  /* omp_all_memory: after everything before it, before everything after it. */
  template <class WaitFor>
  void follow_all(DependNode *self, WaitFor wait_for) {
    if (fence_ != nullptr && fence_ != self) wait_for(*fence_);
    for (auto &entry : entries_) {
      for (DependNode *node : entry.second.now) {
        if (node != self) wait_for(*node);
      }
    }
    if (self == nullptr) return;
    for (auto &entry : entries_) {
      clear(entry.second.now);
      clear(entry.second.before);
    }
    entries_.clear();
    if (fence_ != nullptr) fence_->drop();
    fence_ = self;
    self->refer();
  }

  std::unordered_map<void *, Entry> entries_;
  DependNode *fence_ = nullptr;
};

void add_dependences(ExplicitTask &task, void **depend) try {
  Task &parent = *task.parent;
  if (parent.depends == nullptr) parent.depends = new DependTable;
  task.node = new DependNode;
  for (const Dependence &dependence : parse(depend)) {
    parent.depends->follow(dependence, task.node, [&task](DependNode &before) {
      if (before.is_complete()) return;
      Dependent *dependent = new Dependent{&task, nullptr, nullptr};
      task.blockers.fetch_add(1, std::memory_order_relaxed);
      if (before.add(*dependent)) return;
      task.blockers.fetch_sub(1, std::memory_order_relaxed);
      delete dependent;
    });
  }
} catch (const std::bad_alloc &) {
  fatal("out of memory for the dependences of a task");
}

void wait_for_dependences(Member &member, void **depend) try {
  if (member.task->depends == nullptr) return;
  TaskCount count;
  for (const Dependence &dependence : parse(depend)) {
    member.task->depends->follow(dependence, nullptr, [&count](DependNode &before) {
      if (before.is_complete()) return;
      Dependent *dependent = new Dependent{nullptr, &count, nullptr};
      count.add(TaskCount::kChild);
      if (before.add(*dependent)) return;
      count.word.fetch_sub(TaskCount::kChild, std::memory_order_relaxed);
      delete dependent;
    });
  }
  if (!count.is_over(Until::kChildren)) member.team->tasks->wait(member, count, Until::kChildren, member.tied);
} catch (const std::bad_alloc &) {
  fatal("out of memory for the dependences of a task");
}

void release_dependents(Member *member, ExplicitTask &task) {
  Dependent *dependents = task.node->complete();
  TaskPool &pool = *task.pool;
  task.node->drop();
  task.node = nullptr;
  while (Dependent *dependent = dependents) {
    dependents = dependent->next;
    if (dependent->count != nullptr) {
      pool.lower(*dependent->count, TaskCount::kChild);
    } else if (dependent->task->blockers.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      make_runnable(member, *dependent->task);
    }
    delete dependent;
  }
}

void drop_dependences_slow(Task &task) {
  delete task.depends;
  task.depends = nullptr;
}

}  // namespace harts::omp
