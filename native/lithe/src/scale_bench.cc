// `npm run bench -- scale`: what one operation costs when there are N of something. The definitions of the measurements are
// in bench/README.md. Names are CURVE:N; bench/scale.ts puts the curves together.
//
//   scale_bench          many contexts, schedulers, waiters, timers and keys; for one hart
//   scale_bench harts    with as many harts as the environment says
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "benchmarking/on_hart.h"
#include "benchmarking/protocol.h"
#include "benchmarking/timing.h"
#include "lithe/lithe.h"
#include "schedulers/fork_join/fork_join.hpp"

using namespace harts::bench;

namespace {

// So many operations at least are timed together.
constexpr int least_operations = 3000;

// N contexts in one queue, which do the same for ever; the context that entered drives them.
class Crowd {
 public:
  explicit Crowd(int count) : count_(count), contexts(static_cast<size_t>(count)) {}
  virtual ~Crowd() = default;
  // Nanoseconds for each operation.
  double run() {
    double result = 0;
    on_hart([&] {
      expect("lithe_sched_enter", lithe_sched_enter(&line_.sched));
      live_ = count_;
      for (int i = 0; i < count_; ++i) line_.spawn(member, this);
      lithe_context_yield();  // each is where it waits now
      turn();
      int operations = 0;
      const uint64_t start = now_ns();
      do operations += turn();
      while (operations < least_operations);
      result = static_cast<double>(now_ns() - start) / operations;
      stops = true;
      while (live_ > 0) {
        release();
        lithe_context_yield();
      }
      expect("lithe_sched_exit", lithe_sched_exit());
    });
    return result;
  }

 protected:
  // What a member does until it stops; it must give way in each turn.
  virtual void step() = 0;
  // Makes members do something, and returns how many operations that was.
  virtual int turn() = 0;
  // Lets those that wait see that it is over.
  virtual void release() {}
  int count() const { return count_; }

 private:
  static void member(void *argument) {
    Crowd &crowd = *static_cast<Crowd *>(argument);
    crowd.contexts[static_cast<size_t>(crowd.started_++)] = lithe_context_self();
    while (!crowd.stops) crowd.step();
    --crowd.live_;
  }
  Line line_;
  int count_, live_ = 0, started_ = 0;

 protected:
  std::vector<lithe_context_t *> contexts;
  bool stops = false;
};

struct Switching : Crowd {
  using Crowd::Crowd;
  void step() override { lithe_context_yield(); }
  int turn() override {
    lithe_context_yield();
    return count() + 1;
  }
};

struct Unblocking : Crowd {
  using Crowd::Crowd;
  void step() override { lithe_context_block(nullptr, nullptr); }
  int turn() override {
    for (lithe_context_t *context : contexts) lithe_context_unblock(context);
    lithe_context_yield();
    return count();
  }
  void release() override {
    if (!released) turn();
    released = true;
  }
  bool released = false;
};

// Each turn lets one of them go, which comes back to the end of the queue.
struct OneAtATime : Crowd {
  using Crowd::Crowd;
  virtual void wake() = 0;
  int turn() override {
    wake();
    lithe_context_yield();
    return 1;
  }
  void release() override { wake(); }
};

// Not with a semaphore, which spins for longer than all of this takes before it waits.
struct Timers : OneAtATime {
  using OneAtATime::OneAtATime;
  void step() override { lithe_futex_wait(&word, 0, lithe_clock_after(1'000'000'000'000)); }
  void wake() override { lithe_futex_wake(&word, 1); }
  uint32_t word = 0;
};

struct Condvar : OneAtATime {
  explicit Condvar(int count) : OneAtATime(count) {
    lithe_mutex_init(&mutex);
    lithe_condvar_init(&condvar);
  }
  void step() override {
    lithe_mutex_lock(&mutex);
    if (!stops) lithe_condvar_wait(&condvar, &mutex);
    lithe_mutex_unlock(&mutex);
  }
  void wake() override { lithe_condvar_signal(&condvar); }
  lithe_mutex_t mutex;
  lithe_condvar_t condvar;
};

struct Futex : OneAtATime {
  using OneAtATime::OneAtATime;
  void step() override { lithe_futex_wait(&word, 0, LITHE_FOREVER); }
  void wake() override { lithe_futex_wake(&word, 1); }
  uint32_t word = 0;
};

// The one that has the mutex lets the driver run, all others wait for it.
struct Mutex : Crowd {
  explicit Mutex(int count) : Crowd(count) { lithe_mutex_init(&mutex); }
  void step() override {
    lithe_mutex_lock(&mutex);
    lithe_context_yield();
    lithe_mutex_unlock(&mutex);
    ++operations;
  }
  int turn() override {
    const int before = operations;
    while (operations == before) lithe_context_yield();
    return operations - before;
  }
  lithe_mutex_t mutex;
  int operations = 0;
};

double create(int count) {
  double result = 0;
  on_hart([&] {
    Line line;
    expect("lithe_sched_enter", lithe_sched_enter(&line.sched));
    int rounds = 0;
    const uint64_t start = now_ns();
    do {
      for (int i = 0; i < count; ++i) line.spawn([](void *) {}, nullptr);
      lithe_context_yield();
    } while (++rounds * count < least_operations);
    result = static_cast<double>(now_ns() - start) / (rounds * count);
    expect("lithe_sched_exit", lithe_sched_exit());
  });
  return result;
}

// N top-level schedulers, each with one context, which waits until it is told to run.
class Tenants {
 public:
  explicit Tenants(int count) : mains_(static_cast<size_t>(count)) {}
  template <class Work>
  double run(Work work) {
    double result = 0;
    on_hart([&] {
      driver_ = lithe_context_self();
      left_ = static_cast<int>(mains_.size());
      for (size_t i = 0; i < mains_.size(); ++i) {
        lithe_context_t *context;
        expect("lithe_context_create", lithe_context_create(&context, nullptr, nullptr, tenant, this));
        expect("lithe_context_unblock", lithe_context_unblock(context));
      }
      wait_for_all();
      result = work(*this);
      stops_ = true;
      all_at_once();
    });
    return result;
  }
  int count() const { return static_cast<int>(mains_.size()); }
  // A hart goes to the tenant and comes back.
  void one(int index) {
    left_ = 1;
    lithe_context_unblock(mains_[static_cast<size_t>(index)]);
    wait_for_all();
  }
  // All want a hart at the same time.
  void all_at_once() {
    left_ = count();
    for (lithe_context_t *main : mains_) lithe_context_unblock(main);
    wait_for_all();
  }

 private:
  void wait_for_all() { lithe_context_block(nullptr, nullptr); }
  void done() {
    if (--left_ == 0) lithe_context_unblock(driver_);
  }
  static void tenant(void *argument) {
    Tenants &all = *static_cast<Tenants *>(argument);
    {
      harts::ForkJoin team("tenant");
      team.enter();
      all.mains_[static_cast<size_t>(all.started_++)] = lithe_context_self();
      while (!all.stops_) {
        lithe_context_block([](lithe_context_t *, void *tenants) { static_cast<Tenants *>(tenants)->done(); }, &all);
      }
      team.exit();
    }
    all.done();
  }
  std::vector<lithe_context_t *> mains_;
  lithe_context_t *driver_ = nullptr;
  int left_ = 0, started_ = 0;
  bool stops_ = false;
};

double enter_exit(Tenants &) {
  Line line;
  return median_of_calls(500, [&] {
    lithe_sched_enter(&line.sched);
    lithe_sched_exit();
  });
}

double request(Tenants &tenants) {
  uint32_t random = 1;
  return median_of_calls(500, [&] {
    random = random * 1664525 + 1013904223;
    tenants.one(static_cast<int>((random >> 8) % static_cast<uint32_t>(tenants.count())));
  });
}

double want(Tenants &tenants) {
  int operations = 0;
  const uint64_t start = now_ns();
  do {
    tenants.all_at_once();
    operations += tenants.count();
  } while (operations < least_operations);
  return static_cast<double>(now_ns() - start) / operations;
}

double nest(int depth) {
  double result = 0;
  on_hart([&] {
    std::deque<Line> lines(static_cast<size_t>(depth));
    result = median_of_calls(least_operations / depth + 1,
                             [&] {
                               for (Line &line : lines) lithe_sched_enter(&line.sched);
                               for (int i = 0; i < depth; ++i) lithe_sched_exit();
                             }) /
             depth;
  });
  return result;
}

double keys(int count) {
  std::vector<lithe_key_t> others(static_cast<size_t>(count));
  for (lithe_key_t &key : others) expect("lithe_key_create", lithe_key_create(&key, nullptr));
  const double result = median_of_calls(1000, [] {
    lithe_key_t key;
    lithe_key_create(&key, nullptr);
    lithe_key_delete(key);
  });
  for (const lithe_key_t &key : others) lithe_key_delete(key);
  return result;
}

// `count` contexts at once on all harts, each of which lets others run four times.
double fork(int count) {
  double result = 0;
  on_hart([&] {
    harts::ForkJoin team("bench");
    team.enter();
    int operations = 0;
    const uint64_t start = now_ns();
    do {
      for (int i = 0; i < count; ++i) {
        expect("fork", team.fork(
                           [](void *) {
                             for (int turn = 0; turn < 4; ++turn) lithe_context_yield();
                           },
                           nullptr));
      }
      team.join();
      operations += count;
    } while (operations < least_operations);
    result = static_cast<double>(now_ns() - start) / operations;
    team.exit();
  });
  return result;
}

void add(Program &program, const char *curve, const char *what, const std::vector<int> &counts, double (*sample)(int)) {
  for (const int count : counts) {
    program.measurements.push_back({std::string(curve) + ':' + std::to_string(count),
                                    what,
                                    "lithe",
                                    false,
                                    {{"lithe", what, [=] { return sample(count); }, ""}}});
  }
}

template <class Kind>
double crowd(int count) {
  return Kind(count).run();
}

template <double (*work)(Tenants &)>
double tenants(int count) {
  return Tenants(count).run(work);
}

}  // namespace

int main(int argc, char **argv) {
  Program program;
  const int harts = lithe_hart_count();
  expect("lithe_hart_count", harts);
  program.facts = {{"compiler", std::string("g++ ") + __VERSION__}};
  if (argc > 1 && std::strcmp(argv[1], "harts") == 0) {
    add(program, "harts_many", "fork, run, yield four times, join", {harts}, [](int) { return fork(1024); });
    add(program, "harts_one", "fork, run on whatever hart, join", {harts}, [](int) { return fork(1); });
    return serve(program);
  }
  const std::vector<int> many{10, 30, 100, 300, 1000, 3000, 10'000}, some{1, 3, 10, 30, 100, 300, 1000};
  add(program, "contexts_create", "create, run, finish, N at once", many, create);
  add(program, "contexts_switch", "from one of N ready contexts to the next", many, crowd<Switching>);
  add(program, "contexts_unblock", "unblock, run and block, N in turn", many, crowd<Unblocking>);
  add(program, "timers", "one of N timed waits ends and begins again", many, crowd<Timers>);
  add(program, "condvar", "signal one of N waiters, which waits again", many, crowd<Condvar>);
  add(program, "futex", "wake one of N waiters, which waits again", many, crowd<Futex>);
  add(program, "mutex", "unlock, to one of N that want to lock", many, crowd<Mutex>);
  add(program, "schedulers_enter", "enter and exit beside N top-level schedulers", some, tenants<enter_exit>);
  add(program, "schedulers_request", "a hart to one of N top-level schedulers and back", some, tenants<request>);
  add(program, "schedulers_want", "the same while all N want it", some, tenants<want>);
  add(program, "depth", "enter and exit, for each of N levels", {1, 4, 16, 64, 256}, nest);
  add(program, "keys", "make and end a key beside N others", some, keys);
  return serve(program);
}
