#include <cstdarg>
#include <cstdio>
#include <unistd.h>

#include "lithe/stats.h"
#include "runtime.h"

using namespace lithe::core;

namespace {

const char *name_of(ContextState state) {
  switch (state) {
    case ContextState::pooled:
      return "pooled";
    case ContextState::created:
      return "created";
    case ContextState::ready:
      return "ready";
    case ContextState::running:
      return "running";
    case ContextState::blocked:
      return "blocked";
    case ContextState::away:
      return "in a blocking call";
    case ContextState::outside:
      return "outside";
  }
  return "?";
}

__attribute__((format(printf, 2, 3))) void line(int fd, const char *format, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  const int length = std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (length > 0) {
    [[maybe_unused]] const ssize_t written =
        write(fd, text, length < static_cast<int>(sizeof text) ? static_cast<size_t>(length) : sizeof text - 1);
  }
}

const char *name_of(lithe_sched_t *sched) { return sched ? sched->name : "-"; }

}  // namespace

extern "C" void lithe_dump(int fd) {
  Runtime *current = runtime_if_started();
  if (!current) {
    line(fd, "lithe: not started\n");
    return;
  }
  line(fd, "lithe: %d harts%s, %u carriers, %u contexts (%u pooled), %u guests\n", current->hart_count(),
       current->topology().is_virtual ? " (virtual)" : "", current->carriers.load(), current->contexts.load(),
       current->pool().count(), current->guests.load());
  for (int i = 0; i < current->hart_count(); ++i) {
    Hart &hart = current->harts()[i];
    Carrier *carrier = hart.carrier.load(std::memory_order_relaxed);
    line(fd, "  hart %d: pu %d scheduler %s carrier %d switches %llu\n", i, hart.place.pu_os,
         name_of(hart.sched.load(std::memory_order_relaxed)), carrier ? static_cast<int>(carrier->tid.load()) : 0,
         static_cast<unsigned long long>(hart.counters.context_switches.read()));
  }
  for (lithe_sched_t *child = current->root().first_child(); child; child = child->sibling_next) {
    line(fd, "  top-level scheduler %s %p: harts %ld demand %ld\n", child->name, static_cast<void *>(child),
         lithe_sched_harts(child), lithe_sched_demand(child));
  }
  current->each_context([&](Context *context) {
    const ContextState state = context->state.load(std::memory_order_relaxed);
    if (state == ContextState::pooled) return;
    line(fd, "  context %p: %s %s scheduler %s\n", static_cast<void *>(context),
         context->kind == ContextKind::guest ? "guest" : "donor", name_of(state), name_of(context->sched));
  });
}
