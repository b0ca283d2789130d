// A ring of events that is read while it is being written.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "trace.h"

namespace lithe::core {

struct TraceRecord {
  uint64_t time = 0;           // now_ns()
  const char *name = nullptr;  // of the scheduler: static storage, so it outlives the scheduler
  uintptr_t sched = 0;         // addresses, to tell one from another; what was there may have gone
  uintptr_t context = 0;
  Event what = Event::park;
};

// Event number p of a ring is in slot p % capacity. The slot's `sequence` says what is there: 2p + 1 while event p is being
// written, 2p + 2 when it is complete.
//
//   writer: sequence = 2p + 1 -> fields (each a release) -> sequence = 2p + 2 (release)
//   reader: sequence == 2p + 2 (acquire)? -> fields (each an acquire) -> sequence still 2p + 2?
//
// The reader's first load pairs with the writer's last store, so it sees the fields of event p or later ones. If it
// sees a field of a later event p', its acquire pairs with that field's release, before which 2p' + 1 was stored: the
// second look at `sequence` finds at least that, and the record is dropped. So none is ever torn. There are no fences
// because ThreadSanitizer does not know them; on x86-64 all of these are plain moves.
class TraceRing {
 public:
  // Slots all zero; `capacity` is a power of two.
  void adopt(void *slots, size_t capacity) {
    slots_ = static_cast<Slot *>(slots);
    mask_ = capacity - 1;
  }
  static constexpr size_t bytes_for(size_t capacity) { return capacity * sizeof(Slot); }

  // For a ring that has one writer at a time, each of whom has seen what the one before wrote.
  void push_alone(const TraceRecord &record) {
    const uint64_t position = head_.load(std::memory_order_relaxed);
    Slot &slot = slots_[position & mask_];
    slot.sequence.store(2 * position + 1, std::memory_order_relaxed);
    slot.fill(record, position);
    head_.store(position + 1, std::memory_order_release);
  }

  // For a ring with many writers. One that has been overtaken by a whole round, or that would overtake one, drops its
  // event: two never write to one slot. The exchange is an acquire, so that the fields of the event before, which
  // another thread wrote, come first.
  void push_shared(const TraceRecord &record) {
    const uint64_t position = head_.fetch_add(1, std::memory_order_acq_rel);
    Slot &slot = slots_[position & mask_];
    uint64_t before = slot.sequence.load(std::memory_order_relaxed);
    if ((before & 1) != 0 || before > 2 * position) return;
    if (slot.sequence.compare_exchange_strong(before, 2 * position + 1, std::memory_order_acquire,
                                              std::memory_order_relaxed)) {
      slot.fill(record, position);
    }
  }

  uint64_t head() const { return head_.load(std::memory_order_acquire); }
  // The oldest event that can still be there.
  uint64_t oldest(uint64_t head) const { return head > mask_ ? head - mask_ - 1 : 0; }

  // False when event `position` is not there, or not whole. `meanwhile` is for tests: what happens in the middle.
  struct Nothing {
    void operator()() const {}
  };
  template <class Meanwhile = Nothing>
  bool read(uint64_t position, TraceRecord &out, Meanwhile meanwhile = {}) const {
    const Slot &slot = slots_[position & mask_];
    if (slot.sequence.load(std::memory_order_acquire) != 2 * position + 2) return false;
    out.time = slot.time.load(std::memory_order_acquire);
    out.name = slot.name.load(std::memory_order_acquire);
    meanwhile();
    out.sched = slot.sched.load(std::memory_order_acquire);
    out.context = slot.context.load(std::memory_order_acquire);
    out.what = slot.what.load(std::memory_order_acquire);
    return slot.sequence.load(std::memory_order_relaxed) == 2 * position + 2;
  }

 private:
  struct Slot {
    std::atomic<uint64_t> sequence;
    std::atomic<uint64_t> time;
    std::atomic<const char *> name;
    std::atomic<uintptr_t> sched;
    std::atomic<uintptr_t> context;
    std::atomic<Event> what;

    void fill(const TraceRecord &record, uint64_t position) {
      time.store(record.time, std::memory_order_release);
      name.store(record.name, std::memory_order_release);
      sched.store(record.sched, std::memory_order_release);
      context.store(record.context, std::memory_order_release);
      what.store(record.what, std::memory_order_release);
      sequence.store(2 * position + 2, std::memory_order_release);
    }
  };

  // The head is the writer's; two lines apart from the next ring's.
  alignas(128) std::atomic<uint64_t> head_{0};
  Slot *slots_ = nullptr;
  uint64_t mask_ = 0;

 public:
  // The first event of the current recording; under the lock of trace.cc.
  uint64_t base = 0;
};

// One ring per hart, and one for what no hart causes, at index `harts`.
struct TraceRings {
  TraceRing *rings;
  int harts;
};

}  // namespace lithe::core
