#include "schedulers/openmp/workshare.hpp"

#include <cstdlib>

#include "schedulers/openmp/crew.hpp"
#include "schedulers/openmp/doacross.hpp"
#include "schedulers/openmp/task_reduction.hpp"
#include "schedulers/openmp/team.hpp"

namespace harts::omp {
namespace {

LoopSpec loop_of(const Member &member, uint64_t start, uint64_t end, uint64_t step, uint64_t trips, unsigned kind,
                 uint64_t chunk, bool ordered) {
  LoopSpec spec;
  spec.start = start;
  spec.end = end;
  spec.step = step;
  spec.trips = trips;
  spec.chunk = chunk;
  spec.kind = kind & kScheduleMask;
  spec.ordered = ordered;
  if (spec.kind == kRuntime) {
    spec.kind = member.controls.schedule & kScheduleMask;
    spec.chunk = member.controls.chunk > 0 ? static_cast<uint64_t>(member.controls.chunk) : 0;
  }
  if (spec.kind == kAuto) {
    spec.kind = kStatic;
    spec.chunk = 0;
  }
  if (spec.kind != kStatic && spec.chunk == 0) spec.chunk = 1;
  return spec;
}

}  // namespace

void WorkShare::clear() {
  next.store(0, std::memory_order_relaxed);
  left.store(0, std::memory_order_relaxed);
  successor.store(nullptr, std::memory_order_relaxed);
  if (void *held = memory.load(std::memory_order_relaxed)) {
    free(held);
    memory.store(nullptr, std::memory_order_relaxed);
  }
  if (SharedReductions *held = reductions.exchange(nullptr, std::memory_order_relaxed)) free_reductions(held);
  delete doacross.exchange(nullptr, std::memory_order_relaxed);
  turn.store(0, std::memory_order_relaxed);
  tickets = 0;
}

WorkShare &next_share(Member &member) {
  WorkShare *share = member.share;
  Crew *crew = member.team->crew;
  if (crew == nullptr) {
    share->clear();
    return *share;
  }
  WorkShare *successor = share->successor.load(std::memory_order_acquire);
  if (successor == nullptr) {
    WorkShare *fresh = crew->take_share();
    if (share->successor.compare_exchange_strong(successor, fresh, std::memory_order_acq_rel,
                                                 std::memory_order_acquire)) {
      successor = fresh;
    } else {
      crew->give_share(fresh);
    }
  }
  member.share = successor;
  if (share->left.fetch_add(1, std::memory_order_acq_rel) + 1 == member.team->size) crew->give_share(share);
  return *successor;
}

void begin_combined(Member &member, const LoopSpec &spec) {
  static_cast<LoopSpec &>(member.loop) = spec;
  member.loop.position = member.number;
  member.loop.holds = false;
}

LoopSpec signed_loop(const Member &member, long start, long end, long step, unsigned kind, long chunk, bool ordered) {
  const uint64_t first = static_cast<uint64_t>(start);
  const uint64_t last = static_cast<uint64_t>(end);
  const uint64_t stride = static_cast<uint64_t>(step);
  uint64_t trips = 0;
  if (step > 0 && start < end) trips = (last - first - 1) / stride + 1;
  if (step < 0 && start > end) trips = (first - last - 1) / (0 - stride) + 1;
  return loop_of(member, first, last, stride, trips, kind, chunk > 0 ? static_cast<uint64_t>(chunk) : 0, ordered);
}

LoopSpec unsigned_loop(const Member &member, bool up, uint64_t start, uint64_t end, uint64_t step, unsigned kind,
                       uint64_t chunk, bool ordered) {
  uint64_t trips = 0;
  if (up && start < end && step != 0) trips = (end - start - 1) / step + 1;
  if (!up && start > end && step != 0) trips = (start - end - 1) / (0 - step) + 1;
  return loop_of(member, start, end, step, trips, kind, chunk, ordered);
}

}  // namespace harts::omp
