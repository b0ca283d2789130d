/* A crew: the contexts that one thread keeps for the regions it starts at one depth, and the scheduler that runs them.
 *
 * Worker i plays thread i of every region that the owner starts at this depth, so its thread_local and threadprivate
 * variables persist from region to region. Between regions the workers are docked: off their stacks, in no queue, known
 * only to the crew.
 *
 *   region_start   enter the scheduler, request size-1 harts in one delta
 *   hart_enter     a hart that arrives runs a context that is ready, else takes the next worker that has not started
 *                  (one fetch_add), else serves a nested region, else leaves
 *   region_end     the owner joins: the region has ended when every worker is docked, hence off its stack
 *
 * A docked worker, and a member parked at a barrier, is woken when there are tasks that it could run (task_pool.hpp). The
 * former counts as `remaining` again until it is docked anew; whoever wakes it is counted itself, so the region goes on.
 *
 * Workers leave their stacks by lithe_context_yield with an Intent in their Member, which context_yield reads: the
 * scheduler keeps such a context itself (docked, or parked at the barrier) and runs it later without an unblock, so a
 * whole team starts, meets and ends without a call into the parent for each thread. The owner may be a guest, of which
 * the runtime must know when it is ready; it blocks and is unblocked.
 *
 * Demand is kept lazily. The surplus counts the units of demand that no runnable context backs any more. A context that
 * becomes runnable uses up surplus before it asks for more; a hart that finds nothing to do gives the surplus back
 * before it leaves. So demand - surplus is always the number of runnable contexts, and only a hart that goes idle pays
 * for a request. */
#ifndef HARTS_OPENMP_CREW_HPP
#define HARTS_OPENMP_CREW_HPP

#include <atomic>
#include <cstdint>
#include <vector>

#include "lithe/lithe.hpp"
#include "schedulers/openmp/guard.hpp"
#include "schedulers/openmp/task_pool.hpp"
#include "schedulers/openmp/team.hpp"

namespace harts::omp {

class Crew final : public lithe::Scheduler {
 public:
  /* NULL when memory is exhausted. */
  static Crew *make(Thread &owner);
  ~Crew() override;

  /* The owner's seat, and the team of the region in progress. */
  Member master;
  Team team;
  TaskPool tasks{this};

  /* The largest team: what the counters below hold. */
  static constexpr unsigned kLargestTeam = (1u << 24) - 1;

  /* Makes workers until there are `count`. Returns how many there are, which is less when the system refuses more.
   * Callable from: the owner, between regions. */
  unsigned reserve(unsigned count);

  /* Puts a member at the beginning of the region: what it inherits, no construct met yet. */
  void begin_part(Member &member);

  /* Enters the scheduler and lets `team` start; the owner is then inside. Returns 0 or LITHE_E*, with nothing
   * started. */
  int start();

  /* Waits for the end of every worker's part and leaves the scheduler. Callable from: the owner, inside. */
  void finish();

  /* Callable from: a member of `team`, inside. */
  void barrier(Member &member);

  /* Lets everybody go on who waits at a barrier of this region, now or later. Callable from: a member, inside. */
  void cancel_barriers();

  /* Whether a member sleeps that could help with tasks: at a barrier, or after its part; a snapshot. */
  bool has_sleeper() const;
  /* Wakes one of them; false when there is none. Callable while a task of the region is not complete. */
  bool wake_sleeper();

  /* Ends the workers, without waiting for them. The crew must not be used any more; the last worker frees it.
   * Callable from: anywhere, between regions. */
  void retire();

  /* Waits on the hart for `done()`: for a short time, and only while every thread of the team that has not finished is
   * on a hart. Returns whether it is done; if not, the caller must give up its stack and wait (design law 4).
   *
   * `for_harts_to_come`: a thread that no hart has taken up yet does not count against that, if there are harts enough
   * and one must be on its way. It pays at a barrier, where the threads shall spread over the harts and stay there, and
   * not at the end of the region, where this hart had better run what is left. */
  template <typename Done>
  bool spin_until(const Member &member, bool for_harts_to_come, Done done) {
    if (done()) return true;
    const unsigned patience = patience_.load(std::memory_order_relaxed);
    const int64_t limit = is_in_the_way(member) ? 0 : spin_ns() << patience;
    int64_t until = 0;
    while (limit != 0 && all_on_harts(for_harts_to_come)) {
      for (unsigned spins = 0; spins < kSpinsPerLook; ++spins) {
        relax();
        if (!done()) continue;
        if (patience != 0 && until == 0) patience_.store(patience - 1, std::memory_order_relaxed);
        return true;
      }
      const int64_t now = clock_ns();
      if (until == 0) until = now + limit;
      if (now >= until) {
        waited_in_vain(patience);
        return false;
      }
    }
    return false;
  }

  /* Work shares of the team that are not in use. */
  WorkShare *take_share();
  void give_share(WorkShare *share);

 protected:
  lithe::Decision hart_enter() override;
  void child_enter(lithe_sched_t *child) override;
  void child_exit(lithe_sched_t *child) override;
  void context_block(lithe_context_t *context) override;
  void context_unblock(lithe_context_t *context) override;
  void context_yield(lithe_context_t *context) override;
  void context_exit(lithe_context_t *context) override;

 private:
  Crew(Thread &owner, WorkShare *share);
  /* Returns 0 or LITHE_E*, with nothing added. */
  int add_worker();
  struct Worker;

  /* How many spins between two looks at whether the team is still on harts; each look disturbs their cache lines. */
  static constexpr unsigned kSpinsPerLook = 64;
  static int64_t spin_ns();
  static int64_t clock_ns();
  bool all_on_harts(bool for_harts_to_come) const;
  void waited_in_vain(unsigned patience);
  bool is_in_the_way(const Member &member) const;

  static void run_worker(void *arg);
  static void left_stack(lithe_context_t *master_context, void *crew);
  void leave_stack(Member &member, Intent intent);
  void act_on(Member &member, lithe_context_t *context);
  void end_part(bool with_surplus);
  bool has_work() const;
  Member &member_of(lithe_context_t *context);
  void open_phase(unsigned phase);
  void release_parked(unsigned phase);
  void recheck_tasks(unsigned phase);
  lithe_context_t *pop_parked(unsigned phase);
  void wake(lithe_context_t *context);
  static bool was_recruited(Member &member);
  void park(Member &member, lithe_context_t *context);
  void make_ready(lithe_context_t *first, lithe_context_t *last, unsigned count);
  void settle();
  void push_ready(lithe_context_t *first, lithe_context_t *last, unsigned count);
  lithe_context_t *take_ready();
  void recycle_shares();

  alignas(64) Thread *owner_;
  const bool owner_is_guest_;
  uint64_t region_ = 0;           /* how many there have been; see Member::docked */
  std::vector<Worker *> workers_; /* worker i-1 is thread i */
  lithe_context_t *master_context_ = nullptr;
  std::atomic<bool> retiring_{false};
  std::atomic<unsigned> alive_{0}; /* workers that have not ended; the last one of a retiring crew frees it */

  /* Three counters in one word, so that the master learns all that it waits for from one load:
   *   remaining  threads whose part in this region has not ended; the master included, until it leaves its stack in
   *              order to join. Who takes it to 0 makes the master ready.
   *   surplus    see above
   *   settling   threads that are about to change the demand, or to make a context ready
   * When remaining is 1 or 0 and the others are 0, nobody else will touch the scheduler. */
  static constexpr uint64_t kRemaining = 1;
  static constexpr uint64_t kSurplus = uint64_t{1} << 24;
  static constexpr uint64_t kSettling = uint64_t{1} << 48;
  static unsigned remaining_in(uint64_t state) { return static_cast<unsigned>(state % kSurplus); }
  static unsigned surplus_in(uint64_t state) { return static_cast<unsigned>(state % kSettling / kSurplus); }
  alignas(64) std::atomic<uint64_t> state_{0};

  /* The barrier. Arrivals are counted; the last one opens the phase. Parked contexts of a phase are a stack in
   * parked_[phase % 2], which holds kOpen once the phase is open: who tries to park later finds that and goes on. */
  alignas(64) std::atomic<unsigned> arrived_{0};
  static constexpr unsigned kCancelled = 1u << 31; /* in phase_: nobody waits any more */
  alignas(64) std::atomic<unsigned> phase_{0};
  std::atomic<lithe_context_t *> parked_[2] = {nullptr, nullptr};

  alignas(64) std::atomic<unsigned> ready_count_{0};
  std::atomic<unsigned> child_count_{0};
  /* Threads that wake each other in turn, each asleep again when the other comes, would never spin together; the next
   * one spins longer, up to kMostPatience doublings, until they do. */
  static constexpr unsigned kMostPatience = 2;
  std::atomic<unsigned> patience_{0};
  std::atomic<bool> harts_are_late_{false}; /* a wait for harts to come was in vain; until one comes, nobody waits */
  Guard guard_;                             /* of the queues below */
  lithe_context_t *ready_head_ = nullptr;
  lithe_context_t *ready_tail_ = nullptr;
  lithe_sched_t *children_ = nullptr; /* circular; the next one to be served */

  Guard shares_guard_;
  WorkShare *free_shares_ = nullptr;
};

/* A context of the crew and the thread it is. Freed by its own context when it ends. */
struct Crew::Worker {
  explicit Worker(Crew &of) : crew(of) {}
  Crew &crew;
  Thread thread;
  Member member;
  lithe_context_t *context = nullptr;
};

}  // namespace harts::omp

#endif
