/* Barriers, critical sections, atomics, single, and the locks of omp.h. */
#include <cstdint>
#include <new>

#include "schedulers/openmp/task_reduction.hpp"
#include "schedulers/openmp/team.hpp"
#include "schedulers/openmp/word_lock.hpp"

using namespace harts::omp;

namespace {

alignas(64) WordLock unnamed_critical;
alignas(64) WordLock atomic_fallback;

/* omp_nest_lock_t since OpenMP 3.0: owned by a task. */
struct NestLock {
  WordLock lock;
  int32_t count;
  const void *owner;
};
static_assert(sizeof(NestLock) == 16, "omp_nest_lock_t has sixteen bytes");

/* Before 3.0: eight bytes, owned by a thread. The lock's word is the owner's mark. */
struct NestLock25 {
  WordLock lock;
  int32_t count;
};
static_assert(sizeof(NestLock25) == 8, "omp_nest_lock_t had eight bytes");

/* A number for the calling native thread, different from that of every other living one. */
uint32_t thread_mark() {
  static std::atomic<uint32_t> threads{0};
  static __thread uint32_t mark __attribute__((tls_model("initial-exec")));
  if (mark == 0) mark = threads.fetch_add(1, std::memory_order_relaxed) % 0x7fffffff + 1;
  return mark;
}

/* Every single construct that a member meets has the next number; the team counts those that have found their thread.
 * A member that is at number n has seen n-1 of them find one, so the count is never behind. */
bool claim_single(Member &member) {
  Team &team = *member.team;
  const unsigned long number = member.singles++;
  if (team.crew == nullptr) return true;
  unsigned long expected = number;
  return team.singles.load(std::memory_order_relaxed) == number &&
         team.singles.compare_exchange_strong(expected, number + 1, std::memory_order_acq_rel);
}

}  // namespace

HARTS_OMP_API void GOMP_barrier() { team_barrier(self()); }

HARTS_OMP_API void GOMP_critical_start() { unnamed_critical.lock(); }
HARTS_OMP_API void GOMP_critical_end() { unnamed_critical.unlock(); }
/* `name` is a zeroed pointer-sized variable of the program's, one for each name: the lock itself. */
HARTS_OMP_API void GOMP_critical_name_start(void **name) { WordLock::at(name).lock(); }
HARTS_OMP_API void GOMP_critical_name_end(void **name) { WordLock::at(name).unlock(); }

HARTS_OMP_API void GOMP_atomic_start() { atomic_fallback.lock(); }
HARTS_OMP_API void GOMP_atomic_end() { atomic_fallback.unlock(); }

HARTS_OMP_API bool GOMP_single_start() { return claim_single(self()); }

/* With copyprivate: NULL for the thread that runs the block and then calls GOMP_single_copy_end with the values; the
 * values for all others. The compiler adds the barrier behind which the values may go. */
HARTS_OMP_API void *GOMP_single_copy_start() {
  Member &member = self();
  if (claim_single(member)) return nullptr;
  team_barrier(member);
  return member.team->copyprivate;
}

HARTS_OMP_API void GOMP_single_copy_end(void *values) {
  Member &member = self();
  member.team->copyprivate = values;
  team_barrier(member);
}

/* The scope construct needs the runtime only for a task reduction. */
HARTS_OMP_API void GOMP_scope_start(uintptr_t *reductions) {
  Member &member = self();
  next_share(member);
  if (reductions != nullptr) share_reductions(member, reductions);
}

#define PUBLIC __attribute__((visibility("default")))

extern "C" {

PUBLIC void omp_init_lock_30(void *lock) { new (lock) WordLock; }
PUBLIC void omp_destroy_lock_30(void *) {}
PUBLIC void omp_set_lock_30(void *lock) { WordLock::at(lock).lock(); }
PUBLIC void omp_unset_lock_30(void *lock) { WordLock::at(lock).unlock(); }
PUBLIC int omp_test_lock_30(void *lock) { return WordLock::at(lock).try_lock() ? 1 : 0; }

PUBLIC void omp_init_lock_25(void *lock) { new (lock) WordLock; }
PUBLIC void omp_destroy_lock_25(void *) {}
PUBLIC void omp_set_lock_25(void *lock) { WordLock::at(lock).lock(); }
PUBLIC void omp_unset_lock_25(void *lock) { WordLock::at(lock).unlock(); }
PUBLIC int omp_test_lock_25(void *lock) { return WordLock::at(lock).try_lock() ? 1 : 0; }

PUBLIC void omp_init_nest_lock_30(void *lock) { new (lock) NestLock{{}, 0, nullptr}; }
PUBLIC void omp_destroy_nest_lock_30(void *) {}

PUBLIC int omp_test_nest_lock_30(void *memory) {
  NestLock &nest = *static_cast<NestLock *>(memory);
  const void *me = self().task;
  if (__atomic_load_n(&nest.owner, __ATOMIC_RELAXED) != me) {
    if (!nest.lock.try_lock()) return 0;
    __atomic_store_n(&nest.owner, me, __ATOMIC_RELAXED);
  }
  return ++nest.count;
}

PUBLIC void omp_set_nest_lock_30(void *memory) {
  NestLock &nest = *static_cast<NestLock *>(memory);
  const void *me = self().task;
  if (__atomic_load_n(&nest.owner, __ATOMIC_RELAXED) != me) {
    nest.lock.lock();
    __atomic_store_n(&nest.owner, me, __ATOMIC_RELAXED);
  }
  ++nest.count;
}

PUBLIC void omp_unset_nest_lock_30(void *memory) {
  NestLock &nest = *static_cast<NestLock *>(memory);
  if (--nest.count != 0) return;
  __atomic_store_n(&nest.owner, nullptr, __ATOMIC_RELAXED);
  nest.lock.unlock();
}

PUBLIC void omp_init_nest_lock_25(void *lock) { new (lock) NestLock25{{}, 0}; }
PUBLIC void omp_destroy_nest_lock_25(void *) {}

PUBLIC int omp_test_nest_lock_25(void *memory) {
  NestLock25 &nest = *static_cast<NestLock25 *>(memory);
  const uint32_t me = thread_mark();
  if (nest.lock.owner() != me && !nest.lock.try_lock(me)) return 0;
  return ++nest.count;
}

PUBLIC void omp_set_nest_lock_25(void *memory) {
  NestLock25 &nest = *static_cast<NestLock25 *>(memory);
  const uint32_t me = thread_mark();
  if (nest.lock.owner() != me) nest.lock.lock(me);
  ++nest.count;
}

PUBLIC void omp_unset_nest_lock_25(void *memory) {
  NestLock25 &nest = *static_cast<NestLock25 *>(memory);
  if (--nest.count == 0) nest.lock.unlock(thread_mark());
}

/* Fortran passes the address of the variable that is the lock. The variable of a nest lock has eight bytes: too few for
 * NestLock, which it therefore points to. */
static void *nest_of(void *variable) { return *static_cast<void **>(variable); }

PUBLIC void omp_init_lock_f30(void *lock) { omp_init_lock_30(lock); }
PUBLIC void omp_destroy_lock_f30(void *lock) { omp_destroy_lock_30(lock); }
PUBLIC void omp_set_lock_f30(void *lock) { omp_set_lock_30(lock); }
PUBLIC void omp_unset_lock_f30(void *lock) { omp_unset_lock_30(lock); }
PUBLIC int omp_test_lock_f30(void *lock) { return omp_test_lock_30(lock); }

PUBLIC void omp_init_nest_lock_f30(void *lock) {
  NestLock *nest = new (std::nothrow) NestLock{{}, 0, nullptr};
  if (nest == nullptr) fatal("out of memory for a nestable lock");
  *static_cast<NestLock **>(lock) = nest;
}
PUBLIC void omp_destroy_nest_lock_f30(void *lock) {
  delete static_cast<NestLock *>(nest_of(lock));
  *static_cast<NestLock **>(lock) = nullptr;
}
PUBLIC void omp_set_nest_lock_f30(void *lock) { omp_set_nest_lock_30(nest_of(lock)); }
PUBLIC void omp_unset_nest_lock_f30(void *lock) { omp_unset_nest_lock_30(nest_of(lock)); }
PUBLIC int omp_test_nest_lock_f30(void *lock) { return omp_test_nest_lock_30(nest_of(lock)); }

PUBLIC void omp_init_lock_f25(void *lock) { omp_init_lock_25(lock); }
PUBLIC void omp_destroy_lock_f25(void *lock) { omp_destroy_lock_25(lock); }
PUBLIC void omp_set_lock_f25(void *lock) { omp_set_lock_25(lock); }
PUBLIC void omp_unset_lock_f25(void *lock) { omp_unset_lock_25(lock); }
PUBLIC int omp_test_lock_f25(void *lock) { return omp_test_lock_25(lock); }
PUBLIC void omp_init_nest_lock_f25(void *lock) { omp_init_nest_lock_25(lock); }
PUBLIC void omp_destroy_nest_lock_f25(void *lock) { omp_destroy_nest_lock_25(lock); }
PUBLIC void omp_set_nest_lock_f25(void *lock) { omp_set_nest_lock_25(lock); }
PUBLIC void omp_unset_nest_lock_f25(void *lock) { omp_unset_nest_lock_25(lock); }
PUBLIC int omp_test_nest_lock_f25(void *lock) { return omp_test_nest_lock_25(lock); }

}  // extern "C"

/* Two versions of each lock call: what programs link with now, and what those linked before OpenMP 3.0 ask for. */
#define VERSIONS(name)                               \
  asm(".symver " #name "_30, " #name "@@OMP_3.0");   \
  asm(".symver " #name "_25, " #name "@OMP_1.0");    \
  asm(".symver " #name "_f30, " #name "_@@OMP_3.0"); \
  asm(".symver " #name "_f25, " #name "_@OMP_1.0");

VERSIONS(omp_init_lock)
VERSIONS(omp_destroy_lock)
VERSIONS(omp_set_lock)
VERSIONS(omp_unset_lock)
VERSIONS(omp_test_lock)
VERSIONS(omp_init_nest_lock)
VERSIONS(omp_destroy_nest_lock)
VERSIONS(omp_set_nest_lock)
VERSIONS(omp_unset_nest_lock)
VERSIONS(omp_test_nest_lock)
