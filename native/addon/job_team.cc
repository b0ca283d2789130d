#include "addon/job_team.h"

#include <ctime>

namespace harts::addon {
namespace {

// A slot's word: iterations lo..hi-1 not claimed yet, empty when lo >= hi. The all-ones word is empty, and says as well
// that the helper sleeps; whoever replaces it must wake the helper.
constexpr std::uint64_t kAsleep = ~std::uint64_t{0};
constexpr std::uint64_t pack(std::uint32_t lo, std::uint32_t hi) { return std::uint64_t{hi} << 32 | lo; }
constexpr std::uint32_t lo_of(std::uint64_t word) { return static_cast<std::uint32_t>(word); }
constexpr std::uint32_t hi_of(std::uint64_t word) { return static_cast<std::uint32_t>(word >> 32); }
constexpr bool is_empty(std::uint64_t word) { return lo_of(word) >= hi_of(word); }

// How long a helper polls for the next loop, and the leader for the last iteration, before they block. About what it
// costs to put a kernel thread to sleep and to wake it again.
constexpr std::uint64_t kSpinNanoseconds = 50'000;
// Polls between two looks at the clock and at the demand of others.
constexpr unsigned kPollsPerLook = 64;

std::uint64_t now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#else
#error "harts does not know this processor: add its spin-loop hint here"
#endif
}

// Polls `ready` for kSpinNanoseconds at most, and only while `may_spin`. Returns what `ready` last said.
template <typename Ready, typename MaySpin>
bool spin_until(Ready ready, MaySpin may_spin) {
  std::uint64_t deadline = 0;
  for (unsigned polls = 1;; ++polls) {
    if (ready()) return true;
    if (polls % kPollsPerLook == 1) {
      if (!may_spin()) return false;
      const std::uint64_t time = now();
      if (deadline == 0) deadline = time + kSpinNanoseconds;
      if (time >= deadline) return false;
    }
    relax();
  }
}

}  // namespace

// What the leader writes and the helper polls is on one line, what the helper writes and the leader polls on another.
//
// Claim and publish race. Any claim is a CAS on `range`, and `loop` is read only after the CAS has succeeded. From then
// on the loop cannot complete, so the leader cannot publish the next, until the claimer has reported: `loop` is stable,
// and it does not matter that the word the CAS expected may date from an earlier loop.
//   leader:  slot.loop = ... -> slot.range.compare_exchange(empty word, range, acq_rel)
//   claimer: slot.range.compare_exchange(word, rest, acq_rel) -> slot.loop -> body -> slot.done.store(seq_cst)
//
// Publish and steal race. While the leader is still handing out a loop, a helper that looked for work since the last
// loop may steal of a part handed out already. So both fill a slot only by a CAS from an empty word, and whoever comes
// second keeps the iterations to itself. (Found as a hang in job_team_test.cc.)
struct Team::Slot {
  alignas(128) std::atomic<std::uint64_t> range{0};
  std::atomic<const Loop *> loop{nullptr};
  alignas(128) std::atomic<std::uint64_t> done{0};  // iterations this context has run since the team began
  std::atomic<bool> awake{false};                   // the helper runs or polls: iterations given to it begin at once
  lithe_context_t *context = nullptr;               // set by the helper before it first sleeps
  Team *team = nullptr;
};

Team::Team(ForkJoin &sched, int harts, bool spin)
    : sched_(sched),
      leader_(lithe_context_self()),
      capacity_(harts < 1 ? 1 : static_cast<std::uint32_t>(harts)),
      spin_(spin),
      slots_(new Slot[capacity_]),
      chosen_(new Slot *[capacity_]),
      kept_(new std::uint64_t[capacity_]),
      leaving_(0) {
  for (std::uint32_t i = 0; i < capacity_; ++i) slots_[i].team = this;
}

Team::~Team() = default;

std::uint32_t Team::run(const Loop &loop, std::uint32_t begin, std::uint32_t end, bool wake) {
  if (begin >= end) return 0;
  const std::uint32_t count = end - begin;
  const std::uint32_t created = created_.load(std::memory_order_relaxed);
  std::uint32_t parts = 1;
  for (std::uint32_t i = 1; i < created && parts < count; ++i)
    if (slots_[i].awake.load(std::memory_order_relaxed)) chosen_[parts++] = &slots_[i];

  // Written before the ranges: whoever claims an iteration also sees what the sum must become.
  published_.store(published_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  // The leader's part is the first, and the parts are cut the same way each time, so that the same context tends to
  // touch the same data in every pass of a time loop.
  const auto part_end = [&](std::uint32_t from, std::uint32_t part) {
    return from + count / parts + (part < count % parts);
  };
  std::uint32_t from = part_end(begin, 0);
  slots_[0].loop.store(&loop, std::memory_order_relaxed);
  slots_[0].range.store(pack(begin, from), std::memory_order_release);
  std::uint32_t kept = 0;
  for (std::uint32_t part = 1; part < parts; ++part) {
    const std::uint64_t range = pack(from, part_end(from, part));
    if (!hand(*chosen_[part], &loop, range)) kept_[kept++] = range;
    from = hi_of(range);
  }
  if (wake && parts < count) wake_helpers(count - parts < capacity_ - parts ? count - parts : capacity_ - parts);

  std::uint32_t executed = work_off(slots_[0]);
  while (kept > 0) {
    slots_[0].range.store(kept_[--kept], std::memory_order_release);
    executed += work_off(slots_[0]);
  }
  if (!complete()) wait_until_complete();
  return executed;
}

// Puts a range into an empty slot, and wakes the helper if it sleeps. False when the slot is not empty.
bool Team::hand(Slot &slot, const Loop *loop, std::uint64_t range) {
  std::uint64_t word = slot.range.load(std::memory_order_relaxed);
  if (!is_empty(word)) return false;
  slot.loop.store(loop, std::memory_order_relaxed);
  while (!slot.range.compare_exchange_weak(word, range, std::memory_order_acq_rel)) {
    if (!is_empty(word)) return false;
  }
  if (word == kAsleep) lithe_context_unblock(slot.context);
  return true;
}

// Sees to it that `wanted` helpers beyond those awake are on their way.
void Team::wake_helpers(std::uint32_t wanted) {
  const std::uint32_t created = created_.load(std::memory_order_relaxed);
  for (std::uint32_t i = 1; i < created && wanted > 0; ++i) {
    Slot &slot = slots_[i];
    if (slot.awake.load(std::memory_order_relaxed)) continue;
    std::uint64_t asleep = kAsleep;
    // When it is not asleep, it has been woken before and waits for a hart.
    if (slot.range.compare_exchange_strong(asleep, 0, std::memory_order_acq_rel)) lithe_context_unblock(slot.context);
    --wanted;
  }
  for (std::uint32_t i = created; i < capacity_ && wanted > 0; ++i, --wanted) {
    created_.store(i + 1, std::memory_order_release);
    leaving_.fetch_add(2, std::memory_order_relaxed);
    if (sched_.fork(helper_main, &slots_[i]) < 0) {
      // No memory or no kernel thread to be had: the loop goes on with the contexts there are.
      leaving_.fetch_sub(2, std::memory_order_relaxed);
      created_.store(i, std::memory_order_release);
      return;
    }
  }
}

void Team::helper_main(void *arg) {
  Slot &slot = *static_cast<Slot *>(arg);
  slot.team->help(slot);
}

void Team::help(Slot &slot) {
  lithe_context_t *const leader = leader_;
  slot.context = lithe_context_self();
  slot.awake.store(true, std::memory_order_release);
  do {
    work_off(slot);
  } while (wait_for_work(slot));
  // Nothing of the team may be touched after this, unless the leader still waits for us.
  if (leaving_.fetch_sub(2, std::memory_order_acq_rel) == 3) lithe_context_unblock(leader);
}

// Runs what the slot was given, then what can be stolen, until there is nothing left to claim.
std::uint32_t Team::work_off(Slot &slot) {
  std::uint32_t executed = run_own(slot);
  if (executed > 0) report(slot, executed);
  for (;;) {
    const Loop *loop;
    const std::uint64_t stolen = steal(slot, &loop);
    if (is_empty(stolen)) return executed;
    std::uint32_t more = 0;
    // Where others can steal of it in turn, unless the leader has just filled the slot.
    if (!hand(slot, loop, stolen)) {
      loop->body(loop->arg, lo_of(stolen), hi_of(stolen));
      more = hi_of(stolen) - lo_of(stolen);
    }
    more += run_own(slot);
    if (more > 0) report(slot, more);
    executed += more;
  }
}

std::uint32_t Team::run_own(Slot &slot) {
  std::uint32_t executed = 0;
  std::uint64_t word = slot.range.load(std::memory_order_acquire);
  while (!is_empty(word)) {
    const std::uint32_t lo = lo_of(word), hi = hi_of(word);
    // One by one when few are left; more at once while many are, so that tiny iterations do not pay for a CAS each.
    const std::uint32_t take = hi - lo > 16 ? (hi - lo) / 16 : 1;
    if (!slot.range.compare_exchange_weak(word, pack(lo + take, hi), std::memory_order_acq_rel,
                                          std::memory_order_acquire))
      continue;
    const Loop &loop = *slot.loop.load(std::memory_order_relaxed);
    loop.body(loop.arg, lo, lo + take);
    executed += take;
    word = slot.range.load(std::memory_order_acquire);
  }
  return executed;
}

// Claims half of the iterations that another slot has left. Returns the range, empty when there is nothing anywhere.
std::uint64_t Team::steal(const Slot &thief, const Loop **loop) {
  const std::uint32_t created = created_.load(std::memory_order_acquire);
  const std::uint32_t self = static_cast<std::uint32_t>(&thief - slots_.get());
  for (std::uint32_t step = 1; step < created; ++step) {
    Slot &victim = slots_[(self + step) % created];
    std::uint64_t word = victim.range.load(std::memory_order_acquire);
    while (!is_empty(word)) {
      const std::uint32_t lo = lo_of(word), hi = hi_of(word);
      const std::uint32_t middle = hi - (hi - lo + 1) / 2;
      if (!victim.range.compare_exchange_weak(word, pack(lo, middle), std::memory_order_acq_rel,
                                              std::memory_order_acquire))
        continue;
      *loop = victim.loop.load(std::memory_order_relaxed);
      return pack(middle, hi);
    }
  }
  return 0;
}

// Completion and sleep race: either the reporter sees leader_sleeps_, or the leader sees the sum complete before it
// leaves its stack for good.
//   reporter: done.store(seq_cst) -> leader_sleeps_.load(seq_cst)
//   leader:   leader_sleeps_.store(true, seq_cst) -> complete()
// A reporter that was delayed into a later loop may wake the leader without need; the leader looks again and blocks
// again. The exchange makes it exactly one unblock for each block.
void Team::report(Slot &slot, std::uint32_t executed) {
  slot.done.store(slot.done.load(std::memory_order_relaxed) + executed, std::memory_order_seq_cst);
  if (&slot == &slots_[0] || !leader_sleeps_.load(std::memory_order_seq_cst)) return;
  if (complete() && leader_sleeps_.exchange(false, std::memory_order_seq_cst)) lithe_context_unblock(leader_);
}

bool Team::complete() const {
  const std::uint32_t created = created_.load(std::memory_order_acquire);
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < created; ++i) sum += slots_[i].done.load(std::memory_order_seq_cst);
  return sum == published_.load(std::memory_order_relaxed);
}

void Team::wait_until_complete() {
  while (!spin_until([this] { return complete(); }, [this] { return hot(); })) {
    lithe_context_block(
        [](lithe_context_t *self, void *arg) {
          Team &team = *static_cast<Team *>(arg);
          team.leader_sleeps_.store(true, std::memory_order_seq_cst);
          if (team.complete() && team.leader_sleeps_.exchange(false, std::memory_order_seq_cst))
            lithe_context_unblock(self);
        },
        this);
  }
}

// Waits for the next loop. False when the team is dismissed.
//
// Sleep and publish race on `range`: the helper's CAS to kAsleep fails if a range has been published, and the leader's
// exchange finds kAsleep if the helper was first, and wakes it. Sleep and dismissal:
//   helper: range = kAsleep -> quit_.load(seq_cst)
//   leader: quit_.store(true, seq_cst) -> range.exchange(0)
bool Team::wait_for_work(Slot &slot) {
  const bool found = spin_until(
      [&] { return !is_empty(slot.range.load(std::memory_order_acquire)) || quit_.load(std::memory_order_relaxed); },
      [this] { return hot(); });
  if (!found) {
    slot.awake.store(false, std::memory_order_relaxed);
    lithe_context_block(
        [](lithe_context_t *self, void *arg) {
          Slot &sleeper = *static_cast<Slot *>(arg);
          std::uint64_t word = sleeper.range.load(std::memory_order_relaxed);
          do {
            if (!is_empty(word)) {
              lithe_context_unblock(self);
              return;
            }
          } while (!sleeper.range.compare_exchange_weak(word, kAsleep, std::memory_order_seq_cst));
          std::uint64_t asleep = kAsleep;
          if (sleeper.team->quit_.load(std::memory_order_seq_cst) &&
              sleeper.range.compare_exchange_strong(asleep, 0, std::memory_order_seq_cst))
            lithe_context_unblock(self);
        },
        &slot);
    slot.awake.store(true, std::memory_order_relaxed);
  }
  return !quit_.load(std::memory_order_acquire);
}

// Whether a waiting context may keep its hart busy: every context of this scheduler, and of those above it, that can
// run does run.
bool Team::hot() {
  if (!spin_) return false;
  for (const lithe_sched_t *sched = sched_.c(); sched != nullptr; sched = sched->parent)
    if (lithe_sched_harts(sched) < lithe_sched_demand(sched)) return false;
  return true;
}

void Team::dismiss() {
  quit_.store(true, std::memory_order_seq_cst);
  const std::uint32_t created = created_.load(std::memory_order_relaxed);
  for (std::uint32_t i = 1; i < created; ++i)
    if (slots_[i].range.exchange(0, std::memory_order_seq_cst) == kAsleep) lithe_context_unblock(slots_[i].context);
  const auto left = [this] { return leaving_.load(std::memory_order_acquire) < 2; };
  if (spin_until(left, [this] { return hot(); })) return;
  lithe_context_block(
      [](lithe_context_t *self, void *arg) {
        Team &team = *static_cast<Team *>(arg);
        if (team.leaving_.fetch_or(1, std::memory_order_acq_rel) < 2) lithe_context_unblock(self);
      },
      this);
}

}  // namespace harts::addon
