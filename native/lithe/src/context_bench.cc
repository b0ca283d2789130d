// `npm run bench -- context`: what a context, a scheduler and a hart cost, beside the same done with pthreads and with
// Boost.Context. The definitions of the measurements are in bench/README.md.
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <pthread.h>
#include <string>
#include <sys/auxv.h>
#include <vector>

#include "benchmarking/on_hart.h"
#include "benchmarking/peers.h"
#include "benchmarking/protocol.h"
#include "benchmarking/threads.h"
#include "benchmarking/timing.h"
#include "lithe/lithe.h"
#include "switch.h"

using namespace harts::bench;

// lithe_switch is not exported from liblithe, so this program has a copy of the assembly.

namespace {

// The PUs of the contenders that are not ours: that of the hart which ran our last sample, and another one.
struct Places {
  int pu = 0;
  int other_pu = -1;

  explicit Places(const lithe_topology_t &topology) {
    pu = topology.places[0].pu_os;
    if (topology.harts > 1 && !topology.is_virtual) other_pu = topology.places[1].pu_os;
  }
  void ours_ran_on(int ran) {
    if (ran == pu) return;
    other_pu = pu;
    pu = ran;
  }
};

// --- switch ---

// Two contexts that yield to each other from the same line of code, as the members of a team do, so that the
// processor's return-address predictor works across the switch as it does there.
struct Pair {
  double result = 0;
  bool stops = false;
  int live = 2;
  lithe_context_t *waiter = nullptr;

  static void first(void *argument) {
    Pair &self = *static_cast<Pair *>(argument);
    const auto batch = [](int switches) {
      const uint64_t start = now_ns();
      yield(switches / 2);  // each time to the other context, which yields back
      return now_ns() - start;
    };
    batch(1000);
    self.result = median_per_operation(5000, batch);
    self.stops = true;
    self.end();
  }
  static void second(void *argument) {
    Pair &self = *static_cast<Pair *>(argument);
    while (!self.stops) yield(500);
    self.end();
  }

 private:
  [[gnu::noinline]] static void yield(int count) {
    for (int i = 0; i < count; ++i) lithe_context_yield();
  }
  void end() {
    if (--live == 0) lithe_context_unblock(waiter);
  }
};

double lithe_yield_switch(Places &places) {
  double result = 0;
  places.ours_ran_on(on_hart([&result] {
    Line line;
    expect("lithe_sched_enter", lithe_sched_enter(&line.sched));
    Pair pair;
    pair.waiter = lithe_context_self();
    line.spawn(Pair::first, &pair);
    line.spawn(Pair::second, &pair);
    expect("lithe_context_block", lithe_context_block(nullptr, nullptr));  // until both have ended
    result = pair.result;
    expect("lithe_sched_exit", lithe_sched_exit());
  }));
  return result;
}

// The assembly alone: two stacks of one kernel thread, each with the thread pointer of a pthread of its own.
class BareSwitch {
 public:
  BareSwitch() {
    here_.tp = lithe_thread_pointer();
    pthread_create(&sleeper_, nullptr, sleep_with_tls, this);
    while (ready_.load(std::memory_order_acquire) == 0) futex_wait(ready_, 0);
    stack_.resize(size_t{64} * 1024);
    there_.sp = lithe_switch_prepare(stack_.data() + stack_.size(), back_and_forth, this);
  }
  ~BareSwitch() {
    done_.store(1, std::memory_order_release);
    futex_wake(done_);
    pthread_join(sleeper_, nullptr);
  }
  BareSwitch(const BareSwitch &) = delete;
  BareSwitch &operator=(const BareSwitch &) = delete;

  double sample(int pu) {
    pin_to(pu);
    const auto batch = [this](int switches) {
      const uint64_t start = now_ns();
      hop(here_, there_, switches / 2);
      return now_ns() - start;
    };
    batch(1000);
    return median_per_operation(20'000, batch);
  }

 private:
  struct Side {
    void *sp = nullptr;
    void *tp = nullptr;
  };
  // Both sides switch in the same line, as contexts do.
  [[gnu::noinline]] static void hop(Side &from, const Side &to, int count) {
    for (int i = 0; i < count; ++i) lithe_switch(&from.sp, to.sp, to.tp);
  }
  static void back_and_forth(void *argument) {
    BareSwitch &self = *static_cast<BareSwitch *>(argument);
    for (;;) hop(self.there_, self.here_, 1000);
  }
  static void *sleep_with_tls(void *argument) {
    BareSwitch &self = *static_cast<BareSwitch *>(argument);
    self.there_.tp = lithe_thread_pointer();
    self.ready_.store(1, std::memory_order_release);
    futex_wake(self.ready_);
    while (self.done_.load(std::memory_order_acquire) == 0) futex_wait(self.done_, 0);
    return nullptr;
  }

  Side here_;
  Side there_;
  std::vector<char> stack_;
  pthread_t sleeper_{};
  std::atomic<uint32_t> ready_{0};
  std::atomic<uint32_t> done_{0};
};

// --- create ---

double lithe_create_run_finish(Places &places) {
  double result = 0;
  places.ours_ran_on(on_hart([&result] {
    Line line;
    expect("lithe_sched_enter", lithe_sched_enter(&line.sched));
    const auto batch = [&line](int count) {
      const uint64_t start = now_ns();
      for (int i = 0; i < count; ++i) {
        line.spawn([](void *) {}, nullptr);
        lithe_context_yield();  // the queue is in order: the new context runs and ends before this returns
      }
      return now_ns() - start;
    };
    batch(10);
    result = median_per_operation(1000, batch);
    expect("lithe_sched_exit", lithe_sched_exit());
  }));
  return result;
}

// --- enter and exit ---

uint64_t enter_and_exit(Line &child, int count) {
  const uint64_t start = now_ns();
  for (int i = 0; i < count; ++i) {
    expect("lithe_sched_enter", lithe_sched_enter(&child.sched));
    expect("lithe_sched_exit", lithe_sched_exit());
  }
  return now_ns() - start;
}

double sample_enter_exit() {
  Line child;
  enter_and_exit(child, 100);
  return median_per_operation(2000, [&child](int count) { return enter_and_exit(child, count); });
}

double lithe_child_enter_exit(Places &places) {
  double result = 0;
  places.ours_ran_on(on_hart([&result] {
    Line parent;
    expect("lithe_sched_enter", lithe_sched_enter(&parent.sched));
    result = sample_enter_exit();
    expect("lithe_sched_exit", lithe_sched_exit());
  }));
  return result;
}

double lithe_top_enter_exit(Places &places) {
  double result = 0;
  places.ours_ran_on(on_hart([&result] { result = sample_enter_exit(); }));
  return result;
}

double lithe_guest_enter_exit(const Places &places) {
  pin_to(places.pu);
  return sample_enter_exit();
}

// --- request to running ---

// A scheduler that asks for a second hart, again and again. The hart answers and goes back at once.
struct Asker {
  lithe_sched_t sched;              // first: callbacks find the rest behind it
  alignas(128) uint32_t asked = 0;  // the asker's own
  Flag answered;
  lithe_context_t *waiting = nullptr;  // the context that answers; null when hart_enter itself does
  std::atomic<bool> is_ready{false};
  bool stops = false;

  Asker();
  void await_answer() const {
    while (answered.value.load(std::memory_order_acquire) != asked) {
    }
  }
  void ask() {
    ++asked;
    if (waiting) {
      lithe_context_unblock(waiting);
    } else {
      lithe_hart_request(&sched, 1);
    }
    await_answer();
  }
  // As in the bare ping-pong, the one who answers need not look at the question.
  void answer() { answered.value.store(answered.value.load(std::memory_order_relaxed) + 1, std::memory_order_release); }
  void await_return() const {
    while (lithe_sched_harts(&sched) != 1) cpu_relax();
  }

  static Asker &of(lithe_sched_t *sched) { return *reinterpret_cast<Asker *>(sched); }
  // The main function of the context that answers.
  static void answer_and_block(void *argument) {
    Asker &self = *static_cast<Asker *>(argument);
    while (!self.stops) {
      self.answer();
      lithe_context_block(nullptr, nullptr);
    }
    self.answer();
  }
};

constexpr lithe_sched_funcs_t asker_funcs = [] {
  lithe_sched_funcs_t funcs = quiet_funcs;
  funcs.hart_enter = [](lithe_sched_t *self) {
    Asker &asker = Asker::of(self);
    if (!asker.waiting) {
      asker.answer();
    } else if (asker.is_ready.exchange(false, std::memory_order_acquire)) {
      return lithe_context_run(asker.waiting);
    }
    lithe_hart_request(self, -1);
    return lithe_hart_yield();
  };
  funcs.context_unblock = [](lithe_sched_t *self, lithe_context_t *) {
    Asker::of(self).is_ready.store(true, std::memory_order_release);
    lithe_hart_request(self, 1);
  };
  return funcs;
}();

Asker::Asker() { expect("lithe_sched_init", lithe_sched_init(&sched, &asker_funcs, "asker")); }

uint64_t wakes_so_far() {
  lithe_stats_t stats;
  lithe_stats_get(&stats);
  return stats.wakes;
}

// One sample; NaN unless nearly every operation found the other hart as it should, spinning or parked. The midmean
// leaves out the few that did not.
double lithe_request(Places &places, bool is_parked, bool with_context) {
  const int count = is_parked ? sleeper_operations : spinner_operations;
  const uint64_t pause = is_parked ? sleeper_pause_ns : spinner_pause_ns;
  double result = 0;
  places.ours_ran_on(on_hart([&] {
    Asker asker;
    expect("lithe_sched_enter", lithe_sched_enter(&asker.sched));
    if (with_context) {
      expect("lithe_context_create",
             lithe_context_create(&asker.waiting, nullptr, &asker.sched, Asker::answer_and_block, &asker));
    }
    for (int i = 0; i < 3; ++i) {
      asker.ask();
      asker.await_return();
    }
    if (is_parked) spin_for_ns(pause);
    const uint64_t wakes = wakes_so_far();
    const double length = midmean_single(
        count, pause, [&asker] { asker.ask(); }, [&asker] { asker.await_return(); });
    const auto woken = static_cast<int>(wakes_so_far() - wakes);
    const bool is_clean = std::abs(woken - (is_parked ? count : 0)) <= count / 20;
    result = is_clean ? length : std::numeric_limits<double>::quiet_NaN();
    if (with_context) {
      asker.stops = true;
      asker.ask();
      asker.await_return();
    }
    expect("lithe_sched_exit", lithe_sched_exit());
  }));
  return result;
}

// Samples that were disturbed are taken again; a machine that is never still gives NaN.
double lithe_request_undisturbed(Places &places, bool is_parked, bool with_context) {
  for (int tries = 0; tries < 5; ++tries) {
    const double result = lithe_request(places, is_parked, with_context);
    if (!std::isnan(result)) return result;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

int main() {
  lithe_topology_t topology;
  if (const int code = lithe_topology_get(&topology); code != 0) {
    std::fprintf(stderr, "%s %s\n", lithe_strerror(code), lithe_topology_problem());
    return 1;
  }
  const bool is_in_user_space = lithe_switch_init(getauxval(AT_HWCAP2)) != 0;
  ns_per_tick();
  empty_interval();
  Places places(topology);
  Helper helper;
  BareSwitch bare;

  const bool has_other = places.other_pu >= 0;
  const std::string alone = has_other ? "" : "It takes two harts on two PUs, and this process has one.";
  const std::string no_spinning = has_other && topology.quota > 0 ? "Idle harts do not spin under a CPU quota." : alone;
  const std::string no_thread = "Boost.Context has no second thread to hand anything to.";
  const std::string no_boost = boost_unavailable();

  Program program;
  program.facts = {
      {"compiler", "g++ " __VERSION__},
      {"harts", std::to_string(topology.harts)},
      {"thread pointer", is_in_user_space ? "written in user space" : "written by the kernel"},
      {"quota", topology.quota > 0 ? std::to_string(topology.quota) : "none"},
  };
  if (has_other) program.probe = [&] { return ping_pong_ns(helper, places.pu, places.other_pu); };
  program.measurements = {
      {"switch",
       "from one context to another on one hart",
       "pthread",
       false,
       {{"lithe", "lithe_context_yield, with TLS, through a scheduler", [&] { return lithe_yield_switch(places); }, ""},
        {"lithe_bare", "the assembly of liblithe alone, with TLS", [&] { return bare.sample(places.pu); }, ""},
        {"pthread", "sched_yield between two threads on one PU", [&] { return sched_yield_switch(helper, places.pu); },
         ""},
        {"futex", "futex wake and wait between two threads on one PU", [&] { return futex_switch(helper, places.pu); },
         ""},
        {"boost", "jump_fcontext, no TLS", [&] { return boost_switch(places.pu); }, no_boost}}},
      {"create",
       "create, run and finish a context that does nothing",
       "pthread",
       false,
       {{"lithe", "pooled context, with TLS", [&] { return lithe_create_run_finish(places); }, ""},
        {"pthread", "pthread_create and pthread_join on one PU", [&] { return pthread_create_join(places.pu); }, ""},
        {"boost", "fiber on a pooled stack, no TLS", [&] { return boost_fiber(places.pu); }, no_boost}}},
      {"enter_exit",
       "open and close a parallel scope",
       "pthread",
       false,
       {{"lithe", "enter and exit a child scheduler", [&] { return lithe_child_enter_exit(places); }, ""},
        {"lithe_top", "the same, directly under the root", [&] { return lithe_top_enter_exit(places); }, ""},
        {"lithe_guest", "the same, from a thread of the program", [&] { return lithe_guest_enter_exit(places); }, ""},
        {"pthread", "make and join one worker thread", [&] { return pthread_create_join(places.pu); }, ""},
        {"boost", "fiber on a pooled stack", [&] { return boost_fiber(places.pu); }, no_boost}}},
      {"request_spinning",
       "ask for a hart that spins until its answer is seen",
       "ping_pong",
       true,
       {{"lithe", "lithe_hart_request to hart_enter", [&] { return lithe_request_undisturbed(places, false, false); },
         no_spinning},
        {"lithe_context", "lithe_context_unblock to the context's code",
         [&] { return lithe_request_undisturbed(places, false, true); }, no_spinning},
        {"ping_pong", "bare cache line to a spinning pthread",
         [&] { return spinning_hand_off(helper, places.pu, places.other_pu); }, alone},
        {"boost", "", nullptr, no_thread}}},
      {"request_parked",
       "ask for a hart that sleeps until its answer is seen",
       "futex",
       true,
       {{"lithe", "lithe_hart_request to hart_enter", [&] { return lithe_request_undisturbed(places, true, false); },
         alone},
        {"lithe_context", "lithe_context_unblock to the context's code",
         [&] { return lithe_request_undisturbed(places, true, true); }, alone},
        {"futex", "bare futex wake of a sleeping pthread",
         [&] { return futex_hand_off(helper, places.pu, places.other_pu); }, alone},
        {"pthread", "pthread_cond_signal to a waiting pthread",
         [&] { return condvar_hand_off(helper, places.pu, places.other_pu); }, alone},
        {"boost", "", nullptr, no_thread}}},
  };
  return serve(program);
}
