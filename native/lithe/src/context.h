// The inside of a context; the public face is lithe/context.h.
#pragma once

#include <atomic>
#include <csetjmp>
#include <cstdint>
#include <pthread.h>

#include "key_values.h"
#include "lithe/context.h"
#include "sanitizer.h"
#include "valgrind_stack.h"

namespace lithe::core {

struct Carrier;

enum class ContextKind : uint8_t {
  donor,    // a pthread made by the runtime, whose kernel thread sleeps while carriers run the context
  guest,    // a foreign thread: always resumed by its own kernel thread
  carrier,  // the identity under which a carrier's own stack runs; never scheduled
};

// For dumps only: written relaxed by whoever causes the event, so a reader may see it late.
enum class ContextState : uint8_t { pooled, created, ready, running, blocked, away, outside };

struct Context : lithe_context_t {
  void *sp = nullptr;  // saved stack pointer, valid while suspended
  void *tp = nullptr;  // thread pointer of the context's own thread; null for guests, whose TLS is never exchanged
  Carrier *carrier = nullptr;  // who runs the context now; written by that carrier before it resumes the context

  // 1 from the moment when the context has left its stack for good and `publish` has run, until it is resumed.
  // Written with release by the carrier that the context left, awaited with acquire by the one that resumes it: the
  // pair orders everything the context did before against everything after, on whichever hart.
  std::atomic<uint32_t> resumable{0};

  ContextKind kind;
  std::atomic<ContextState> state{ContextState::created};
  bool ran = false;
  // Monitor::looks() when its present scheduler ran it last; what it does in schedulers that it enters counts as its own.
  uint64_t resumed_look = 0;
  int identity = LITHE_CONTEXT_POOLED;
  void (*start)(void *) = nullptr;
  void *arg = nullptr;
  uint64_t flow = 0;  // stress.h

  // In a blocking section: how deep, and the scheduler to come back to. Touched by the context itself only.
  unsigned blocking_depth = 0;
  lithe_sched_t *blocking_sched = nullptr;
  KeyValues keys;  // touched by the context itself only
  // Above 0 nothing happens to the context between two of its instructions: it is neither switched out nor loses its
  // hart (lithe_preemption_disable). Touched by the context itself only, and by a signal's handler on it.
  std::atomic<unsigned> undisturbed{0};

  // Donors.
  size_t stack_size = 0;
  ValgrindStack known_stack;
  pthread_t thread{};
  jmp_buf base;                        // where lithe_context_exit leads: just outside the start function
  uint32_t parked = 0;                 // 1 once the kernel thread sleeps on its parking stack
  uint32_t wake = 0;                   // futex word: nonzero wakes the kernel thread, which then goes on as the context
  std::atomic<bool> is_ending{false};  // what it goes on to is its normal exit
  uint64_t runtime_number = 0;         // the runtime that made it; differs in a forked child
  alignas(16) unsigned char parking_stack[512];

  // Guests.
  struct Hart *lent = nullptr;        // the hart it kept when it left its outermost scheduler; under the root lock
  Carrier *home = nullptr;            // the guest's own kernel thread in its role as a carrier
  std::atomic<bool> is_ready{false};  // unblocked and not resumed yet: its home is worth waking for it
  uint32_t wake_word = 0;             // futex word while it waits without a hart

  // The list of all contexts, under Runtime::contexts_lock.
  Context *all_next = nullptr;
  Context *all_prev = nullptr;

  explicit Context(ContextKind which) : lithe_context_t{nullptr, nullptr, nullptr}, kind(which) {}
};

inline Context *inside(lithe_context_t *context) { return static_cast<Context *>(context); }
inline const Context *inside(const lithe_context_t *context) { return static_cast<const Context *>(context); }

// The identity of the calling flow of control. One pointer per *thread*, hence per context, since a context is a
// thread; on a carrier's own stack it is the carrier's identity. Null in a thread that has never called the runtime.
// The initial-exec model makes reading it one instruction; the pointer fits into the TLS surplus that glibc keeps for
// libraries loaded late.
extern constinit thread_local Context *self_pointer __attribute__((tls_model("initial-exec")));

}  // namespace lithe::core
