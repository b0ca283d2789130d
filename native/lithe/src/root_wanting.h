// The top-level schedulers that want harts, in the order in which they get them.
#pragma once

#include <array>
#include <cstdint>

#include "lithe/sched.h"
#include "pairing_heap.h"
#include "share.h"

namespace lithe::core {

// Only who wants is looked at: finding the next one costs the same with a thousand top-level schedulers that have what
// they want as with one. All functions are called under Root::lock_, unless they say otherwise.
//
// For each priority there are two heaps: `by_use`, who has had the least by its weight, and `by_wait`, of those without
// any hart, who had one least recently. Use, harts and demand change while a scheduler is in them, without the lock, and
// a heap is not told of each change:
//   - what makes a scheduler come later (it was given a hart, it used one) or leave (it wants no more) is found out when
//     it comes first: then it is put where it belongs, and the next one is looked at. So each change costs one more look
//     at most, and a hart that is granted changes nothing here;
//   - what makes it come earlier (a hart of it came back, its priority was raised) is told, by `update`.
//
// Nobody who wants is missed. The flag `wants` of a scheduler says that it is in the heaps (or alone: then Root looks
// at it in any case, and calls `update` when another comes). Who makes a scheduler want, by raising its demand
// (lithe_hart_request) or by taking a hart from it (Root::take_from), does that first and then reads the flag; if it is
// 0 it calls `update`. Who takes a scheduler out clears the flag first, then looks at harts and demand once more. All
// of these are sequentially consistent, so at least one of the two sees the other.
class Wanting {
 public:
  // A scheduler has come, which has what it wants. One that `is_alone` is not put in, but is told that it is: Root does not
  // ask here as long as it has no rivals, and then nothing needs to be written.
  void add(lithe_sched_t *child, bool is_alone);
  // A scheduler is leaving; from here on `update` ignores it.
  void remove(lithe_sched_t *child);
  // Puts a scheduler where it belongs now: in or out. Nothing happens to one that has left, or that is no top-level
  // scheduler.
  void update(lithe_sched_t *child);

  // Whether a scheduler will be looked at. Without the lock; false means that `update` may be needed.
  static bool has(lithe_sched_t *child) { return flag(child).load(std::memory_order_seq_cst) != 0; }

  // Who gets the next hart; null if nobody wants one. It stays where it is.
  lithe_sched_t *next();
  // Whether somebody wants a hart and has none.
  bool is_anyone_waiting();
  // Whether a scheduler other than `holder`, which has harts, needs one of them more.
  bool is_anyone_in_greater_need(lithe_sched_t *holder);
  // Whether `child` needs a hart more than `holder` does.
  static bool needs_more(lithe_sched_t *child, lithe_sched_t *holder);

  // How many schedulers were looked at so far.
  uint64_t looks() const { return looks_; }

 private:
  struct UseOrder {
    static auto &links(lithe_sched_t *child) { return child->internal.by_use; }
    static bool comes_before(const lithe_sched_t *a, const lithe_sched_t *b) {
      if (a->internal.use_when_put != b->internal.use_when_put) {
        return a->internal.use_when_put < b->internal.use_when_put;
      }
      return a->internal.turn < b->internal.turn;
    }
  };
  struct WaitOrder {
    static auto &links(lithe_sched_t *child) { return child->internal.by_wait; }
    static bool comes_before(const lithe_sched_t *a, const lithe_sched_t *b) {
      if (a->internal.waits_since != b->internal.waits_since) return a->internal.waits_since < b->internal.waits_since;
      return a->internal.turn < b->internal.turn;
    }
  };
  struct Level {
    PairingHeap<lithe_sched_t, UseOrder> by_use;
    PairingHeap<lithe_sched_t, WaitOrder> by_wait;
  };
  static constexpr int level_count = highest_priority - lowest_priority + 1;
  static constexpr int word_bits = 64;

  static std::atomic_ref<unsigned> flag(lithe_sched_t *child) {
    return std::atomic_ref<unsigned>(child->internal.wants);
  }
  void link(lithe_sched_t *child);
  void unlink(lithe_sched_t *child);
  int level_below(int level) const;
  lithe_sched_t *least_used(int level);
  lithe_sched_t *longest_waiting(int level);
  static bool is_overdue(lithe_sched_t *child, uint64_t now);

  std::array<Level, level_count> levels_{};
  std::array<uint64_t, (level_count + word_bits - 1) / word_bits> in_use_{};  // a bit for each level that is not empty
  uint64_t turns_ = 0;
  uint64_t looks_ = 0;
};

}  // namespace lithe::core
