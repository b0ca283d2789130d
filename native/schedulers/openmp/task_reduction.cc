#include "schedulers/openmp/task_reduction.hpp"

#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "schedulers/openmp/tasking.hpp"

namespace harts::omp {

struct SharedReductions {
  std::vector<void *> copies; /* of each registration of the chain */
};

namespace {

enum Word { kVariables = 0, kBytes = 1, kCopies = 2, kNext = 4, kIsLast = 5, kEnd = 6, kFirst = 7 };

void *make_copies(const uintptr_t *registration, unsigned threads) {
  const size_t align = registration[kCopies] > sizeof(void *) ? registration[kCopies] : sizeof(void *);
  const size_t bytes = registration[kBytes] * threads;
  void *copies = nullptr;
  if (posix_memalign(&copies, align, bytes != 0 ? bytes : 1) != 0) {
    fatal("out of memory: %zu bytes for the copies of a reduction", bytes);
  }
  memset(copies, 0, bytes);
  return copies;
}

void use_copies(uintptr_t *registration, void *copies, unsigned threads) {
  registration[kCopies] = reinterpret_cast<uintptr_t>(copies);
  registration[kEnd] = registration[kCopies] + registration[kBytes] * threads;
  registration[kIsLast] = 0;
}

uintptr_t *next_of(const uintptr_t *registration) { return reinterpret_cast<uintptr_t *>(registration[kNext]); }

/* The registrations of the task that runs: those of its taskgroups, then those of its region. */
uintptr_t *registered(const Member &member) {
  const Taskgroup *group = member.task->group;
  return group != nullptr && group->reductions != nullptr ? group->reductions : member.team->reductions;
}

/* The variable's place in one thread's copies, given its address or that of any thread's copy of it. */
bool find(const uintptr_t *registration, uintptr_t address, uintptr_t *place, uintptr_t *variable) {
  const uintptr_t *first = registration + kFirst;
  if (address >= registration[kCopies] && address < registration[kEnd]) {
    *place = (address - registration[kCopies]) % registration[kBytes];
    for (uintptr_t i = 0; i < registration[kVariables]; ++i) {
      if (first[3 * i + 1] == *place) *variable = first[3 * i];
    }
    return true;
  }
  for (uintptr_t i = 0; i < registration[kVariables]; ++i) {
    if (first[3 * i] != address) continue;
    *place = first[3 * i + 1];
    *variable = address;
    return true;
  }
  return false;
}

}  // namespace

void free_reductions(SharedReductions *reductions) {
  for (void *copies : reductions->copies) free(copies);
  delete reductions;
}

void register_reductions(uintptr_t *registration, unsigned threads, uintptr_t *outer) {
  for (;;) {
    use_copies(registration, make_copies(registration, threads), threads);
    if (next_of(registration) == nullptr) break;
    registration = next_of(registration);
  }
  registration[kIsLast] = 1;
  registration[kNext] = reinterpret_cast<uintptr_t>(outer);
}

void register_in_group(Member &member, uintptr_t *registration) {
  register_reductions(registration, member.team->size, registered(member));
  if (member.task->group != nullptr) member.task->group->reductions = registration;
}

void share_reductions(Member &member, uintptr_t *registration) try {
  begin_taskgroup(member);
  const unsigned size = member.team->size;
  std::atomic<SharedReductions *> &place = member.share->reductions;
  SharedReductions *shared = place.load(std::memory_order_acquire);
  if (shared == nullptr) {
    SharedReductions *fresh = new SharedReductions;
    for (const uintptr_t *at = registration; at != nullptr; at = next_of(at)) {
      fresh->copies.push_back(make_copies(at, size));
    }
    if (place.compare_exchange_strong(shared, fresh, std::memory_order_acq_rel, std::memory_order_acquire)) {
      shared = fresh;
    } else {
      free_reductions(fresh);
    }
  }
  Taskgroup &group = *member.task->group;
  uintptr_t *const outer =
      group.outer != nullptr && group.outer->reductions != nullptr ? group.outer->reductions : member.team->reductions;
  group.reductions = registration;
  for (void *copies : shared->copies) {
    use_copies(registration, copies, size);
    if (next_of(registration) == nullptr) break;
    registration = next_of(registration);
  }
  registration[kIsLast] = 1;
  registration[kNext] = reinterpret_cast<uintptr_t>(outer);
} catch (const std::bad_alloc &) {
  fatal("out of memory for the reductions of a construct");
}

}  // namespace harts::omp

using namespace harts::omp;

/* In the taskgroup that has just begun. */
HARTS_OMP_API void GOMP_taskgroup_reduction_register(uintptr_t *registration) {
  register_in_group(self(), registration);
}

/* When the copies have been added up. The last registration of the chain leads to those of an outer group. */
HARTS_OMP_API void GOMP_taskgroup_reduction_unregister(uintptr_t *registration) {
  for (;;) {
    free(reinterpret_cast<void *>(registration[kCopies]));
    if (registration[kIsLast] != 0) return;
    registration = next_of(registration);
  }
}

/* The end of a work-sharing construct with reductions. The first thread has added up the copies before it comes here. */
HARTS_OMP_API void GOMP_workshare_task_reduction_unregister(bool is_cancelled) {
  Member &member = self();
  end_taskgroup(member);
  if (!is_cancelled) team_barrier(member);
}

/* Replaces the addresses of `count` variables by those of this thread's copies; those of the first `originals` variables
 * are put behind them. */
HARTS_OMP_API void GOMP_task_reduction_remap(size_t count, size_t originals, void **addresses) {
  Member &member = self();
  for (size_t i = 0; i < count; ++i) {
    uintptr_t place = 0, variable = 0;
    const uintptr_t *at = registered(member);
    while (at != nullptr && !find(at, reinterpret_cast<uintptr_t>(addresses[i]), &place, &variable)) at = next_of(at);
    if (at == nullptr) fatal("in_reduction: no enclosing task_reduction for the variable at %p", addresses[i]);
    if (i < originals) addresses[count + i] = reinterpret_cast<void *>(variable);
    addresses[i] = reinterpret_cast<void *>(at[kCopies] + member.number * at[kBytes] + place);
  }
}
