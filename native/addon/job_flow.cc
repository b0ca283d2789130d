#include "addon/job_flow.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <new>

namespace harts::addon {
namespace {

// A loop that costs less than this in all is not shared: telling a helper and hearing from it costs about as much.
constexpr double kShareNanoseconds = 1'500;
// Helpers that sleep are woken for a loop that costs this much, or when shorter loops add up to so much that helpers
// would have had work all the time. Waking costs the leader some microseconds.
constexpr double kWakeNanoseconds = 20'000;
constexpr double kWakeTotalNanoseconds = 100'000;
// The cost of a loop is measured in its first runs and in every 16th after that.
constexpr std::uint32_t kFirstRuns = 4;
constexpr std::uint32_t kRunsPerMeasurement = 16;
// Contexts that one parallel makes at most; more branches than that take turns.
constexpr std::size_t kMostBranchContexts = 256;

using Clock = std::chrono::steady_clock;

double nanoseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

void call(const Node &node) { node.entry(node.arrays.data(), node.scalars.data()); }

// Executes a call, or a sequence of calls, on whatever context.
bool execute_leaf(Job &job, const Node &node) {
  if (job.stopped()) return false;
  if (node.op == Op::kCall) {
    call(node);
    return true;
  }
  return std::all_of(node.children.begin(), node.children.end(),
                     [&job](const Node &child) { return execute_leaf(job, child); });
}

struct Shared {
  Job &job;
  JobScheduler &sched;
  const Node &node;
};

// Iterations begin..end-1 of a forEach: the call with scalar 0 replaced by the index.
void run_iterations(const void *arg, std::uint32_t begin, std::uint32_t end) {
  const Shared &shared = *static_cast<const Shared *>(arg);
  const Node &node = shared.node;
  TimeSlice &slice = TimeSlice::mine();
  double scalars[kMaxScalars];
  std::copy(node.scalars.begin(), node.scalars.end(), scalars);
  for (std::uint32_t i = begin; i < end && !shared.job.stopped(); ++i) {
    scalars[0] = i;
    node.entry(node.arrays.data(), scalars);
    slice.point(shared.sched);
  }
}

// Children begin..end-1 of a parallel of leaves.
void run_leaves(const void *arg, std::uint32_t begin, std::uint32_t end) {
  const Shared &shared = *static_cast<const Shared *>(arg);
  TimeSlice &slice = TimeSlice::mine();
  for (std::uint32_t i = begin; i < end; ++i) {
    if (!execute_leaf(shared.job, shared.node.children[i])) return;
    slice.point(shared.sched);
  }
}

// The branches of a parallel, which its contexts claim one by one.
struct Branches {
  Job &job;
  JobScheduler &sched;
  const Machine &machine;
  const Node &node;
  std::atomic<std::size_t> next{0};

  void work() {
    try {
      Flow flow(job, sched, machine, true);
      for (;;) {
        const std::size_t branch = next.fetch_add(1, std::memory_order_relaxed);
        if (branch >= node.children.size() || !flow.execute(node.children[branch])) return;
      }
    } catch (const std::bad_alloc &) {
      job.fail(LITHE_ENOMEM);
    }
  }
};

}  // namespace

Flow::Flow(Job &job, JobScheduler &sched, const Machine &machine, bool forked)
    : job_(job), sched_(sched), machine_(machine), forked_(forked), slice_(TimeSlice::mine()) {}

Flow::~Flow() {
  if (team_) team_->dismiss();
}

bool Flow::execute(const Node &node) {
  if (job_.stopped()) return false;
  switch (node.op) {
    case Op::kCall:
      call(node);
      return true;
    case Op::kSequence:
      return sequence(node);
    case Op::kParallel:
      return parallel(node);
    case Op::kForEach:
      return for_each(node);
    case Op::kRepeat:
      return repeat(node);
    case Op::kUntil:
      return until(node);
  }
  return false;
}

bool Flow::sequence(const Node &node) {
  for (const Node &child : node.children)
    if (!execute(child)) return false;
  return true;
}

bool Flow::repeat(const Node &node) {
  for (std::uint64_t pass = 0; pass < node.count; ++pass) {
    if (!execute(node.children[0])) return false;
    if (node.outermost) job_.count_iteration();
    slice_.point(sched_);
  }
  return true;
}

bool Flow::until(const Node &node) {
  for (std::uint64_t pass = 0; pass < node.count; ++pass) {
    if (!execute(node.children[0])) return false;
    if (node.outermost) job_.count_iteration();
    if (__atomic_load_n(node.flag, __ATOMIC_ACQUIRE) != 0) return true;
    // Another branch may be what sets the flag, and may have no hart to do it on (law 3).
    if (forked_ && sched_.harts() < sched_.demand()) lithe_context_yield();
    slice_.point(sched_);
  }
  return true;
}

bool Flow::for_each(const Node &node) {
  const Shared shared{job_, sched_, node};
  share({run_iterations, &shared}, node, static_cast<std::uint32_t>(node.count));
  return !job_.stopped();
}

bool Flow::parallel(const Node &node) {
  if (node.children.size() < 2) return sequence(node);
  if (!std::all_of(node.children.begin(), node.children.end(), [](const Node &child) { return child.leaf; }))
    return fork_branches(node);
  const Shared shared{job_, sched_, node};
  share({run_leaves, &shared}, node, static_cast<std::uint32_t>(node.children.size()));
  return !job_.stopped();
}

// Runs a loop on this flow's team, or alone where sharing cannot pay.
void Flow::share(const Loop &loop, const Node &node, std::uint32_t count) {
  if (machine_.harts == 1 || count < 2) {
    if (count > 0) loop.body(loop.arg, 0, count);
    return;
  }
  if (node.runs == 0) return share_unknown(loop, node, count);
  const double cost = node.nanoseconds_per_iteration * count;
  const bool measure = node.runs < kFirstRuns || node.runs % kRunsPerMeasurement == 0;
  const Clock::time_point start = measure ? Clock::now() : Clock::time_point();
  std::uint32_t executed = count;
  if (cost < kShareNanoseconds) {
    loop.body(loop.arg, 0, count);
  } else {
    since_wake_ += cost;
    const bool wake = cost >= kWakeNanoseconds || since_wake_ >= kWakeTotalNanoseconds;
    if (wake) since_wake_ = 0;
    executed = team().run(loop, 0, count, wake);
  }
  ++node.runs;
  if (!measure || executed == 0) return;
  // The wait for the others counts as well, as if it were work: it makes a short loop look longer, never shorter than
  // it is. The first run is forgotten: it paid for page faults and cold caches.
  const double each = nanoseconds_since(start) / executed;
  const double weight = node.runs == 2 ? 1 : 0.25;
  node.nanoseconds_per_iteration += weight * (each - node.nanoseconds_per_iteration);
}

// The first run of a loop begins alone, and is shared as soon as it turns out to be worth a wake.
void Flow::share_unknown(const Loop &loop, const Node &node, std::uint32_t count) {
  const Clock::time_point start = Clock::now();
  std::uint32_t done = 0;
  double elapsed = 0;
  for (std::uint32_t chunk = 1; done < count && elapsed < kWakeNanoseconds; chunk *= 2) {
    const std::uint32_t end = done + std::min(chunk, count - done);
    loop.body(loop.arg, done, end);
    done = end;
    elapsed = nanoseconds_since(start);
  }
  node.nanoseconds_per_iteration = elapsed / done;
  node.runs = 1;
  if (done < count) team().run(loop, done, count, true);
}

Team &Flow::team() {
  if (!team_) team_ = std::make_unique<Team>(sched_, machine_.harts, machine_.spin);
  return *team_;
}

// Runs the children on contexts in a scheduler of their own, all at once as far as harts go.
bool Flow::fork_branches(const Node &node) {
  JobScheduler sched("parallel", &sched_);
  if (const int code = lithe_sched_enter(sched.c()); code < 0) {
    job_.fail(code);
    return false;
  }
  Branches branches{job_, sched, machine_, node};
  const std::size_t contexts = std::min(node.children.size(), kMostBranchContexts);
  for (std::size_t i = 1; i < contexts; ++i) {
    // Where no more contexts can be had, those there are work through all branches.
    if (sched.fork([](void *arg) { static_cast<Branches *>(arg)->work(); }, &branches) < 0) break;
  }
  branches.work();
  sched.join();
  lithe_sched_exit();
  return !job_.stopped();
}

}  // namespace harts::addon
