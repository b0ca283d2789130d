// How many harts are in use: lithe_set_harts, and what the monitor notices of the quota and the affinity mask.
//
// Each hart is wanted or not; the wanted ones are the first in locality order whose PUs may be used, as many as the limit
// says. A hart that is not wanted becomes `offline` as soon as nobody works on it: idle and lent ones at once, the
// others when they come back to the root, which they do at the next scheduling point after a slice (Root::is_owed). An
// offline hart is in no list and does not count as spare, so the invariant of requests (root.h) does not see it; when it
// is wanted again it becomes idle as any hart does, and demands are looked at.
#include <algorithm>

#include "lithe/error.h"
#include "lithe/hart.h"
#include "raw_lock.h"
#include "root.h"
#include "runtime.h"
#include "trace.h"

namespace lithe::core {

int Root::set_limit(int limit, const std::vector<bool> &excluded) {
  bool has_added = false;
  int wanted = 0;
  {
    Locked lock(&lock_);
    const int count = runtime_.hart_count();
    const auto may_use = [&](int i) { return excluded.empty() || !excluded[static_cast<size_t>(i)]; };
    int usable = 0;
    for (int i = 0; i < count; ++i) usable += may_use(i);
    const bool ignores_mask = usable == 0;  // a process that may use none of its PUs runs on others
    for (int i = 0; i < count; ++i) {
      Hart &hart = runtime_.harts()[i];
      const bool is_wanted = wanted < limit && (ignores_mask || may_use(i));
      wanted += is_wanted;
      hart.is_wanted.store(is_wanted, std::memory_order_relaxed);
      if (is_wanted && hart.is_offline) {
        hart.is_offline = false;
        --offline_;
        push_idle(&hart);
        has_added = true;
      }
    }
    for (Hart **link = &idle_; *link;) {
      if ((*link)->is_wanted.load(std::memory_order_relaxed)) {
        link = &(*link)->idle_next;
      } else {
        put_offline(unlink_idle(link));
      }
    }
    for (lithe_context_t *lender = lenders_, *next; lender; lender = next) {
      next = lender->next;
      Hart *hart = inside(lender)->lent;
      if (hart->is_wanted.load(std::memory_order_relaxed)) continue;
      unlink_lender(inside(lender));
      put_offline(hart);
    }
    limit_.store(wanted, std::memory_order_relaxed);
    note_contention();
  }
  if (has_added) dispatch();
  return wanted;
}

// A hart in no list whose carrier, if it had one, waits or goes on without it.
void Root::put_offline(Hart *hart) {
  hart->carrier.store(nullptr, std::memory_order_relaxed);
  hart->sched.store(&handle_.sched, std::memory_order_relaxed);
  hart->first.store(nullptr, std::memory_order_relaxed);
  hart->is_offline = true;
  ++offline_;
  Carrier *last = hart->last_carrier;
  if (last && last->is_waiting) last->mailbox.rest();
  trace(Event::park, hart, &handle_.sched);
}

}  // namespace lithe::core

using namespace lithe::core;

extern "C" {

int lithe_set_harts(int harts) {
  int code = 0;
  Runtime *current = runtime_start(code);
  if (!current) return code;
  if (harts < 1 || harts > current->hart_count()) return LITHE_EINVAL;
  current->limits().ask(harts);
  return 0;
}

int lithe_hart_limit(void) {
  int code = 0;
  Runtime *current = runtime_start(code);
  return current ? current->root().limit() : code;
}

}  // extern "C"
