#include "schedulers/fork_join/fork_join.hpp"

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <new>
#include <vector>

namespace harts {
namespace {

using Hold = std::lock_guard<lithe::SpinLock>;

// The order in which each hart looks into the queues of the others: the nearest first. Among those of the same distance
// it begins after its own number, so that thieves do not all start with the same victim. Made once, for all schedulers:
// taking work must not call the runtime or allocate.
class Victims {
 public:
  // Throws std::bad_alloc.
  static const Victims &of_harts(std::size_t count) {
    // Leaked: carriers may still look for work while static destructors run.
    static const Victims &made = *new Victims(count);
    return made;
  }
  const uint16_t *begin(std::size_t hart) const { return numbers_.data() + hart * others_; }
  const uint16_t *end(std::size_t hart) const { return begin(hart) + others_; }

 private:
  explicit Victims(std::size_t count) : others_(count - 1), numbers_(count * others_) {
    std::vector<int> nearest(others_);
    for (int hart = 0; hart < static_cast<int>(count); ++hart) {
      lithe::check("lithe_topology_neighbours",
                   lithe_topology_neighbours(hart, nearest.data(), static_cast<int>(others_)));
      for (auto from = nearest.begin(); from != nearest.end();) {
        const int distance = lithe_topology_distance(hart, *from);
        const auto to = std::find_if(from, nearest.end(),
                                     [&](int other) { return lithe_topology_distance(hart, other) != distance; });
        std::rotate(from, std::upper_bound(from, to, hart), to);
        from = to;
      }
      std::copy(nearest.begin(), nearest.end(), numbers_.begin() + static_cast<std::ptrdiff_t>(hart * others_));
    }
  }

  std::size_t others_;
  std::vector<uint16_t> numbers_;
};

}  // namespace

// One FIFO per hart. First in, first out, so that contexts that yield to each other take turns.
struct alignas(128) ForkJoin::Queue {
  lithe::SpinLock lock;
  lithe_context_t *head = nullptr;
  lithe_context_t *tail = nullptr;
  static constexpr int patience = 16;
  int passed_over = 0;                 // how often the first in line was
  std::size_t turns = 0;               // how often this queue's own hart has asked for work
  std::atomic<std::size_t> length{0};  // a hint, so that thieves pass empty queues without their lock

  void push(lithe_context_t *context) {
    Hold hold(lock);
    context->next = nullptr;
    (tail ? tail->next : head) = context;
    tail = context;
    length.store(length.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

  // The first context that can run on this carrier, or, with `any`, the first at all. The first in line is passed over a
  // few times only: contexts that yield to each other may be waiting for what it will do.
  lithe_context_t *pop(bool any) {
    if (length.load(std::memory_order_acquire) == 0) return nullptr;
    Hold hold(lock);
    lithe_context_t *before = nullptr;
    for (lithe_context_t *context = head; context; before = context, context = context->next) {
      if (!any && !lithe_context_is_local(context) && (before || ++passed_over < patience)) continue;
      if (!before) passed_over = 0;
      (before ? before->next : head) = context->next;
      if (tail == context) tail = before;
      context->next = nullptr;
      length.store(length.load(std::memory_order_relaxed) - 1, std::memory_order_release);
      return context;
    }
    return nullptr;
  }
};

struct ForkJoin::Children {
  lithe::SpinLock lock;
  lithe_sched_t *first = nullptr;
  lithe_sched_t *last = nullptr;
  std::atomic<std::size_t> count{0};

  void link(lithe_sched_t *child) {
    Hold hold(lock);
    child->sibling_next = nullptr;
    child->sibling_prev = last;
    (last ? last->sibling_next : first) = child;
    last = child;
    count.fetch_add(1, std::memory_order_relaxed);
  }

  void unlink(lithe_sched_t *child) {
    Hold hold(lock);
    detach(child);
    count.fetch_sub(1, std::memory_order_relaxed);
  }

  void detach(lithe_sched_t *child) {
    (child->sibling_prev ? child->sibling_prev->sibling_next : first) = child->sibling_next;
    (child->sibling_next ? child->sibling_next->sibling_prev : last) = child->sibling_prev;
  }
};

ForkJoin::ForkJoin(const char *name) : Scheduler(name), children_(new Children) {
  const int harts = lithe_hart_count();
  lithe::check("lithe_hart_count", harts);
  queue_count_ = static_cast<std::size_t>(harts);
  queues_.reset(new Queue[queue_count_]);
  Victims::of_harts(queue_count_);
}

ForkJoin::~ForkJoin() = default;

void ForkJoin::push(lithe_context_t *context) {
  const int hart = lithe_hart_self();
  queues_[hart >= 0 ? static_cast<std::size_t>(hart) % queue_count_ : 0].push(context);
}

// Own queue first, then the others', the nearest first. A guest that only another kernel thread can resume is left to
// that one while there is anything else to do. Now and then the search starts elsewhere and goes round: contexts that
// yield keep the own queue full for ever, and the hart in whose queue another context waits may not be here at all.
lithe_context_t *ForkJoin::take() {
  constexpr std::size_t turns_at_home = 64;
  const int hart = lithe_hart_self();
  const std::size_t home = hart >= 0 ? static_cast<std::size_t>(hart) % queue_count_ : 0;
  const std::size_t turn = hart >= 0 ? ++queues_[home].turns : 1;  // of this hart alone
  const Victims &victims = Victims::of_harts(queue_count_);
  for (const bool any : {false, true}) {
    if (turn % turns_at_home == 0) {
      for (std::size_t i = 0; i < queue_count_; ++i) {
        if (lithe_context_t *context = queues_[(home + turn / turns_at_home + i) % queue_count_].pop(any))
          return context;
      }
      continue;
    }
    if (lithe_context_t *context = queues_[home].pop(any)) return context;
    for (const uint16_t *victim = victims.begin(home); victim != victims.end(home); ++victim) {
      if (lithe_context_t *context = queues_[*victim].pop(any)) return context;
    }
  }
  return nullptr;
}

void ForkJoin::make_ready(lithe_context_t *context) {
  // The request first: once it is queued the context may run on a hart that is here already, and block, and that takes
  // the request back. A hart that comes before the context is queued finds nothing and is sent again.
  request(1);
  push(context);
}

int ForkJoin::fork(void (*start)(void *), void *arg, const lithe_context_attr_t *attr) {
  lithe_context_t *context;
  const int code = lithe_context_create(&context, attr, c(), start, arg);
  if (code != 0) return code;
  live_.fetch_add(1, std::memory_order_relaxed);
  make_ready(context);
  return 0;
}

// `live_` and `joiner_`: the joiner announces itself, then looks at the count again; the last context to end lowers the
// count, then looks for a joiner. Both sequentially consistent, so one of them sees the other; the exchange decides who
// of the two unblocks.
void ForkJoin::join() {
  if (live_.load(std::memory_order_acquire) == 0) return;
  lithe_context_block(
      [](lithe_context_t *self, void *argument) {
        ForkJoin &scheduler = *static_cast<ForkJoin *>(argument);
        scheduler.joiner_.store(self, std::memory_order_seq_cst);
        if (scheduler.live_.load(std::memory_order_seq_cst) != 0) return;
        if (lithe_context_t *joiner = scheduler.joiner_.exchange(nullptr)) lithe_context_unblock(joiner);
      },
      this);
}

lithe::Decision ForkJoin::hart_enter() {
  // The parent wants harts back for somebody in greater need. The last one stays: nobody says when another would come.
  if (lithe_sched_revoked(c()) > 0 && lithe_sched_harts(c()) > 1) return lithe::Decision::yield();
  if (children_->count.load(std::memory_order_acquire) > 0) {
    Hold hold(children_->lock);
    for (lithe_sched_t *child = children_->first; child; child = child->sibling_next) {
      if (lithe_sched_harts(child) >= lithe_sched_demand(child)) continue;
      children_->detach(child);  // last in line from now on
      child->sibling_next = nullptr;
      child->sibling_prev = children_->last;
      (children_->last ? children_->last->sibling_next : children_->first) = child;
      children_->last = child;
      return lithe::Decision::grant(child);
    }
  }
  if (lithe_context_t *context = take()) return lithe::Decision::run(context);
  return lithe::Decision::yield();
}

void ForkJoin::child_enter(lithe_sched_t *child) { children_->link(child); }
void ForkJoin::child_exit(lithe_sched_t *child) { children_->unlink(child); }
void ForkJoin::context_unblock(lithe_context_t *context) { make_ready(context); }
void ForkJoin::context_yield(lithe_context_t *context) { push(context); }

void ForkJoin::context_exit(lithe_context_t *) {
  // The demand first: when the joiner runs it may leave the scheduler, and counts must be right by then.
  request(-1);
  if (live_.fetch_sub(1, std::memory_order_seq_cst) != 1) return;
  if (lithe_context_t *joiner = joiner_.exchange(nullptr)) lithe_context_unblock(joiner);
}

}  // namespace harts
