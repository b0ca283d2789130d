// `npm run bench -- sync`: every synchronisation primitive beside pthreads and, where it has the same, Boost.Fiber. The
// definitions of the measurements are in bench/README.md.
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <pthread.h>
#include <semaphore.h>
#include <string>
#include <thread>
#include <vector>

#include "benchmarking/fiber_peers.h"
#include "benchmarking/on_hart.h"
#include "benchmarking/protocol.h"
#include "benchmarking/threads.h"
#include "benchmarking/timing.h"
#include "lithe/lithe.h"
#include "schedulers/fork_join/fork_join.hpp"

using namespace harts::bench;

namespace {

// What each member of a crowd does between two acquisitions, and while it holds: about 50 ns of arithmetic each.
void work() {
  for (int i = 0; i < 64; ++i) asm volatile("" ::: "memory");
}

constexpr int uncontended_operations = 20'000;
constexpr int crowd_operations = 4'000;  // of all members together

// The time of `operation` on a hart, by a context.
template <class Operation>
double on_a_hart(Operation operation) {
  double result = 0;
  on_hart([&] { result = median_of_calls(uncontended_operations, operation); });
  return result;
}

// The same by a plain thread, pinned as a carrier is.
template <class Operation>
double on_a_thread(int pu, Operation operation) {
  pin_to(pu);
  return median_of_calls(uncontended_operations, operation);
}

// `members` contexts in a fork_join scheduler, on all harts, do `operation` until there were crowd_operations; wall time
// per operation.
template <class Operation>
double crowd_of_contexts(int members, Operation operation) {
  double result = 0;
  on_hart([&] {
    struct Part {
      Operation *operation;
      int turns;
    } part{&operation, crowd_operations / members};
    harts::ForkJoin team("bench");
    team.enter();
    const auto start_all = [&] {
      for (int i = 0; i < members; ++i) {
        expect("fork", team.fork(
                           [](void *argument) {
                             const Part &mine = *static_cast<Part *>(argument);
                             for (int turn = 0; turn < mine.turns; ++turn) (*mine.operation)();
                           },
                           &part));
      }
      team.join();
    };
    start_all();
    const uint64_t start = now_ns();
    start_all();
    result = static_cast<double>(now_ns() - start) / (part.turns * members);
    team.exit();
  });
  return result;
}

// The same with pthreads, which the kernel spreads over the same PUs. Their start and end are not counted.
template <class Operation>
double crowd_of_threads(int members, const std::vector<int> &pus, Operation operation) {
  const int turns = crowd_operations / members;
  std::atomic<int> ready{0}, done{0};
  std::atomic<bool> go{false};
  std::atomic<uint64_t> end{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < members; ++i) {
    threads.emplace_back([&] {
      allow_on(pus);
      ++ready;
      while (!go) std::this_thread::yield();
      for (int turn = 0; turn < turns; ++turn) operation();
      if (++done == members) end = now_ns();
    });
  }
  while (ready < members) std::this_thread::yield();
  const uint64_t start = now_ns();
  go = true;
  for (auto &thread : threads) thread.join();
  return static_cast<double>(end - start) / (turns * members);
}

}  // namespace

int main() {
  lithe_topology_t topology;
  if (const int code = lithe_topology_get(&topology); code != 0) {
    std::fprintf(stderr, "%s %s\n", lithe_strerror(code), lithe_topology_problem());
    return 1;
  }
  const int pu = topology.places[0].pu_os;
  std::vector<int> pus;
  for (int i = 0; i < topology.harts; ++i) pus.push_back(topology.places[i].pu_os);
  Helper helper;
  const std::string no_fiber = fiber_unavailable();
  const std::string no_such = "Boost.Fiber has no such object.";

  static lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
  static lithe_mutex_t recursive = LITHE_RECURSIVE_MUTEX_INITIALIZER;
  static lithe_rwlock_t rwlock = LITHE_RWLOCK_INITIALIZER;
  static lithe_semaphore_t semaphore;
  static lithe_once_t once = LITHE_ONCE_INITIALIZER;
  static lithe_condvar_t condvar = LITHE_CONDVAR_INITIALIZER;
  static lithe_barrier_t barrier;
  static lithe_key_t key;
  static uint32_t word = 0;
  static std::atomic<uint32_t> kernel_word{0};
  lithe_semaphore_init(&semaphore, 1);
  lithe_barrier_init(&barrier, 1);
  expect("lithe_key_create", lithe_key_create(&key, nullptr));
  lithe_once_call(
      &once, [](void *) {}, nullptr);

  static pthread_mutex_t p_mutex = PTHREAD_MUTEX_INITIALIZER;
  static pthread_mutex_t p_recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
  static pthread_rwlock_t p_rwlock = PTHREAD_RWLOCK_INITIALIZER;
  static sem_t p_semaphore;
  static pthread_once_t p_once = PTHREAD_ONCE_INIT;
  static pthread_cond_t p_condvar = PTHREAD_COND_INITIALIZER;
  static pthread_barrier_t p_barrier;
  static pthread_key_t p_key;
  sem_init(&p_semaphore, 0, 1);
  pthread_barrier_init(&p_barrier, nullptr, 1);
  pthread_key_create(&p_key, nullptr);
  pthread_once(&p_once, [] {});

  Program program;
  program.facts = {{"compiler", std::string("g++ ") + __VERSION__},
                   {"harts", std::to_string(topology.harts)},
                   {"quota", topology.quota > 0 ? std::to_string(topology.quota) : "none"}};
  program.probe = topology.harts > 1 && !topology.is_virtual
                      ? std::function<double()>([&] { return ping_pong_ns(helper, pus[0], pus[1]); })
                      : nullptr;

  const auto uncontended = [&](const char *name, const char *what, auto ours, auto theirs, FiberSample fiber) {
    program.measurements.push_back(
        {name,
         what,
         "pthread",
         false,
         {{"lithe", "in a context, on a hart", [=] { return on_a_hart(ours); }, ""},
          {"pthread", "in a thread", [=] { return on_a_thread(pu, theirs); }, ""},
          {"boost_fiber", "in a fiber", [=] { return fiber ? fiber(pu) : 0; }, fiber ? no_fiber : no_such}}});
  };
  uncontended(
      "mutex", "lock and unlock a free mutex", [] { lithe_mutex_lock(&mutex), lithe_mutex_unlock(&mutex); },
      [] { pthread_mutex_lock(&p_mutex), pthread_mutex_unlock(&p_mutex); }, fiber_mutex);
  uncontended(
      "recursive_mutex", "lock and unlock a free recursive mutex",
      [] { lithe_mutex_lock(&recursive), lithe_mutex_unlock(&recursive); },
      [] { pthread_mutex_lock(&p_recursive), pthread_mutex_unlock(&p_recursive); }, fiber_recursive_mutex);
  uncontended(
      "rwlock_read", "lock a free rwlock for reading and unlock it",
      [] { lithe_rwlock_rdlock(&rwlock), lithe_rwlock_unlock(&rwlock); },
      [] { pthread_rwlock_rdlock(&p_rwlock), pthread_rwlock_unlock(&p_rwlock); }, nullptr);
  uncontended(
      "rwlock_write", "lock a free rwlock for writing and unlock it",
      [] { lithe_rwlock_wrlock(&rwlock), lithe_rwlock_unlock(&rwlock); },
      [] { pthread_rwlock_wrlock(&p_rwlock), pthread_rwlock_unlock(&p_rwlock); }, nullptr);
  uncontended(
      "semaphore", "take a unit that is there and post it",
      [] { lithe_semaphore_wait(&semaphore), lithe_semaphore_post(&semaphore); },
      [] { sem_wait(&p_semaphore), sem_post(&p_semaphore); }, nullptr);
  uncontended(
      "condvar_signal", "signal a condition variable that nobody waits for", [] { lithe_condvar_signal(&condvar); },
      [] { pthread_cond_signal(&p_condvar); }, fiber_condvar_signal);
  uncontended(
      "barrier_alone", "pass a barrier of one party", [] { lithe_barrier_wait(&barrier); },
      [] { pthread_barrier_wait(&p_barrier); }, fiber_barrier_alone);
  uncontended(
      "once", "call what has been done",
      [] {
        lithe_once_call(
            &once, [](void *) {}, nullptr);
      },
      [] { pthread_once(&p_once, [] {}); }, nullptr);
  uncontended(
      "key", "set and get a context-local value",
      [] {
        lithe_key_set(key, &key);
        asm volatile("" : : "r"(lithe_key_get(key)));
      },
      [] {
        pthread_setspecific(p_key, &key);
        asm volatile("" : : "r"(pthread_getspecific(p_key)));
      },
      nullptr);
  uncontended(
      "futex_wake", "wake nobody", [] { lithe_futex_wake(&word, 1); }, [] { futex_wake(kernel_word); }, nullptr);

  for (int members : {2, 4, 16}) {
    const std::string suffix = "_" + std::to_string(members);
    const auto contended = [&](const char *name, const std::string &what, auto ours, auto theirs,
                               std::function<double()> fiber) {
      program.measurements.push_back(
          {name + suffix,
           std::to_string(members) + " " + what,
           "pthread",
           true,
           {{"lithe", "contexts on all harts", [=] { return crowd_of_contexts(members, ours); }, ""},
            {"pthread", "threads on the same PUs", [=] { return crowd_of_threads(members, pus, theirs); }, ""},
            {"boost_fiber", "fibers on one thread", fiber ? fiber : [] { return 0.0; }, fiber ? no_fiber : no_such}}});
    };
    contended(
        "mutex", "take turns at a mutex, with work inside and outside",
        [] {
          lithe_mutex_lock(&mutex);
          work();
          lithe_mutex_unlock(&mutex);
          work();
        },
        [] {
          pthread_mutex_lock(&p_mutex);
          work();
          pthread_mutex_unlock(&p_mutex);
          work();
        },
        nullptr);
    contended(
        "rwlock", "share a rwlock, one operation in eight a write",
        [] {
          thread_local unsigned turn = 0;
          const bool writes = (++turn & 7) == 0;
          writes ? lithe_rwlock_wrlock(&rwlock) : lithe_rwlock_rdlock(&rwlock);
          work();
          lithe_rwlock_unlock(&rwlock);
          work();
        },
        [] {
          thread_local unsigned turn = 0;
          const bool writes = (++turn & 7) == 0;
          writes ? pthread_rwlock_wrlock(&p_rwlock) : pthread_rwlock_rdlock(&p_rwlock);
          work();
          pthread_rwlock_unlock(&p_rwlock);
          work();
        },
        nullptr);
    contended(
        "semaphore", "share one unit of a semaphore, with work inside and outside",
        [] {
          lithe_semaphore_wait(&semaphore);
          work();
          lithe_semaphore_post(&semaphore);
          work();
        },
        [] {
          sem_wait(&p_semaphore);
          work();
          sem_post(&p_semaphore);
          work();
        },
        nullptr);
    // As long as the program, as the others are.
    lithe_barrier_t *ours = new lithe_barrier_t;
    pthread_barrier_t *theirs = new pthread_barrier_t;
    lithe_barrier_init(ours, static_cast<unsigned>(members));
    pthread_barrier_init(theirs, nullptr, static_cast<unsigned>(members));
    contended(
        "barrier", "meet at a barrier (per arrival)", [ours] { lithe_barrier_wait(ours); },
        [theirs] { pthread_barrier_wait(theirs); }, [=] { return fiber_barrier(pu, members, crowd_operations); });
  }
  return serve(program);
}
