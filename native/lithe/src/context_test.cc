// The calls on contexts: making, running, suspending, ending. What belongs to a context as a thread is in identity_test.cc.
#include "lithe/context.h"

#include <alloca.h>
#include <atomic>
#include <cstdint>
#include <doctest/doctest.h>
#include <memory>
#include <thread>
#include <vector>

#include "lithe/lithe.hpp"
#include "testing/crowd.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

void nothing(void *) {}

TEST_CASE("context: create refuses bad arguments and says which kind of failure it was") {
  lithe_context_t *context = nullptr;
  CHECK(lithe_context_create(nullptr, nullptr, nullptr, nothing, nullptr) == LITHE_EINVAL);
  CHECK(lithe_context_create(&context, nullptr, nullptr, nullptr, nullptr) == LITHE_EINVAL);
  const lithe_context_attr_t strange{0, 7};
  CHECK(lithe_context_create(&context, &strange, nullptr, nothing, nullptr) == LITHE_EINVAL);
  const lithe_context_attr_t tiny{1, LITHE_CONTEXT_POOLED};
  CHECK(lithe_context_create(&context, &tiny, nullptr, nothing, nullptr) == LITHE_EINVAL);
  const lithe_context_attr_t wraps{SIZE_MAX, LITHE_CONTEXT_POOLED};
  CHECK(lithe_context_create(&context, &wraps, nullptr, nothing, nullptr) == LITHE_EINVAL);
  const lithe_context_attr_t huge{SIZE_MAX / 4, LITHE_CONTEXT_POOLED};
  const int code = lithe_context_create(&context, &huge, nullptr, nothing, nullptr);
  CHECK((code == LITHE_ENOMEM || code == LITHE_EAGAIN || code == LITHE_EINVAL));
  CHECK(context == nullptr);
}

TEST_CASE("context: one that never ran can be destroyed and leaves nothing behind") {
  lithe_context_pool_trim();
  lithe_stats_t before, after;
  lithe_context_self();
  lithe_stats_get(&before);
  for (const int identity : {LITHE_CONTEXT_POOLED, LITHE_CONTEXT_FRESH}) {
    const lithe_context_attr_t attr{0, identity};
    for (int i = 0; i < 20; ++i) {
      lithe_context_t *context = nullptr;
      REQUIRE(lithe_context_create(&context, &attr, nullptr, nothing, nullptr) == 0);
      CHECK(context->user == nullptr);
      CHECK(lithe_context_destroy(context) == 0);
    }
  }
  // Threads of fresh contexts are not joined; they leave in their own time.
  do lithe_stats_get(&after);
  while (after.contexts > before.contexts);
  CHECK(after.contexts == before.contexts);
}

TEST_CASE("context: one that runs or is a guest cannot be destroyed") {
  CHECK(lithe_context_destroy(nullptr) == LITHE_EINVAL);
  CHECK(lithe_context_destroy(lithe_context_self()) == LITHE_EBUSY);
  std::atomic<int> code{0};
  each_context(1, [&](int) { code = lithe_context_destroy(lithe_context_self()); });
  CHECK(code == LITHE_EBUSY);
}

TEST_CASE("context: null handles are refused") {
  CHECK(lithe_context_unblock(nullptr) == LITHE_EINVAL);
  CHECK(lithe_context_move(nullptr, nullptr) == LITHE_EINVAL);
  CHECK(lithe_context_move(lithe_context_self(), nullptr) == LITHE_EINVAL);
}

TEST_CASE("context: a thousand are live at once") {
  constexpr int count = under_tsan ? 200 : 1000;  // ThreadSanitizer's own cost for a thread is high
  lithe_barrier_t everybody;
  REQUIRE(lithe_barrier_init(&everybody, count) == 0);
  std::vector<int> seen(count, 0);
  int serial = 0;
  const int failed = each_context(count, [&](int i) {
    volatile int on_own_stack = i;
    if (lithe_barrier_wait(&everybody) == 1) ++serial;
    seen[static_cast<std::size_t>(i)] = on_own_stack + 1;
  });
  REQUIRE(failed == 0);
  int wrong = 0;
  for (int i = 0; i < count; ++i) wrong += seen[static_cast<std::size_t>(i)] != i + 1;
  CHECK(wrong == 0);
  CHECK(serial == 1);
  CHECK(lithe_barrier_destroy(&everybody) == 0);
  // A thousand sleeping threads are of no use to the cases that follow.
  CHECK(lithe_context_pool_trim() > 0);
}

TEST_CASE("context: lithe_context_exit ends a context from deep frames and nobody else") {
  CHECK(lithe_context_exit() == LITHE_EPERM);
  struct Deep {
    static int down(int levels) {
      if (levels < 0) return lithe_context_exit();
      volatile int frame = down(levels - 1);
      return frame + 1;
    }
  };
  std::atomic<int> before{0}, after{0};
  each_context(50, [&](int i) {
    ++before;
    lithe_context_yield();
    Deep::down(i);
    ++after;
  });
  CHECK(before == 50);
  CHECK(after == 0);
}

TEST_CASE("context: stacks are as large as asked for") {
  struct Stack {
    static std::size_t fill(std::size_t bytes) {
      volatile char *memory = static_cast<volatile char *>(alloca(bytes));
      for (std::size_t i = 0; i < bytes; i += 4096) memory[i] = 1;
      lithe_context_yield();
      std::size_t sum = 0;
      for (std::size_t i = 0; i < bytes; i += 4096) sum += static_cast<std::size_t>(memory[i]);
      return sum;
    }
  };
  for (const std::size_t size : {std::size_t{256} << 10, std::size_t{1} << 20, std::size_t{8} << 20}) {
    // A thread's TLS lies in its stack; that of AddressSanitizer is large, and that of ThreadSanitizer nearly a megabyte.
    if (size < (under_tsan ? std::size_t{8} << 20 : under_asan ? std::size_t{1} << 20 : 0)) continue;
    const lithe_context_attr_t attr{size, LITHE_CONTEXT_POOLED};
    const std::size_t used = sanitized ? size / 4 : size / 4 * 3;
    std::atomic<std::size_t> pages{0};
    REQUIRE(each_context(
                4, [&](int) { pages += Stack::fill(used); }, &attr) == 0);
    CHECK(pages == 4 * (used / 4096));
  }
}

TEST_CASE("context: calls that suspend are refused inside callbacks") {
  struct Curious : lithe::Scheduler {
    Curious() : Scheduler("curious") {}
    lithe::Decision hart_enter() override {
      if (lithe_context_t *context = ready.exchange(nullptr)) return lithe::Decision::run(context);
      return lithe::Decision::yield();
    }
    void context_unblock(lithe_context_t *context) override {
      request(1);
      ready = context;
    }
    void context_yield(lithe_context_t *context) override {
      lithe::Scheduler *other = this;
      codes[0] = lithe_context_block(nullptr, nullptr);
      codes[1] = lithe_context_yield();
      codes[2] = lithe_context_exit();
      codes[3] = lithe_sched_enter(nested);
      codes[4] = lithe_sched_exit();
      is_scheduler = lithe_sched_self() == other->c();
      hart = lithe_hart_self();
      ready = context;
    }
    std::atomic<lithe_context_t *> ready{nullptr};
    int codes[5] = {};
    int hart = -1;
    bool is_scheduler = false;
    lithe_sched_t *nested = nullptr;
  };
  Curious scheduler, nested;
  scheduler.nested = nested.c();
  scheduler.enter();
  lithe_context_yield();
  scheduler.exit();
  for (const int code : scheduler.codes) CHECK(code == LITHE_EPERM);
  CHECK(scheduler.is_scheduler);
  CHECK(scheduler.hart >= 0);
}

TEST_CASE("context: outside every scheduler a yield returns and there is no hart") {
  CHECK(lithe_context_yield() == 0);
  CHECK(lithe_hart_self() == -1);
  CHECK(lithe_sched_self() == nullptr);
}

TEST_CASE("context: an unblock from inside publish is not lost") {
  std::atomic<int> resumed{0};
  const auto at_once = [](lithe_context_t *self, void *) { lithe_context_unblock(self); };
  const int turns = rounds(500);
  each_context(8, [&](int) {
    for (int i = 0; i < turns; ++i) {
      lithe_context_block(at_once, nullptr);
      ++resumed;
    }
  });
  CHECK(resumed == 8 * turns);
  // The same for a thread without a hart.
  for (int i = 0; i < turns; ++i) lithe_context_block(at_once, nullptr);
}

// Hands blocked contexts to another thread, which unblocks each the moment it is known: often before it is safe to resume.
class Hasty {
 public:
  Hasty() : thread_([this] { work(); }) {}
  ~Hasty() {
    over_ = true;
    thread_.join();
  }
  /* `which` tells the callers that block at the same time apart. */
  void block(int which) {
    lithe_context_block([](lithe_context_t *self, void *slot) { static_cast<Slot *>(slot)->store(self); },
                        &slots_[which]);
  }

 private:
  using Slot = std::atomic<lithe_context_t *>;
  void work() {
    while (!over_) {
      for (Slot &slot : slots_) {
        if (lithe_context_t *context = slot.exchange(nullptr)) lithe_context_unblock(context);
      }
    }
  }
  Slot slots_[4] = {};
  std::atomic<bool> over_{false};
  std::thread thread_;
};

TEST_CASE("context: an unblock before it is safe to resume is harmless") {
  Hasty hasty;
  std::atomic<int> resumed{0};
  const int turns = rounds(1000);
  each_context(4, [&](int which) {
    for (int i = 0; i < turns; ++i) {
      hasty.block(which);
      ++resumed;
    }
  });
  CHECK(resumed == 4 * turns);
}

TEST_CASE("context: an early unblock is harmless for guests inside and outside schedulers") {
  Hasty hasty;
  const int turns = rounds(1000);
  for (int i = 0; i < turns; ++i) hasty.block(0);
  Shuffle scheduler;
  scheduler.enter();
  for (int i = 0; i < turns; ++i) hasty.block(0);
  scheduler.exit();
  CHECK(lithe_hart_self() == -1);
}

TEST_CASE("context: a blocked one can be moved to another scheduler and ends there") {
  struct Traveller {
    lithe_semaphore_t arrived, go;
    std::atomic<lithe_context_t *> self{nullptr};
    lithe_sched_t *home = nullptr, *abroad = nullptr;
  } traveller;
  lithe_semaphore_init(&traveller.arrived, 0);
  Shuffle outer(1, "outer");
  outer.enter();
  Shuffle inner(2, "inner");
  inner.enter();
  lithe_context_t *context;
  REQUIRE(lithe_context_create(
              &context, nullptr, outer.c(),
              [](void *argument) {
                Traveller &me = *static_cast<Traveller *>(argument);
                me.abroad = lithe_sched_self();
                lithe_semaphore_post(&me.arrived);
              },
              &traveller) == 0);
  CHECK(lithe_context_move(context, inner.c()) == 0);
  CHECK(context->sched == inner.c());
  inner.adopt(context);
  lithe_semaphore_wait(&traveller.arrived);
  inner.join();
  inner.exit();
  outer.exit();
  CHECK(traveller.abroad == inner.c());
}

TEST_CASE("context: pooled threads are used again") {
  // Contexts are kept where they ended, and made where there may be none, so up to 64 for each kernel thread that carries
  // harts may come together; not 800.
  lithe_stats_t before, after;
  lithe_context_self();
  lithe_stats_get(&before);
  for (int i = 0; i < 100; ++i) each_context(8, [](int) {});
  lithe_stats_get(&after);
  CHECK(after.contexts <= before.contexts + 64 * (after.carriers + 1));
}

}  // namespace
