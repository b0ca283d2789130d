/* Loops and sections: GOMP_loop_*, GOMP_sections_*, GOMP_ordered_*.
 *
 * One thread's calls for one loop are: a `start`, which also hands out the first chunk, then `next` until it returns
 * false, then an `end`. In a combined parallel loop the first call is `next`. */
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "lithe/lithe.h"
#include "schedulers/openmp/cancel.hpp"
#include "schedulers/openmp/crew.hpp"
#include "schedulers/openmp/task_reduction.hpp"
#include "schedulers/openmp/team.hpp"

using namespace harts::omp;

namespace {

/* A chunk as iteration numbers. */
struct Chunk {
  uint64_t first;
  uint64_t last;
};

uint64_t chunks_in(const LoopSpec &loop) { return loop.trips == 0 ? 0 : (loop.trips - 1) / loop.chunk + 1; }

Chunk chunk_at(const LoopSpec &loop, uint64_t index) {
  const uint64_t first = index * loop.chunk;
  return {first, loop.trips - first <= loop.chunk ? loop.trips : first + loop.chunk};
}

/* No chunk size: one block for each thread, the first trips % size of them longer by one. */
bool take_block(Member &member, Chunk *out) {
  Loop &loop = member.loop;
  const uint64_t size = member.team->size;
  const uint64_t number = loop.position;
  if (number >= size) return false;
  loop.position = size;
  const uint64_t length = loop.trips / size;
  const uint64_t longer = loop.trips % size;
  out->first = number * length + std::min(number, longer);
  out->last = out->first + length + (number < longer ? 1 : 0);
  loop.ticket = number;
  return out->first < out->last;
}

bool take_static(Member &member, Chunk *out) {
  Loop &loop = member.loop;
  if (loop.chunk == 0) return take_block(member, out);
  if (loop.position >= chunks_in(loop)) return false;
  *out = chunk_at(loop, loop.position);
  loop.ticket = loop.position;
  loop.position += member.team->size;
  return true;
}

bool take_dynamic(Member &member, Chunk *out) {
  Loop &loop = member.loop;
  /* Chunks are counted, not iterations: each thread overshoots by one chunk number at most, which cannot overflow. */
  const uint64_t index = member.share->next.fetch_add(1, std::memory_order_relaxed);
  if (index >= chunks_in(loop)) return false;
  *out = chunk_at(loop, index);
  loop.ticket = index;
  return true;
}

uint64_t guided_length(const Member &member, uint64_t left) {
  const uint64_t size = member.team->size;
  const uint64_t share = left / size + (left % size != 0 ? 1 : 0);
  return std::min(left, std::max(share, member.loop.chunk));
}

bool take_guided(Member &member, Chunk *out) {
  Loop &loop = member.loop;
  WorkShare &share = *member.share;
  if (loop.ordered) {
    /* Tickets must have the order of the chunks, so both are taken under one lock. */
    std::lock_guard<Guard> hold(share.guard);
    const uint64_t first = share.next.load(std::memory_order_relaxed);
    if (first >= loop.trips) return false;
    *out = {first, first + guided_length(member, loop.trips - first)};
    share.next.store(out->last, std::memory_order_relaxed);
    loop.ticket = share.tickets++;
    return true;
  }
  uint64_t first = share.next.load(std::memory_order_relaxed);
  do {
    if (first >= loop.trips) return false;
    *out = {first, first + guided_length(member, loop.trips - first)};
  } while (!share.next.compare_exchange_weak(first, out->last, std::memory_order_relaxed));
  return true;
}

/* On the carrier, when the context has left its stack: wait for the turn in the list, or go on if it has come. */
void wait_for_turn(lithe_context_t *context, void *arg) {
  Member &member = *static_cast<Member *>(arg);
  WorkShare &share = *member.share;
  {
    std::lock_guard<Guard> hold(share.guard);
    if (share.turn.load(std::memory_order_relaxed) != member.loop.ticket) {
      member.turn_waiter = {context, member.loop.ticket, share.waiters};
      share.waiters = &member.turn_waiter;
      return;
    }
  }
  lithe_context_unblock(context);
}

void await_turn(Member &member) {
  WorkShare &share = *member.share;
  const auto is_mine = [&] { return share.turn.load(std::memory_order_acquire) == member.loop.ticket; };
  Crew *crew = member.team->crew;
  if (crew == nullptr || crew->spin_until(member, true, is_mine)) return;
  lithe_context_block(&wait_for_turn, &member);
}

void pass_turn(Member &member) {
  member.loop.holds = false;
  if (member.team->crew == nullptr) return;
  await_turn(member);
  WorkShare &share = *member.share;
  lithe_context_t *woken = nullptr;
  {
    std::lock_guard<Guard> hold(share.guard);
    const uint64_t turn = share.turn.load(std::memory_order_relaxed) + 1;
    share.turn.store(turn, std::memory_order_release);
    for (OrderedWaiter **link = &share.waiters; *link != nullptr; link = &(*link)->next) {
      if ((*link)->ticket != turn) continue;
      woken = (*link)->context;
      *link = (*link)->next;
      break;
    }
  }
  if (woken != nullptr) lithe_context_unblock(woken);
}

bool take_chunk(Member &member, Chunk *out) {
  Loop &loop = member.loop;
  if (loop.holds) pass_turn(member);
  bool taken = false;
  switch (loop.kind) {
    case kStatic:
      taken = take_static(member, out);
      break;
    case kGuided:
      taken = take_guided(member, out);
      break;
    default:
      taken = take_dynamic(member, out);
      break;
  }
  loop.holds = taken && loop.ordered;
  return taken;
}

template <typename Value>
bool next_chunk(Member &member, Value *first, Value *last) {
  Chunk chunk;
  if (!take_chunk(member, &chunk)) return false;
  const Loop &loop = member.loop;
  *first = static_cast<Value>(loop.start + chunk.first * loop.step);
  /* The last chunk ends where the program said: one step beyond the last iteration may not be representable. */
  *last = static_cast<Value>(chunk.last == loop.trips ? loop.end : loop.start + chunk.last * loop.step);
  return true;
}

void begin(Member &member, const LoopSpec &spec) {
  next_share(member);
  begin_combined(member, spec);
}

bool start(long from, long to, long step, unsigned kind, long chunk, bool ordered, long *first, long *last) {
  Member &member = self();
  begin(member, signed_loop(member, from, to, step, kind, chunk, ordered));
  return next_chunk(member, first, last);
}

using Ull = unsigned long long;

bool start_ull(bool up, Ull from, Ull to, Ull step, unsigned kind, Ull chunk, bool ordered, Ull *first, Ull *last) {
  Member &member = self();
  begin(member, unsigned_loop(member, up, from, to, step, kind, chunk, ordered));
  return next_chunk(member, first, last);
}

/* Zeroed memory of `*memory` bytes for the whole team, in place of `*memory`. Lives until every member is at its next
 * construct. */
void share_memory(Member &member, void **memory) {
  size_t bytes;
  memcpy(&bytes, memory, sizeof bytes);
  bytes = (bytes + 63) / 64 * 64;
  void *shared = member.share->memory.load(std::memory_order_acquire);
  if (shared == nullptr) {
    void *fresh = aligned_alloc(64, bytes);
    if (fresh == nullptr) fatal("out of memory: %zu bytes for a work-sharing construct", bytes);
    memset(fresh, 0, bytes);
    if (member.share->memory.compare_exchange_strong(shared, fresh, std::memory_order_acq_rel,
                                                     std::memory_order_acquire)) {
      shared = fresh;
    } else {
      free(fresh);
    }
  }
  *memory = shared;
}

unsigned next_section(Member &member) {
  const uint64_t index = member.share->next.fetch_add(1, std::memory_order_relaxed);
  return index < member.loop.trips ? static_cast<unsigned>(index) + 1 : 0;
}

void begin_sections(Member &member, unsigned count) {
  LoopSpec spec;
  spec.trips = count;
  begin(member, spec);
}

}  // namespace

/* A schedule with a chunk size, for both types of loop. */
#define LOOP_START(name, kind, ordered)                                                                             \
  HARTS_OMP_API bool GOMP_loop_##name##_start(long from, long to, long step, long chunk, long *first, long *last) { \
    return start(from, to, step, kind, chunk, ordered, first, last);                                                \
  }                                                                                                                 \
  HARTS_OMP_API bool GOMP_loop_ull_##name##_start(bool up, Ull from, Ull to, Ull step, Ull chunk, Ull *first,       \
                                                  Ull *last) {                                                      \
    return start_ull(up, from, to, step, kind, chunk, ordered, first, last);                                        \
  }
/* schedule(runtime), which brings none. */
#define RUNTIME_LOOP_START(name, ordered)                                                                       \
  HARTS_OMP_API bool GOMP_loop_##name##_start(long from, long to, long step, long *first, long *last) {         \
    return start(from, to, step, kRuntime, 0, ordered, first, last);                                            \
  }                                                                                                             \
  HARTS_OMP_API bool GOMP_loop_ull_##name##_start(bool up, Ull from, Ull to, Ull step, Ull *first, Ull *last) { \
    return start_ull(up, from, to, step, kRuntime, 0, ordered, first, last);                                    \
  }
/* The loop itself knows its schedule, so one implementation serves every name. */
#define LOOP_NEXT(name)                                                                                           \
  HARTS_OMP_API bool GOMP_loop_##name##_next(long *first, long *last) { return next_chunk(self(), first, last); } \
  HARTS_OMP_API bool GOMP_loop_ull_##name##_next(Ull *first, Ull *last) { return next_chunk(self(), first, last); }

LOOP_START(static, kStatic, false)
LOOP_START(dynamic, kDynamic, false)
LOOP_START(guided, kGuided, false)
LOOP_START(nonmonotonic_dynamic, kDynamic, false)
LOOP_START(nonmonotonic_guided, kGuided, false)
LOOP_START(ordered_static, kStatic, true)
LOOP_START(ordered_dynamic, kDynamic, true)
LOOP_START(ordered_guided, kGuided, true)
RUNTIME_LOOP_START(runtime, false)
RUNTIME_LOOP_START(nonmonotonic_runtime, false)
RUNTIME_LOOP_START(maybe_nonmonotonic_runtime, false)
RUNTIME_LOOP_START(ordered_runtime, true)

LOOP_NEXT(static)
LOOP_NEXT(dynamic)
LOOP_NEXT(guided)
LOOP_NEXT(runtime)
LOOP_NEXT(nonmonotonic_dynamic)
LOOP_NEXT(nonmonotonic_guided)
LOOP_NEXT(nonmonotonic_runtime)
LOOP_NEXT(maybe_nonmonotonic_runtime)
LOOP_NEXT(ordered_static)
LOOP_NEXT(ordered_dynamic)
LOOP_NEXT(ordered_guided)
LOOP_NEXT(ordered_runtime)

/* Doacross loops (doacross.hpp): the outermost of `depth` loops, from 0 to counts[0]. */
namespace {

bool start_doacross(unsigned depth, const long *counts, unsigned kind, long chunk, long *first, long *last,
                    void **memory = nullptr, uintptr_t *reductions = nullptr) {
  Member &member = self();
  begin(member, signed_loop(member, 0, counts[0], 1, kind, chunk, false));
  if (reductions != nullptr) share_reductions(member, reductions);
  if (memory != nullptr) share_memory(member, memory);
  share_doacross(member, depth, reinterpret_cast<const uint64_t *>(counts));
  return first == nullptr || next_chunk(member, first, last);
}

bool start_doacross_ull(unsigned depth, const Ull *counts, unsigned kind, Ull chunk, Ull *first, Ull *last,
                        void **memory = nullptr, uintptr_t *reductions = nullptr) {
  static_assert(sizeof(Ull) == sizeof(uint64_t));
  Member &member = self();
  begin(member, unsigned_loop(member, true, 0, counts[0], 1, kind, chunk, false));
  if (reductions != nullptr) share_reductions(member, reductions);
  if (memory != nullptr) share_memory(member, memory);
  share_doacross(member, depth, reinterpret_cast<const uint64_t *>(counts));
  return first == nullptr || next_chunk(member, first, last);
}

}  // namespace

#define DOACROSS_START(name, kind)                                                                             \
  HARTS_OMP_API bool GOMP_loop_doacross_##name##_start(unsigned depth, long *counts, long chunk, long *first,  \
                                                       long *last) {                                           \
    return start_doacross(depth, counts, kind, chunk, first, last);                                            \
  }                                                                                                            \
  HARTS_OMP_API bool GOMP_loop_ull_doacross_##name##_start(unsigned depth, Ull *counts, Ull chunk, Ull *first, \
                                                           Ull *last) {                                        \
    return start_doacross_ull(depth, counts, kind, chunk, first, last);                                        \
  }
DOACROSS_START(static, kStatic)
DOACROSS_START(dynamic, kDynamic)
DOACROSS_START(guided, kGuided)

HARTS_OMP_API bool GOMP_loop_doacross_runtime_start(unsigned depth, long *counts, long *first, long *last) {
  return start_doacross(depth, counts, kRuntime, 0, first, last);
}
HARTS_OMP_API bool GOMP_loop_ull_doacross_runtime_start(unsigned depth, Ull *counts, Ull *first, Ull *last) {
  return start_doacross_ull(depth, counts, kRuntime, 0, first, last);
}
HARTS_OMP_API bool GOMP_loop_doacross_start(unsigned depth, long *counts, long kind, long chunk, long *first,
                                            long *last, uintptr_t *reductions, void **memory) {
  return start_doacross(depth, counts, static_cast<unsigned>(kind), chunk, first, last, memory, reductions);
}
HARTS_OMP_API bool GOMP_loop_ull_doacross_start(unsigned depth, Ull *counts, long kind, Ull chunk, Ull *first,
                                                Ull *last, uintptr_t *reductions, void **memory) {
  return start_doacross_ull(depth, counts, static_cast<unsigned>(kind), chunk, first, last, memory, reductions);
}

/* The general forms, which the compiler uses when the construct needs shared memory. Without `first` the caller divides
 * the loop itself and wants only the memory. */
#define GENERAL_LOOP_START(name, ordered)                                                                            \
  HARTS_OMP_API bool GOMP_loop_##name(long from, long to, long step, long kind, long chunk, long *first, long *last, \
                                      uintptr_t *reductions, void **memory) {                                        \
    Member &member = self();                                                                                         \
    begin(member, signed_loop(member, from, to, step, static_cast<unsigned>(kind), chunk, ordered));                 \
    if (reductions != nullptr) share_reductions(member, reductions);                                                 \
    if (memory != nullptr) share_memory(member, memory);                                                             \
    return first == nullptr || next_chunk(member, first, last);                                                      \
  }                                                                                                                  \
  HARTS_OMP_API bool GOMP_loop_ull_##name(bool up, Ull from, Ull to, Ull step, long kind, Ull chunk, Ull *first,     \
                                          Ull *last, uintptr_t *reductions, void **memory) {                         \
    Member &member = self();                                                                                         \
    begin(member, unsigned_loop(member, up, from, to, step, static_cast<unsigned>(kind), chunk, ordered));           \
    if (reductions != nullptr) share_reductions(member, reductions);                                                 \
    if (memory != nullptr) share_memory(member, memory);                                                             \
    return first == nullptr || next_chunk(member, first, last);                                                      \
  }

GENERAL_LOOP_START(start, false)
GENERAL_LOOP_START(ordered_start, true)

HARTS_OMP_API void GOMP_loop_end() { team_barrier(self()); }
HARTS_OMP_API void GOMP_loop_end_nowait() {}
HARTS_OMP_API bool GOMP_loop_end_cancel() { return cancellable_barrier(self()); }

HARTS_OMP_API unsigned GOMP_sections_start(unsigned count) {
  Member &member = self();
  begin_sections(member, count);
  return next_section(member);
}

HARTS_OMP_API unsigned GOMP_sections2_start(unsigned count, uintptr_t *reductions, void **memory) {
  Member &member = self();
  begin_sections(member, count);
  if (reductions != nullptr) share_reductions(member, reductions);
  if (memory != nullptr) share_memory(member, memory);
  return next_section(member);
}

HARTS_OMP_API unsigned GOMP_sections_next() { return next_section(self()); }
HARTS_OMP_API void GOMP_sections_end() { team_barrier(self()); }
HARTS_OMP_API void GOMP_sections_end_nowait() {}
HARTS_OMP_API bool GOMP_sections_end_cancel() { return cancellable_barrier(self()); }

/* The iterations of a chunk run in order by themselves; the turn goes on when the thread asks for its next chunk. */
HARTS_OMP_API void GOMP_ordered_start() {
  Member &member = self();
  if (member.loop.holds) await_turn(member);
}
HARTS_OMP_API void GOMP_ordered_end() {}
