// Contexts, schedulers and guests.
#include <atomic>
#include <sys/wait.h>
#include <unistd.h>

#include "testing/fault_injection.hpp"
#include "testing/faults/scenario.hpp"

namespace harts::testing {
namespace {

void nothing(void *) {}

int make_and_end(const lithe_context_attr_t &attr) {
  lithe_context_t *context;
  const int code = lithe_context_create(&context, &attr, nullptr, nothing, nullptr);
  return code != 0 ? code : lithe_context_destroy(context);
}

const Scenario pooled("context: pooled", Start::warm, [] {
  lithe_context_pool_trim();
  return make_and_end({0, LITHE_CONTEXT_POOLED});
});
const Scenario fresh("context: fresh", Start::warm, [] { return make_and_end({0, LITHE_CONTEXT_FRESH}); });
const Scenario large("context: large stack", Start::warm, [] {
  return make_and_end({64u << 20, LITHE_CONTEXT_POOLED});
});

// Of the root scheduler, which runs it on a hart that may have no carrier.
const Scenario of_root("context: of the root scheduler", Start::warm, [] {
  static std::atomic<bool> has_run;
  has_run = false;
  lithe_context_t *context;
  if (const int code = lithe_context_create(
          &context, nullptr, nullptr, [](void *) { has_run = true; }, nullptr);
      code != 0) {
    return code;
  }
  if (const int code = lithe_context_unblock(context); code != 0) {
    lithe_context_destroy(context);
    return code;
  }
  while (!has_run) lithe_context_yield();
  return 0;
});

const Scenario forked("context: fork and join", Start::warm, [] {
  lithe_context_pool_trim();
  Shared shared;
  return in_contexts(shared, 6, [](void *) { lithe_context_yield(); });
});

const Scenario forked_fresh("context: fork and join, fresh", Start::warm, [] {
  Shared shared;
  const lithe_context_attr_t attr = {0, LITHE_CONTEXT_FRESH};
  return in_contexts<Shared>(
      shared, 4, [](void *) { lithe_context_yield(); }, nullptr, &attr);
});

int nested(int depth) {
  if (depth == 0) return 0;
  Shared shared;
  static constexpr void (*bodies[])(void *) = {nothing,
                                               [](void *arg) { static_cast<Shared *>(arg)->codes.note(nested(1)); },
                                               [](void *arg) { static_cast<Shared *>(arg)->codes.note(nested(2)); }};
  try {
    return in_contexts(shared, 2, bodies[depth - 1]);
  } catch (const std::bad_alloc &) {
    return LITHE_ENOMEM;
  }
}

const Scenario nest("scheduler: nested", Start::warm, [] {
  lithe_context_pool_trim();
  return nested(3);
});
const Scenario nest_cold("scheduler: nested, from the start", Start::cold, [] { return nested(3); });

struct Wake : Shared {
  std::atomic<lithe_context_t *> sleeper{nullptr};
};

const Scenario guest("guest: attach, block, detach", Start::warm, [] {
  Wake wake;
  return in_contexts<Wake>(
      wake, 1,
      [](void *arg) {
        Wake &mine = *static_cast<Wake *>(arg);
        lithe_context_t *sleeper;
        while ((sleeper = mine.sleeper.exchange(nullptr)) == nullptr) lithe_context_yield();
        mine.codes.note(lithe_context_unblock(sleeper));
      },
      [](Wake &mine) {
        if (mine.forked == 0) return;
        mine.codes.note(lithe_context_block(
            [](lithe_context_t *self, void *arg) { static_cast<Wake *>(arg)->sleeper = self; }, &mine));
      });
});

const Scenario outside("guest: block outside every scheduler", Start::warm, [] {
  return lithe_context_block([](lithe_context_t *self, void *) { lithe_context_unblock(self); }, nullptr);
});

const Scenario blocking("blocking sections", Start::warm, [] {
  lithe_context_pool_trim();
  Shared shared;
  return in_contexts<Shared>(
      shared, 3,
      [](void *arg) {
        static_cast<Shared *>(arg)->codes.note(lithe_blocking_call([](void *) { usleep(100); }, nullptr));
      },
      [](Shared &mine) { mine.codes.note(lithe_blocking_call([](void *) { usleep(100); }, nullptr)); });
});

const Scenario fork_child("fork child", Start::warm, [] {
  Shared shared;
  if (const int code = in_contexts(shared, 1, nothing); code != 0) return code;
  const pid_t child = fork();
  if (child == 0) {
    alarm(10);
    int code = nested(1);
    fail_nothing();
    if (code != 0 && nested(1) != 0) code = 1;
    _exit(-code);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return 1;
  return -WEXITSTATUS(status);
});

}  // namespace
}  // namespace harts::testing
