#include "root_wanting.h"

#include <bit>

#include "decision.h"
#include "lithe/timer.h"

namespace lithe::core {

void Wanting::add(lithe_sched_t *child, bool is_alone) {
  child->internal.is_top_level = 1;
  if (is_alone) flag(child).store(1, std::memory_order_relaxed);
}

void Wanting::remove(lithe_sched_t *child) {
  unlink(child);
  child->internal.is_top_level = 0;
  flag(child).store(0, std::memory_order_relaxed);
}

void Wanting::update(lithe_sched_t *child) {
  if (!child->internal.is_top_level) return;
  unlink(child);
  if (!wants_hart(child)) {
    flag(child).store(0, std::memory_order_seq_cst);
    if (!wants_hart(child)) return;
  }
  link(child);
}

void Wanting::link(lithe_sched_t *child) {
  flag(child).store(1, std::memory_order_relaxed);
  auto &own = child->internal;
  own.level = priority_of(child) - lowest_priority;
  own.turn = ++turns_;
  own.use_when_put = use_ahead(child);
  own.is_in = 1;
  const auto level = static_cast<size_t>(own.level);
  levels_[level].by_use.insert(child);
  in_use_[level / word_bits] |= uint64_t{1} << (level % word_bits);
  if (sched_harts(child) > 0) return;
  own.waits_since = served_at(child).load(std::memory_order_relaxed);
  if (own.waits_since == 0) {
    // Its time starts now.
    own.waits_since = lithe_clock_now();
    served_at(child).store(own.waits_since, std::memory_order_relaxed);
  }
  own.waits = 1;
  levels_[level].by_wait.insert(child);
}

void Wanting::unlink(lithe_sched_t *child) {
  auto &own = child->internal;
  if (!own.is_in) return;
  const auto level = static_cast<size_t>(own.level);
  levels_[level].by_use.remove(child);
  if (own.waits) levels_[level].by_wait.remove(child);
  own.is_in = own.waits = 0;
  if (!levels_[level].by_use.first()) in_use_[level / word_bits] &= ~(uint64_t{1} << (level % word_bits));
}

// The highest level below `level` that is not empty; -1 if there is none.
int Wanting::level_below(int level) const {
  for (int word = (level - 1) / word_bits; level > 0 && word >= 0; --word) {
    uint64_t bits = in_use_[static_cast<size_t>(word)];
    const int above = level - word * word_bits;
    if (above < word_bits) bits &= (uint64_t{1} << above) - 1;
    if (bits) return word * word_bits + static_cast<int>(std::bit_width(bits)) - 1;
  }
  return -1;
}

// Every turn either ends the search or brings one scheduler up to date.
lithe_sched_t *Wanting::least_used(int level) {
  Level &here = levels_[static_cast<size_t>(level)];
  while (lithe_sched_t *child = here.by_use.first()) {
    ++looks_;
    const bool is_here = priority_of(child) - lowest_priority == level;
    if (is_here && wants_hart(child) && use_ahead(child) <= child->internal.use_when_put) return child;
    update(child);
  }
  return nullptr;
}

lithe_sched_t *Wanting::longest_waiting(int level) {
  Level &here = levels_[static_cast<size_t>(level)];
  while (lithe_sched_t *child = here.by_wait.first()) {
    ++looks_;
    const bool is_here = priority_of(child) - lowest_priority == level;
    const bool waits = sched_harts(child) == 0 && wants_hart(child);
    if (is_here && waits && served_at(child).load(std::memory_order_relaxed) <= child->internal.waits_since) {
      return child;
    }
    update(child);
  }
  return nullptr;
}

bool Wanting::is_overdue(lithe_sched_t *child, uint64_t now) {
  const uint64_t served = served_at(child).load(std::memory_order_relaxed);
  return served != 0 && now > served && now - served > share_patience_ns;
}

lithe_sched_t *Wanting::next() {
  lithe_sched_t *best = nullptr;
  int level = level_below(level_count);
  while (level >= 0 && !(best = least_used(level))) level = level_below(level);
  if (!best) return nullptr;
  uint64_t now = 0;
  lithe_sched_t *longest = nullptr;
  while ((level = level_below(level)) >= 0) {
    lithe_sched_t *child = longest_waiting(level);
    if (!child) continue;
    if (now == 0) now = lithe_clock_now();
    if (is_overdue(child, now) && (!longest || child->internal.waits_since < longest->internal.waits_since)) {
      longest = child;
    }
  }
  return longest ? longest : best;
}

bool Wanting::is_anyone_waiting() {
  for (int level = level_count; (level = level_below(level)) >= 0;) {
    if (longest_waiting(level)) return true;
  }
  return false;
}

bool Wanting::is_anyone_in_greater_need(lithe_sched_t *holder) {
  const int own_level = priority_of(holder) - lowest_priority;
  for (int level = level_count; (level = level_below(level)) >= 0;) {
    if (level > own_level) {
      lithe_sched_t *child = least_used(level);
      if (child && child != holder) return true;
      continue;
    }
    lithe_sched_t *child = longest_waiting(level);
    if (child && child != holder && needs_more(child, holder)) return true;
    if (level < own_level) continue;
    child = least_used(level);
    if (child && child != holder && needs_more(child, holder)) return true;
  }
  return false;
}

bool Wanting::needs_more(lithe_sched_t *child, lithe_sched_t *holder) {
  const long there = sched_harts(child);
  if (there >= sched_demand(child)) return false;
  if (priority_of(child) != priority_of(holder)) {
    return priority_of(child) > priority_of(holder) || (there == 0 && is_overdue(child, lithe_clock_now()));
  }
  if (there == 0) return true;
  // With one more it would still have less than the other has, each by its weight.
  const auto here = static_cast<uint64_t>(sched_harts(holder));
  return static_cast<uint64_t>(there + 1) * weight_of(holder) < here * weight_of(child);
}

}  // namespace lithe::core
