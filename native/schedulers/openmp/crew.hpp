/* A crew: the contexts that one thread keeps for the regions it starts at one depth, and the scheduler that runs them.
 *
 * Worker i plays thread i of every region that the owner starts at this depth, so its thread_local and threadprivate
 * variables persist from region to region. Between regions the workers are docked: off their stacks, in no queue, known
 * only to the crew.
 *
 *   region_start   enter the scheduler, reset the cursor, request size-1 harts in one delta
 *   hart_enter     a hart that arrives runs a context that is ready, else takes the next worker that has not started
 *                  (one fetch_add), else serves a nested region, else leaves
 *   region_end     the owner joins: the region has ended when every worker is docked, hence off its stack
 *
 * Workers leave their stacks by lithe_context_yield with an Intent in their Member, which context_yield reads: the
 * scheduler keeps such a context itself (docked, or parked at the barrier) and runs it later without an unblock, so a
 * whole team starts, meets and ends without a call into the parent for each thread. The owner may be a guest, of which
 * the runtime must know when it is ready; it blocks and is unblocked.
 *
 * Demand is kept lazily. `surplus_` counts the units of demand that no runnable context backs any more. A context that
 * becomes runnable uses up surplus before it asks for more; a hart that finds nothing to do gives the surplus back
 * before it leaves. So demand - surplus is always the number of runnable contexts, and only a hart that goes idle pays
 * for a request. */
#ifndef HARTS_OPENMP_CREW_HPP
#define HARTS_OPENMP_CREW_HPP

#include <atomic>
#include <vector>

#include "lithe/lithe.hpp"
#include "schedulers/openmp/guard.hpp"
#include "schedulers/openmp/team.hpp"

namespace harts::omp {

class Crew final : public lithe::Scheduler {
 public:
  explicit Crew(Thread &owner);
  ~Crew() override;

  /* The owner's seat, and the team of the region in progress. */
  Member master;
  Team team;

  /* Makes workers until there are `count`. Returns how many there are, which is less when the system refuses more.
   * Callable from: the owner, between regions. */
  unsigned reserve(unsigned count);

  /* Puts a member at the beginning of the region: what it inherits, no construct met yet. */
  void begin_part(Member &member);

  /* Enters the scheduler and lets `team` start; the owner is then inside. Returns 0 or LITHE_E*, with nothing started. */
  int start();

  /* Waits for the end of every worker's part and leaves the scheduler. Callable from: the owner, inside. */
  void finish();

  /* Callable from: a member of `team`, inside. */
  void barrier(Member &member);

  /* Ends the workers, without waiting for them. The crew must not be used any more; the last worker frees it.
   * Callable from: anywhere, between regions. */
  void retire();

  /* Waits on the hart for `done()`: for a short time, and only while every thread of the team that has not finished can
   * be on a hart. Returns whether it is done; if not, the caller must give up its stack and wait (design law 4). */
  template <typename Done>
  bool spin_until(Done done) const {
    for (unsigned spins = 0, limit = spin_limit(); spins < limit; ++spins) {
      if (done()) return true;
      if (spins % kSpinsPerLook == 0 && !all_on_harts()) break;
      relax();
    }
    return done();
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
  struct Worker;

  /* How many spins between two looks at whether the team is still on harts. */
  static constexpr unsigned kSpinsPerLook = 32;
  static unsigned spin_limit();
  bool all_on_harts() const { return harts() >= static_cast<long>(remaining_.load(std::memory_order_relaxed)); }

  static void run_worker(void *arg);
  static void left_stack(lithe_context_t *master_context, void *crew);
  void leave_stack(Member &member, Intent intent);
  void act_on(Member &member, lithe_context_t *context);
  Member &member_of(lithe_context_t *context);
  void open_phase(unsigned phase);
  void park(Member &member, lithe_context_t *context);
  void cover(unsigned units);
  void settle();
  void push_ready(lithe_context_t *first, lithe_context_t *last, unsigned count);
  lithe_context_t *take_ready();
  void recycle_shares();

  Thread *owner_;
  std::vector<Worker *> workers_; /* worker i-1 is thread i */
  lithe_context_t *master_context_ = nullptr;
  std::atomic<bool> retiring_{false};
  std::atomic<unsigned> alive_{0}; /* workers that have not ended; the last one of a retiring crew frees it */

  /* Workers 1 .. cursor-1 have been started in this region. */
  alignas(64) std::atomic<unsigned> cursor_{1};

  /* Threads whose part in this region has not ended, the master included until it gives up its stack in order to join.
   * The one that takes it to 0 makes the master ready. */
  alignas(64) std::atomic<unsigned> remaining_{0};

  /* The barrier. Arrivals are counted; the last one opens the phase. Parked contexts of a phase are a stack in
   * parked_[phase % 2], which holds kOpen once the phase is open: who tries to park later finds that and goes on. */
  alignas(64) std::atomic<unsigned> arrived_{0};
  alignas(64) std::atomic<unsigned> phase_{0};
  std::atomic<lithe_context_t *> parked_[2] = {nullptr, nullptr};

  alignas(64) std::atomic<unsigned> ready_count_{0};
  std::atomic<int> surplus_{0};        /* see above */
  std::atomic<unsigned> settling_{0}; /* harts between taking the surplus and having given it back */
  std::atomic<unsigned> child_count_{0};
  Guard guard_; /* of the queues below */
  lithe_context_t *ready_head_ = nullptr;
  lithe_context_t *ready_tail_ = nullptr;
  lithe_sched_t *children_ = nullptr; /* circular; the next one to be served */

  Guard shares_guard_;
  WorkShare *free_shares_ = nullptr;
};

}  // namespace harts::omp

#endif
