// The dump: what harts and contexts do, and the tree of schedulers that they are in.
//
// Lists of children belong to the schedulers, whose locks may be held for ever. So the tree is built from below: every
// entered scheduler has a context, at least the one that entered it, and a hart or a context knows its scheduler, which
// knows its parent. A scheduler may be left, and its memory go, while it is looked at; so each is copied (peek.h), and
// believed only if its parents lead to the root. Nothing is allocated; all loops are bounded.
#include <cstring>
#include <dlfcn.h>
#include <new>
#include <unistd.h>

#include "code_mark.h"
#include "keep_errno.h"
#include "lithe/stats.h"
#include "peek.h"
#include "runtime.h"
#include "text_out.h"

using namespace lithe::core;

namespace {

constexpr int most_schedulers = 128;
constexpr int deepest = 32;
constexpr int most_starts = 64;

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

// What a context was at one moment.
struct Seen {
  const lithe_sched_t *sched = nullptr;
  ContextKind kind = ContextKind::donor;
  ContextState state = ContextState::pooled;
  void (*start)(void *) = nullptr;
  int tid = 0;    // of a guest
  int hart = -1;  // while it runs
};

bool look_at(const Context *context, bool is_safe, Seen &seen) {
  alignas(Context) unsigned char copy[sizeof(Context)];
  if (is_safe) {
    copy_racily(copy, context, sizeof copy);
  } else if (!peek(copy, context, sizeof copy)) {
    return false;
  }
  const Context &at = *std::launder(reinterpret_cast<const Context *>(copy));
  seen.sched = at.sched;
  seen.kind = at.kind;
  seen.state = at.state.load(std::memory_order_relaxed);
  seen.start = at.start;
  const Carrier *carrier = nullptr;
  if (seen.kind == ContextKind::guest && at.home) peek(&seen.tid, &at.home->tid, sizeof seen.tid);
  if (seen.state == ContextState::running) carrier = at.carrier;
  const Hart *hart = nullptr;
  if (carrier && peek(&hart, &carrier->hart, sizeof hart) && hart) peek(&seen.hart, &hart->number, sizeof seen.hart);
  return true;
}

class Dump {
 public:
  Dump(Runtime &runtime, int fd) : runtime_(runtime), out_(fd) {}

  void write() {
    summary();
    find_schedulers();
    harts();
    tree(0, 1);
    outsiders();
    if (is_cut_) line("  (more schedulers than a dump has room for)\n");
    entry_points();
  }

 private:
  struct Node {
    const lithe_sched_t *sched;
    int parent;  // index in nodes_, -1 for the root
    long harts, demand;
    char name[64];
  };

  // Each line goes out at once: the next may never come.
  template <class... Arguments>
  void line(const char *format, Arguments... arguments) {
    out_.print(format, arguments...);
    out_.flush();
  }

  void summary() {
    line("lithe: %d harts%s, %u carriers, %u contexts (%u pooled), %u guests\n", runtime_.hart_count(),
         runtime_.topology().is_virtual ? " (virtual)" : "", runtime_.carriers.load(), runtime_.contexts.load(),
         runtime_.pool().count(), runtime_.guests.load());
  }

  void find_schedulers() {
    add(runtime_.root().sched(), -1);
    for (int i = 0; i < runtime_.hart_count(); ++i) {
      find(runtime_.harts()[i].sched.load(std::memory_order_relaxed));
    }
    runtime_.each_context([&](const Context *context, bool is_safe) {
      Seen seen;
      if (look_at(context, is_safe, seen) && seen.state != ContextState::pooled) find(seen.sched);
    });
  }

  int index_of(const lithe_sched_t *sched) const {
    for (int i = 0; i < count_; ++i) {
      if (nodes_[i].sched == sched) return i;
    }
    return -1;
  }

  // Makes a node of `sched` and of each scheduler above it, from the first that has one down.
  void find(const lithe_sched_t *sched) {
    const lithe_sched_t *chain[deepest];
    int length = 0;
    int parent = -1;
    for (; sched && (parent = index_of(sched)) < 0; ++length) {
      lithe_sched_t copy;
      if (length == deepest || !peek(&copy, sched, sizeof copy) || copy.internal.entered == 0) return;
      chain[length] = sched;
      sched = copy.parent;
    }
    if (parent < 0) return;
    while (length > 0 && parent >= 0) parent = add(chain[--length], parent);
  }

  int add(const lithe_sched_t *sched, int parent) {
    lithe_sched_t copy;
    if (!peek(&copy, sched, sizeof copy)) return -1;
    if (count_ == most_schedulers) {
      is_cut_ = true;
      return -1;
    }
    Node &node = nodes_[count_];
    node.sched = sched;
    node.parent = parent;
    node.harts = lithe_sched_harts(&copy);
    node.demand = lithe_sched_demand(&copy);
    peek_text(node.name, sizeof node.name, copy.name);
    return count_++;
  }

  void harts() {
    for (int i = 0; i < runtime_.hart_count(); ++i) {
      const Hart &hart = runtime_.harts()[i];
      const int node = index_of(hart.sched.load(std::memory_order_relaxed));
      int tid = 0;
      const Carrier *carrier = hart.carrier.load(std::memory_order_relaxed);
      if (carrier) peek(&tid, &carrier->tid, sizeof tid);
      line("  hart %d: pu %d scheduler %s carrier %d switches %llu\n", i, hart.place.pu_os,
           node < 0 ? "?" : nodes_[node].name, tid,
           static_cast<unsigned long long>(hart.counters.context_switches.read()));
    }
  }

  // A scheduler, its contexts, its children; no deeper than `deepest`, since find() takes no longer chain.
  void tree(int index, int depth) {
    const Node &node = nodes_[index];
    const void *address = node.sched;
    if (node.parent < 0) {
      line("%*sscheduler %s %p\n", 2 * depth, "", node.name, address);  // the root counts neither harts nor demand
    } else {
      line("%*sscheduler %s %p: harts %ld demand %ld\n", 2 * depth, "", node.name, address, node.harts, node.demand);
    }
    contexts([&](const Seen &seen) { return seen.sched == node.sched; }, depth + 1);
    for (int child = index + 1; child < count_; ++child) {
      if (nodes_[child].parent == index) tree(child, depth + 1);
    }
  }

  // Contexts of no scheduler, or of one that has no node.
  void outsiders() {
    contexts([&](const Seen &seen) { return index_of(seen.sched) < 0; }, 1);
  }

  template <class Filter>
  void contexts(Filter belongs, int depth) {
    runtime_.each_context([&](const Context *context, bool is_safe) {
      Seen seen;
      if (!look_at(context, is_safe, seen) || seen.state == ContextState::pooled || !belongs(seen)) return;
      out_.print("%*scontext %p: %s %s", 2 * depth, "", static_cast<const void *>(context),
                 seen.kind == ContextKind::guest ? "guest" : "donor", name_of(seen.state));
      if (seen.hart >= 0) out_.print(" on hart %d", seen.hart);
      if (seen.kind == ContextKind::guest) {
        out_.print(" thread %d", seen.tid);
      } else {
        out_.print(" start %p", reinterpret_cast<void *>(seen.start));
        note(seen.start);
      }
      line("\n");
    });
  }

  void note(void (*start)(void *)) {
    for (int i = 0; i < start_count_; ++i) {
      if (starts_[i] == start) return;
    }
    if (start_count_ < most_starts) starts_[start_count_++] = start;
  }

  // Last, because the dynamic linker has a lock: whoever is stuck in a dlopen must not keep the rest from being seen.
  void entry_points() {
    for (int i = 0; i < start_count_; ++i) {
      void *const address = reinterpret_cast<void *>(starts_[i]);
      Dl_info info;
      if (dladdr(address, &info) == 0 || !info.dli_fname) {
        line("  start %p: ?\n", address);
        continue;
      }
      const char *slash = std::strrchr(info.dli_fname, '/');
      const char *module = slash ? slash + 1 : info.dli_fname;
      if (info.dli_sname && info.dli_saddr == address) {
        line("  start %p: %s in %s\n", address, info.dli_sname, module);
      } else {
        line("  start %p: %s+%#zx\n", address, module,
             static_cast<size_t>(static_cast<char *>(address) - static_cast<char *>(info.dli_fbase)));
      }
    }
  }

  Runtime &runtime_;
  TextOut out_;
  int count_ = 0;
  int start_count_ = 0;
  bool is_cut_ = false;
  Node nodes_[most_schedulers];
  void (*starts_[most_starts])(void *);
};

}  // namespace

extern "C" void lithe_dump(int fd) {
  const RuntimeCode own;
  const KeepErrno keep;
  if (Runtime *current = runtime_if_started()) {
    Dump(*current, fd).write();
  } else {
    TextOut(fd).print("lithe: not started\n");
  }
}
