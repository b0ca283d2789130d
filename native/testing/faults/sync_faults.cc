// Synchronisation and deadlines. What contexts of one operation wait for is given by the one that forked them, as many
// times as there are contexts.
#include "testing/faults/scenario.hpp"

namespace harts::testing {
namespace {

constexpr int contexts = 3;
constexpr uint64_t millisecond = 1'000'000;

bool is_refused(int code) { return code < 0 && code != LITHE_ETIMEDOUT; }

struct Mutex : Shared {
  lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
  lithe_condvar_t condvar = LITHE_CONDVAR_INITIALIZER;
  int arrived = 0;
  bool is_open = false;
};

const Scenario mutex("sync: mutex and condvar", Start::warm, [] {
  Mutex shared;
  in_contexts<Mutex>(
      shared, contexts,
      [](void *arg) {
        Mutex &mine = *static_cast<Mutex *>(arg);
        mine.codes.note(lithe_mutex_lock(&mine.mutex));
        ++mine.arrived;
        while (!mine.is_open) {
          const int code = lithe_condvar_wait(&mine.condvar, &mine.mutex);
          mine.codes.note(code);
          if (code != 0) break;
        }
        lithe_mutex_unlock(&mine.mutex);
      },
      [](Mutex &mine) {
        mine.codes.note(lithe_mutex_lock(&mine.mutex));
        while (mine.arrived < mine.forked) {
          lithe_mutex_unlock(&mine.mutex);
          lithe_context_yield();
          mine.codes.note(lithe_mutex_lock(&mine.mutex));
        }
        mine.is_open = true;
        mine.codes.note(lithe_condvar_broadcast(&mine.condvar));
        lithe_mutex_unlock(&mine.mutex);
      });
  shared.codes.note(lithe_condvar_destroy(&shared.condvar));
  shared.codes.note(lithe_mutex_destroy(&shared.mutex));
  return shared.codes.first();
});

int mutex_of_kind(int kind, int depth) {
  lithe_mutex_t mutex;
  Codes codes;
  codes.note(lithe_mutex_init_kind(&mutex, kind));
  int held = 0;
  for (int i = 0; i < depth; ++i) {
    const int code = lithe_mutex_lock(&mutex);
    codes.note(code);
    held += code == 0;
  }
  while (held-- > 0) codes.note(lithe_mutex_unlock(&mutex));
  codes.note(lithe_mutex_destroy(&mutex));
  return codes.first();
}

// The first thing that a thread does.
const Scenario recursive("sync: recursive mutex, by a stranger", Start::warm,
                         [] { return mutex_of_kind(LITHE_MUTEX_RECURSIVE, 2); });
const Scenario checked("sync: errorcheck mutex, by a stranger", Start::warm,
                       [] { return mutex_of_kind(LITHE_MUTEX_ERRORCHECK, 1); });

struct Rwlock : Shared {
  lithe_rwlock_t lock = LITHE_RWLOCK_INITIALIZER;
};

const Scenario rwlock("sync: rwlock", Start::warm, [] {
  Rwlock shared;
  in_contexts<Rwlock>(
      shared, contexts,
      [](void *arg) {
        Rwlock &mine = *static_cast<Rwlock *>(arg);
        for (int turn = 0; turn < 3; ++turn) {
          mine.codes.note(turn == 1 ? lithe_rwlock_wrlock(&mine.lock) : lithe_rwlock_rdlock(&mine.lock));
          lithe_context_yield();
          mine.codes.note(lithe_rwlock_unlock(&mine.lock));
        }
      },
      [](Rwlock &mine) {
        mine.codes.note(lithe_rwlock_wrlock(&mine.lock));
        lithe_context_yield();
        mine.codes.note(lithe_rwlock_unlock(&mine.lock));
      });
  shared.codes.note(lithe_rwlock_destroy(&shared.lock));
  return shared.codes.first();
});

struct Gate : Shared {
  lithe_latch_t latch;
  lithe_barrier_t barrier;
  lithe_semaphore_t semaphore;
};

// The latch opens when it is known how many there are for the barrier.
const Scenario barrier("sync: latch, barrier and semaphore", Start::warm, [] {
  Gate shared;
  lithe_latch_init(&shared.latch, 1);
  lithe_semaphore_init(&shared.semaphore, 0);
  in_contexts<Gate>(
      shared, contexts,
      [](void *arg) {
        Gate &mine = *static_cast<Gate *>(arg);
        mine.codes.note(lithe_latch_wait(&mine.latch));
        for (int round = 0; round < 3; ++round) mine.codes.note(lithe_barrier_wait(&mine.barrier));
        mine.codes.note(lithe_semaphore_wait(&mine.semaphore));
      },
      [](Gate &mine) {
        mine.codes.note(lithe_barrier_init(&mine.barrier, static_cast<unsigned>(mine.forked + 1)));
        mine.codes.note(lithe_latch_down(&mine.latch, 1));
        for (int round = 0; round < 3; ++round) mine.codes.note(lithe_barrier_wait(&mine.barrier));
        for (int i = 0; i < mine.forked; ++i) mine.codes.note(lithe_semaphore_post(&mine.semaphore));
      });
  if (shared.forked > 0) shared.codes.note(lithe_barrier_destroy(&shared.barrier));
  lithe_latch_destroy(&shared.latch);
  shared.codes.note(lithe_semaphore_destroy(&shared.semaphore));
  return shared.codes.first();
});

struct Once : Shared {
  lithe_once_t once = LITHE_ONCE_INITIALIZER;
  std::atomic<int> done{0};
};

const Scenario once("sync: once", Start::warm, []() -> int {
  Once shared;
  in_contexts<Once>(shared, contexts, [](void *arg) {
    Once &mine = *static_cast<Once *>(arg);
    const auto action = [](void *self) {
      for (int turn = 0; turn < 3; ++turn) lithe_context_yield();
      ++static_cast<Once *>(self)->done;
    };
    mine.codes.note(lithe_once_call(&mine.once, action, &mine));
  });
  if (shared.forked > 0 && shared.done != 1) return LITHE_EINVAL;
  shared.codes.note(lithe_once_destroy(&shared.once));
  return shared.codes.first();
});

struct Word : Shared {
  uint32_t word = 0;
};

const Scenario futex("sync: futex", Start::warm, [] {
  Word shared;
  in_contexts<Word>(
      shared, contexts,
      [](void *arg) {
        Word &mine = *static_cast<Word *>(arg);
        const int code = lithe_futex_wait(&mine.word, 0, LITHE_FOREVER);
        if (code != LITHE_EAGAIN) mine.codes.note(code);
      },
      [](Word &mine) {
        lithe_context_yield();
        std::atomic_ref<uint32_t>(mine.word).store(1);
        mine.codes.note(lithe_futex_wake(&mine.word, contexts));
      });
  return shared.codes.first();
});

// From the start, so that it is also the first deadline of the process.
int timed_out() {
  Codes codes;
  lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
  lithe_condvar_t condvar = LITHE_CONDVAR_INITIALIZER;
  lithe_rwlock_t rwlock = LITHE_RWLOCK_INITIALIZER;
  lithe_barrier_t barrier;
  lithe_semaphore_t semaphore;
  lithe_latch_t latch;
  const auto note = [&](int code) {
    if (is_refused(code)) codes.note(code);
  };
  lithe_barrier_init(&barrier, 2);
  lithe_semaphore_init(&semaphore, 0);
  lithe_latch_init(&latch, 1);
  note(lithe_sleep(millisecond));
  if (const int code = lithe_mutex_lock(&mutex); code == 0) {
    note(lithe_mutex_timedlock(&mutex, lithe_clock_after(millisecond)));
    note(lithe_condvar_timedwait(&condvar, &mutex, lithe_clock_after(millisecond)));
    lithe_mutex_unlock(&mutex);
  } else {
    note(code);
  }
  note(lithe_barrier_timedwait(&barrier, lithe_clock_after(millisecond)));
  note(lithe_semaphore_timedwait(&semaphore, lithe_clock_after(millisecond)));
  note(lithe_latch_timedwait(&latch, lithe_clock_after(millisecond)));
  if (const int code = lithe_rwlock_wrlock(&rwlock); code == 0) {
    note(lithe_rwlock_timedrdlock(&rwlock, lithe_clock_after(millisecond)));
    note(lithe_rwlock_timedwrlock(&rwlock, lithe_clock_after(millisecond)));
    note(lithe_rwlock_unlock(&rwlock));
  } else {
    note(code);
  }
  const uint32_t word = 0;
  note(lithe_futex_wait(&word, 0, lithe_clock_after(millisecond)));
  note(lithe_mutex_destroy(&mutex));
  note(lithe_condvar_destroy(&condvar));
  note(lithe_barrier_destroy(&barrier));
  note(lithe_semaphore_destroy(&semaphore));
  note(lithe_latch_down(&latch, 1));
  note(lithe_latch_destroy(&latch));
  note(lithe_rwlock_destroy(&rwlock));
  return codes.first();
}

const Scenario deadlines("sync: deadlines, by a stranger, from the start", Start::cold, timed_out);

const Scenario deadlines_of_contexts("sync: deadlines, by contexts, from the start", Start::cold, [] {
  Shared shared;
  return in_contexts(shared, 2, [](void *arg) { static_cast<Shared *>(arg)->codes.note(timed_out()); });
});

const Scenario deadlines_again("sync: deadlines, by contexts", Start::warm, [] {
  Shared shared;
  return in_contexts(shared, 2, [](void *arg) { static_cast<Shared *>(arg)->codes.note(timed_out()); });
});

struct Keys : Shared {
  lithe_key_t keys[20];
};

const Scenario keys("keys", Start::warm, [] {
  Keys shared;
  int made = 0;
  for (lithe_key_t &key : shared.keys) {
    const int code = lithe_key_create(&key, [](void *) {});
    shared.codes.note(code);
    made += code == 0;
  }
  const auto set_all = [](void *arg) {
    Keys &mine = *static_cast<Keys *>(arg);
    for (const lithe_key_t &key : mine.keys) {
      const int code = lithe_key_set(key, arg);
      mine.codes.note(code);
      if (lithe_key_get(key) != (code == 0 ? arg : nullptr)) mine.codes.note(LITHE_EPERM);
    }
  };
  set_all(&shared);
  in_contexts<Keys>(shared, contexts, set_all);
  for (int i = 0; i < made; ++i) shared.codes.note(lithe_key_delete(shared.keys[i]));
  return shared.codes.first();
});

}  // namespace
}  // namespace harts::testing
