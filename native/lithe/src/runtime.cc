#include "runtime.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <pthread.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "dump_signal.h"
#include "identity.h"
#include "keep_errno.h"
#include "lithe/error.h"
#include "lithe/offload.h"
#include "park.h"
#include "raw_lock.h"
#include "stress.h"
#include "switch.h"
#include "trace.h"

namespace lithe::core {

std::atomic<Runtime *> current_runtime{nullptr};

namespace {

uint32_t start_lock = 0;
std::atomic<uint64_t> started_runtimes{0};
// Survives a fork: the child has the same machine, and its only thread may be pinned to a single PU of it.
Topology *machine = nullptr;
std::string *problem = nullptr;

void monitor_follow_environment(Runtime &made) {
  const auto says = [](const char *name, const char *value) {
    const char *text = std::getenv(name);
    return text && std::strcmp(text, value) == 0;
  };
  if (sanitizer::is_there || says("HARTS_MONITOR", "0")) made.monitor().turn_off();
  if (!says("HARTS_PREEMPT", "1")) return;
  if (made.monitor().is_off()) {
    std::fprintf(stderr, "harts: HARTS_PREEMPT=1 has no effect: the monitor is off\n");
  } else {
    made.monitor().set_quantum(Monitor::default_quantum_ns);
  }
}

void forget_in_child() {
  // Carriers and donors do not exist in the child. Their memory stays where it is: a context of the parent may be what
  // runs here.
  current_runtime.store(nullptr, std::memory_order_relaxed);
  start_lock = 0;
  trace_forget();
  identity_forget();
}

}  // namespace

Runtime::Runtime(const Topology &topology, SpinLimit spin_limit)
    : topology_(topology),
      harts_(new Hart[topology.places.size()]),
      root_(*this),
      monitor_(*this),
      limits_(*this),
      number_(started_runtimes.fetch_add(1, std::memory_order_relaxed) + 1),
      spin_limit_(spin_limit) {
  // Of the main thread: the caller may be pinned, in a forked child to the PU of a carrier.
  if (sched_getaffinity(getpid(), sizeof allowed_, &allowed_) != 0) CPU_ZERO(&allowed_);
  for (int i = 0; i < hart_count(); ++i) {
    harts_[i].number = i;
    harts_[i].place = topology_.places[static_cast<size_t>(i)];
    harts_[i].distances = topology_.distances_from(i);
    harts_[i].pu_index = static_cast<uint16_t>(topology_.pu_index(i));
    harts_[i].least_distance = static_cast<uint8_t>(topology_.least_distance(i));
  }
  // Pushed last to first, so that hart 0 is taken first.
  for (int i = hart_count() - 1; i >= 0; --i) root_.adopt(&harts_[i]);
  root_.set_limit(hart_count(), {});
  limits_.begin(topology_.is_virtual ? 0 : topology_.quota);
}

int Runtime::unpin(pthread_attr_t *attributes) const {
  if (!topology_.is_pinned || CPU_COUNT(&allowed_) == 0) return 0;
  return pthread_attr_setaffinity_np(attributes, sizeof allowed_, &allowed_);
}

bool Runtime::patiently(uint32_t *lock) {
  for (int turn = 0; turn < 10000; ++turn) {
    if (RawLock::try_take(lock)) return true;
    cpu_relax();
  }
  return false;
}

void Runtime::register_context(Context *context) {
  contexts.fetch_add(1, std::memory_order_relaxed);
  Locked lock(&contexts_lock_);
  context->all_next = contexts_;
  if (contexts_) contexts_->all_prev = context;
  contexts_ = context;
}

void Runtime::unregister_context(Context *context) {
  contexts.fetch_sub(1, std::memory_order_relaxed);
  Locked lock(&contexts_lock_);
  (context->all_prev ? context->all_prev->all_next : contexts_) = context->all_next;
  if (context->all_next) context->all_next->all_prev = context->all_prev;
}

void Runtime::register_carrier(Carrier *carrier) {
  Locked lock(&carriers_lock_);
  carrier->all_next = carriers_;
  carriers_ = carrier;
}

void Runtime::unregister_carrier(Carrier *carrier) {
  Locked lock(&carriers_lock_);
  for (Carrier **link = &carriers_; *link; link = &(*link)->all_next) {
    if (*link == carrier) {
      *link = carrier->all_next;
      return;
    }
  }
}

Runtime *runtime_start(int &code) {
  code = 0;
  if (Runtime *running = runtime_if_started()) return running;
  const KeepErrno keep;
  Locked lock(&start_lock);
  if (Runtime *running = runtime_if_started()) return running;
  try {
    if (!problem) problem = new std::string;
    if (!machine) {
      auto topology = std::make_unique<Topology>();
      code = read_topology(*topology, *problem);
      if (code != 0) return nullptr;
      problem->clear();
      lithe_switch_init(getauxval(AT_HWCAP2));
      if (const char *seed = std::getenv("LITHE_STRESS")) stress_seed = std::strtoull(seed, nullptr, 10);
      if ((code = identity_prepare()) != 0) return nullptr;
      // The last of what can fail: it cannot be undone.
      if (pthread_atfork(nullptr, nullptr, forget_in_child) != 0) {
        code = LITHE_ENOMEM;
        return nullptr;
      }
      machine = topology.release();
    }
    SpinLimit spin_limit;
    code = read_spin_environment({machine->may_spin() ? SpinLimit{}.most_ns : 0, false}, spin_limit, *problem);
    if (code != 0) return nullptr;
    Runtime *made = new Runtime(*machine, spin_limit);
    monitor_follow_environment(*made);
    current_runtime.store(made, std::memory_order_release);
    trace_follow_environment(*made);
    lock.drop();
    dump_signal_follow_environment();
    if (const char *wanted = std::getenv("HARTS_OFFLOAD"); wanted && std::strcmp(wanted, "1") == 0) {
      if (const int failure = lithe_offload_start(); failure != 0) {
        std::fprintf(stderr, "harts: HARTS_OFFLOAD=1 has no effect: %s\n", lithe_strerror(failure));
      }
    }
    return made;
  } catch (const std::bad_alloc &) {
    code = LITHE_ENOMEM;
    return nullptr;
  }
}

const char *runtime_problem() { return problem ? problem->c_str() : ""; }

}  // namespace lithe::core
