#include "lithe/barrier.h"

#include <atomic>
#include <sched.h>

#include "lithe/error.h"
#include "lithe/sched.h"
#include "park.h"
#include "raw_lock.h"
#include "runtime.h"
#include "stress.h"
#include "waiter.h"

// `round` holds the generation in its high half and the arrivals of this generation in the low one. An arrival is one
// compare-exchange; the last one sets the arrivals to 0 and raises the generation in the same step, so there is no moment
// in between, and more contexts than parties may use the barrier. Acquire-release: the last arriver has seen all writes
// and passes them on. A waiter leaves when it sees another generation (acquire). It joins the list only under `guard`
// and only while the generation is still its own, and notes it (`role`): the last arriver takes those of its own
// generation, although others may have joined before it got the guard.
//
// `leaving` counts waiters that have been released and still have to read `round`; destroy waits for them. Only waiters
// that spin are ever counted for long: one that blocks is done with the barrier when it is in the list, and settles its
// account there (below zero, until the last arriver adds all); one that withdraws takes that back. So destroy never
// waits for somebody who needs a hart in order to leave, which might be the one that destroy runs on.

using namespace lithe::core;

namespace {

std::atomic_ref<uint32_t> atomic(uint32_t &word) { return std::atomic_ref<uint32_t>(word); }

// Law 4: spin only while every party of the barrier runs on a hart, and briefly; a long wait is somebody's long work.
uint64_t spin_ns(const lithe_barrier_t *barrier) {
  lithe_sched_t *sched = lithe_sched_self();
  if (!sched || lithe_sched_harts(sched) < static_cast<long>(barrier->parties)) return 0;
  return runtime().team_spin_ns();
}

uint32_t arrivals(uint64_t round) { return static_cast<uint32_t>(round); }
uint32_t generation_of(uint64_t round) { return static_cast<uint32_t>(round >> 32); }
std::atomic_ref<uint64_t> round_of(lithe_barrier_t *barrier) { return std::atomic_ref<uint64_t>(barrier->round); }
uint32_t generation_now(lithe_barrier_t *barrier) {
  return generation_of(round_of(barrier).load(std::memory_order_acquire));
}

uint64_t next_generation(uint64_t round) { return ((round >> 32) + 1) << 32; }

// What the last arriver of `generation` owes the others.
void release_all(lithe_barrier_t *barrier, uint32_t generation) {
  lithe_waiter *first = nullptr;
  lithe_waiter **link = &first;
  {
    Locked lock(&barrier->guard);
    atomic(barrier->leaving).fetch_add(barrier->parties - 1, std::memory_order_relaxed);
    for (lithe_waiter *waiter = barrier->head; waiter;) {
      lithe_waiter *const after = waiter->next;
      if (waiter->role == generation && waiter->claim(lithe_waiter::given)) {
        waiters_unlink(barrier->head, barrier->tail, waiter);
        *link = waiter;
        link = &waiter->next;
      }
      waiter = after;
    }
  }
  waiters_unblock(first);
}

// Takes an arrival back whose waiter timed out, or could not wait at all. False when the generation is complete.
bool withdraw(lithe_barrier_t *barrier, lithe_waiter *waiter, uint32_t generation) {
  Locked lock(&barrier->guard);
  waiters_unlink(barrier->head, barrier->tail, waiter);
  uint64_t round = round_of(barrier).load(std::memory_order_acquire);
  do {
    if (generation_of(round) != generation) return false;
  } while (
      !round_of(barrier).compare_exchange_weak(round, round - 1, std::memory_order_acq_rel, std::memory_order_acquire));
  return true;
}

}  // namespace

extern "C" {

int lithe_barrier_init(lithe_barrier_t *barrier, unsigned parties) {
  if (parties == 0) return LITHE_EINVAL;
  *barrier = {0, parties, 0, 0, nullptr, nullptr};
  return 0;
}

int lithe_barrier_destroy(lithe_barrier_t *barrier) {
  if (arrivals(round_of(barrier).load(std::memory_order_acquire)) != 0) return LITHE_EBUSY;
  while (atomic(barrier->leaving).load(std::memory_order_acquire) != 0) sched_yield();
  Locked lock(&barrier->guard);  // the last arriver may still be inside
  return 0;
}

int lithe_barrier_wait(lithe_barrier_t *barrier) { return lithe_barrier_timedwait(barrier, LITHE_FOREVER); }

int lithe_barrier_trywait(lithe_barrier_t *barrier) {
  uint64_t round = round_of(barrier).load(std::memory_order_relaxed);
  do {
    if (arrivals(round) + 1 != barrier->parties) return LITHE_EBUSY;
  } while (!round_of(barrier).compare_exchange_weak(round, next_generation(round), std::memory_order_acq_rel,
                                                    std::memory_order_relaxed));
  release_all(barrier, generation_of(round));
  return 1;
}

int lithe_barrier_timedwait(lithe_barrier_t *barrier, uint64_t deadline) {
  if (deadline != LITHE_FOREVER) {
    int code = 0;
    Runtime *current = runtime_start(code);
    if (!current) return code;
    if (code = current->timers().prepare(); code != 0) return code;
  }
  uint64_t round = round_of(barrier).load(std::memory_order_relaxed);
  bool is_last;
  do {
    stress_point();
    is_last = arrivals(round) + 1 == barrier->parties;
  } while (!round_of(barrier).compare_exchange_weak(round, is_last ? next_generation(round) : round + 1,
                                                    std::memory_order_acq_rel, std::memory_order_relaxed));
  const uint32_t generation = generation_of(round);
  if (is_last) {
    release_all(barrier, generation);
    return 1;
  }
  for (Spin spin(spin_ns(barrier)); generation_now(barrier) == generation;) {
    if (spin.again()) continue;
    lithe_waiter waiter;
    waiter.role = generation;
    bool has_settled = false;
    const int code = wait_in(waiter, deadline, [&](lithe_waiter *self) {
      Locked lock(&barrier->guard);
      atomic(barrier->leaving).fetch_sub(1, std::memory_order_release);
      has_settled = true;
      if (generation_now(barrier) != generation) return false;
      waiters_push(barrier->head, barrier->tail, self);
      return true;
    });
    if (code == 0) return 0;  // the barrier may be gone
    if (withdraw(barrier, &waiter, generation)) {
      // As if it had never arrived, and so never to leave.
      if (has_settled) atomic(barrier->leaving).fetch_add(1, std::memory_order_relaxed);
      return code;
    }
    if (has_settled) return 0;
    break;
  }
  atomic(barrier->leaving).fetch_sub(1, std::memory_order_release);
  return 0;
}

}  // extern "C"
