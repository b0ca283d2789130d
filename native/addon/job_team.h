/* A persistent team of contexts that share parallel loops: one flow leads, helpers join it on the harts that come. */
#ifndef HARTS_ADDON_JOB_TEAM_H
#define HARTS_ADDON_JOB_TEAM_H

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "schedulers/fork_join/fork_join.hpp"

namespace harts::addon {

/* A parallel loop: `body(arg, begin, end)` runs iterations begin..end-1, on any context of the team, several at once.
 */
struct Loop {
  void (*body)(const void *arg, std::uint32_t begin, std::uint32_t end);
  const void *arg;
};

/* Runs parallel loops on the context that made it (the leader) and on helpers forked into the leader's scheduler.
 *
 * A loop is published by writing a range of iterations into each helper's slot, which the helper polls; whoever runs
 * out of iterations takes half of another's rest. A helper that waits for the next loop spins briefly and only while
 * every context of the scheduler runs on a hart and nobody outside asks for one; then it blocks, and its hart goes
 * back (design law 4). Until a helper has really come, the leader gives it no iterations: a loop never waits for a
 * hart (law 3).
 *
 * Callable from: the leader only. dismiss() before the destructor. */
class Team {
 public:
  /* At most `harts` contexts, the leader included. `spin` is false where harts outnumber PUs. */
  Team(ForkJoin &sched, int harts, bool spin);
  ~Team();
  Team(const Team &) = delete;
  Team &operator=(const Team &) = delete;

  /* Runs iterations begin..end-1 and returns when all have ended. With `wake`, asks for harts for helpers that sleep or
   * do not exist yet; otherwise only helpers that are awake take part. Returns how many iterations the leader ran
   * itself. */
  std::uint32_t run(const Loop &loop, std::uint32_t begin, std::uint32_t end, bool wake);

  /* Ends the helpers and returns when none of them touches the team any more. */
  void dismiss();

 private:
  struct Slot;
  static void helper_main(void *arg);
  void help(Slot &slot);
  std::uint32_t work_off(Slot &slot);
  std::uint32_t run_own(Slot &slot);
  std::uint64_t steal(const Slot &thief, const Loop **loop);
  bool hand(Slot &slot, const Loop *loop, std::uint64_t range);
  void report(Slot &slot, std::uint32_t executed);
  bool wait_for_work(Slot &slot);
  void wake_helpers(std::uint32_t wanted);
  bool hot();
  bool complete() const;
  void wait_until_complete();

  ForkJoin &sched_;
  lithe_context_t *const leader_;
  const std::uint32_t capacity_;  // slots, slot 0 is the leader's
  const bool spin_;
  std::unique_ptr<Slot[]> slots_;
  // Scratch of run(): the helpers that take part from the start, and parts that could not be handed to them.
  std::unique_ptr<Slot *[]> chosen_;
  std::unique_ptr<std::uint64_t[]> kept_;
  std::atomic<std::uint32_t> created_{1};  // slots in use
  // Iterations published since the team began. Loops are complete when the slots' `done` add up to it.
  std::atomic<std::uint64_t> published_{0};
  std::atomic<bool> leader_sleeps_{false};
  std::atomic<bool> quit_{false};
  std::atomic<std::uint32_t> leaving_;  // 2 * helpers alive + (the leader waits for the last of them)
};

}  // namespace harts::addon

#endif
