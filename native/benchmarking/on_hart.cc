#include "benchmarking/on_hart.h"

#include <cstdio>
#include <cstdlib>

#include "benchmarking/threads.h"

namespace harts::bench {
namespace {

Line &of(lithe_sched_t *sched) { return *reinterpret_cast<Line *>(sched); }

constexpr lithe_sched_funcs_t line_funcs = [] {
  lithe_sched_funcs_t funcs = quiet_funcs;
  funcs.hart_enter = [](lithe_sched_t *self) {
    Line &line = of(self);
    lithe_context_t *context = line.head;
    if (!context) return lithe_hart_yield();
    line.head = context->next;
    return lithe_context_run(context);
  };
  funcs.context_unblock = [](lithe_sched_t *self, lithe_context_t *context) { of(self).push(context); };
  funcs.context_yield = [](lithe_sched_t *self, lithe_context_t *context) { of(self).push(context); };
  return funcs;
}();

}  // namespace

void expect(const char *call, int code) {
  if (code >= 0) return;
  std::fprintf(stderr, "%s failed: %s\n", call, lithe_strerror(code));
  std::exit(1);
}

Line::Line() { expect("lithe_sched_init", lithe_sched_init(&sched, &line_funcs, "line")); }

void Line::push(lithe_context_t *context) {
  context->next = nullptr;
  (head ? tail->next : head) = context;
  tail = context;
}

void Line::spawn(void (*start)(void *), void *arg) {
  lithe_context_t *context;
  expect("lithe_context_create", lithe_context_create(&context, nullptr, &sched, start, arg));
  push(context);
}

int on_hart(const std::function<void()> &work) {
  struct Call {
    const std::function<void()> &work;
    int hart;
    std::atomic<uint32_t> done;
  } call{work, 0, 0};
  const auto run = [](void *argument) {
    Call &self = *static_cast<Call *>(argument);
    self.work();
    self.hart = lithe_hart_self();
    std::atomic<uint32_t> &done = self.done;
    done.store(1, std::memory_order_release);
    futex_wake(done);  // uses the address only; `call` may be gone
  };
  lithe_context_t *context;
  expect("lithe_context_create", lithe_context_create(&context, nullptr, nullptr, run, &call));
  expect("lithe_context_unblock", lithe_context_unblock(context));
  while (call.done.load(std::memory_order_acquire) == 0) futex_wait(call.done, 0);
  lithe_topology_t topology;
  expect("lithe_topology_get", lithe_topology_get(&topology));
  return topology.places[call.hart].pu_os;
}

}  // namespace harts::bench
