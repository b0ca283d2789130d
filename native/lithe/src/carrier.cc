#include "carrier.h"

#include <cerrno>
#include <csignal>
#include <new>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "code_mark.h"
#include "decision.h"
#include "donor.h"
#include "identity.h"
#include "keep_errno.h"
#include "lithe/error.h"
#include "offload.h"
#include "park.h"
#include "runtime.h"
#include "stress.h"
#include "switch.h"
#include "trace.h"

namespace lithe::core {
namespace {

constexpr size_t loop_stack_bytes = 256 * 1024;
constexpr size_t loop_guard_bytes = 64 * 1024;

// How many times in a row a hart may be yielded without having run a context before its carrier suspects that it is in
// somebody's way. A few are normal: through the levels of a nest of schedulers that end together.
constexpr unsigned patience = 16;

void pin(Carrier &carrier, int pu) {
  if (carrier.pinned_pu == pu) return;
  cpu_set_t *set = CPU_ALLOC(static_cast<size_t>(pu) + 1);
  if (!set) return;
  const size_t size = CPU_ALLOC_SIZE(static_cast<size_t>(pu) + 1);
  CPU_ZERO_S(size, set);
  CPU_SET_S(static_cast<size_t>(pu), size, set);
  const int saved = errno;
  // A mask that was narrowed since the start refuses the PU: the carrier then runs wherever the kernel lets it.
  if (sched_setaffinity(0, size, set) == 0) carrier.pinned_pu = pu;
  errno = saved;
  CPU_FREE(set);
}

void *carrier_main(void *argument) {
  Carrier *carrier = static_cast<Carrier *>(argument);
  self_pointer = &carrier->identity;
  carrier->tid.store(static_cast<pid_t>(syscall(SYS_gettid)), std::memory_order_relaxed);
  carrier->loop_tp = lithe_thread_pointer();
  carrier->identity.known_stack.enter_own();
  pthread_setname_np(pthread_self(), "lithe-carrier");
  offload_attach(carrier);
  carrier->loop();
}

// The first thing on a guest's loop stack: the guest has just left its own.
void loop_entry(void *argument) {
  Carrier *carrier = static_cast<Carrier *>(argument);
  carrier->fiber.after_entering_loop();
  carrier->arrive_in_loop();
  carrier->loop();
}

}  // namespace

sigset_t carrier_signal_mask() {
  sigset_t mask;
  sigfillset(&mask);
  for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT}) sigdelset(&mask, fault);
  sigdelset(&mask, interruption_signal);
  return mask;
}

int carrier_start(Hart *hart) {
  const KeepErrno keep;
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return LITHE_ENOMEM;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setguardsize(&attributes, loop_guard_bytes);
  Carrier *carrier = new (std::nothrow) Carrier;
  if (!carrier) {
    pthread_attr_destroy(&attributes);
    return LITHE_ENOMEM;
  }
  carrier->identity.carrier = carrier;
  Runtime &current = runtime();
  current.register_carrier(carrier);
  // The hart comes as mail, like any other later on. But it has no carrier until the thread is there and says so
  // (receive): nobody may take this mail back, because a thread that never comes could not be told.
  carrier->mailbox.send(hart);

  const sigset_t mask = carrier_signal_mask();
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, &mask, &before);
  pthread_t thread;
  const int failure = pthread_create(&thread, &attributes, carrier_main, carrier);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (failure != 0) {
    current.unregister_carrier(carrier);
    delete carrier;
    return failure == ENOMEM ? LITHE_ENOMEM : LITHE_EAGAIN;
  }
  current.carriers.fetch_add(1, std::memory_order_relaxed);
  return 0;
}

int carrier_prepare_loop_stack(Carrier *home) {
  if (home->loop_stack) return 0;
  const size_t size = loop_guard_bytes + loop_stack_bytes;
  void *memory = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) return LITHE_ENOMEM;
  char *bottom = static_cast<char *>(memory) + loop_guard_bytes;
  if (mprotect(bottom, loop_stack_bytes, PROT_READ | PROT_WRITE) != 0) {
    munmap(memory, size);
    return LITHE_ENOMEM;
  }
  offload_attach(home);
  home->loop_stack = memory;
  home->known_loop_stack.enter(bottom, bottom + loop_stack_bytes);
  home->guest->known_stack.enter_own();
  home->loop_stack_size = size;
  home->loop_sp = lithe_switch_prepare(static_cast<char *>(memory) + size, loop_entry, home);
  return 0;
}

void carrier_free_loop_stack(Carrier *home) {
  if (home->loop_stack) offload_detach();
  home->fiber.destroy();
  home->known_loop_stack.leave();
  home->guest->known_stack.leave();
  if (home->loop_stack) sanitizer::forget_stack(home->loop_stack, home->loop_stack_size);
  if (home->loop_stack) munmap(home->loop_stack, home->loop_stack_size);
  home->loop_stack = nullptr;
}

// How a context leaves, and why nothing goes wrong in between.
//
// A context that the runtime made (a donor) calls its scheduler on its own stack: context_block/yield/exit and `publish`,
// then hart_enter. If the answer is to run another donor that is ready, it switches straight to it; that is one switch
// instead of two. In all other cases (grant, yield, a guest, the root scheduler) it goes to the carrier's loop, taking
// the answer along. A guest always goes to the loop, which asks the scheduler there: its loop shares its TLS, so
// that switch is cheap anyway.
//
// The context is known to others, and may even be picked by another hart, before its stack is left. What protects it is
// `resumable`: it stays 0 until `arrive`, which runs on this kernel thread after the switch, sets it with release
// order; whoever resumes the context waits for it with acquire order. Nobody who still has a departure to complete ever
// waits for another context's flag (two contexts that pick each other would wait for ever): a donor whose successor is
// not resumable yet goes to the loop, and the loop waits after `arrive`.
void Carrier::leave(Context *context, Departure why, void (*make_known)(lithe_context_t *, void *), void *argument) {
  const int saved_errno = errno;  // callbacks run on this thread's TLS, before the switch or in a guest's loop
  Carrier *carrier = context->carrier;
  code_left(carrier);
  carrier->departed = context;
  carrier->departure = why;
  carrier->publish = make_known;
  carrier->publish_arg = argument;
  if (context->kind == ContextKind::guest) {
    enter_home_loop(context);
    errno = saved_errno;
    return;
  }
  // From the middle of anything, malloc perhaps, no callback may run on the context's TLS: the loop does it on its own.
  const bool is_sudden = why == Departure::preempted || why == Departure::offloaded;
  if (is_sudden || !carrier->leave_directly(context)) {
    void *const sp = carrier->loop_sp;
    void *const tp = carrier->loop_tp;
    sanitizer::release(carrier);
    lithe_switch(&context->sp, sp, tp);
  }
  sanitizer::acquire(context);
  // Resumed; by another context's thread perhaps, whose departure is then completed here. No carrier: told to end.
  if (context->carrier) context->carrier->arrive();
  errno = saved_errno;
  code_resumed(context);
}

// Same thread, same TLS, other stack: whoever asks there is the carrier.
void Carrier::enter_home_loop(Context *guest) {
  Carrier *home = guest->home;
  self_pointer = &home->identity;
  home->fiber.before_entering_loop(static_cast<char *>(home->loop_stack) + loop_guard_bytes, loop_stack_bytes);
  lithe_switch(&guest->sp, home->loop_sp, nullptr);
  guest->home->fiber.after_returning_to_guest();
  self_pointer = guest;
  code_resumed(guest);
}

void Carrier::part_from_hart(Context *guest) {
  Carrier *home = guest->home;
  code_left(home);
  Hart *own = home->hart.load(std::memory_order_relaxed);
  lithe_sched_t *sched = guest->sched;
  own->counters.blocks.add();
  trace(Event::block, home, guest);
  guest->state.store(ContextState::away, std::memory_order_relaxed);
  home->in_callback = true;
  sched->funcs->context_block(sched, guest);
  home->in_callback = false;
  guest->carrier = nullptr;
  home->hart.store(nullptr, std::memory_order_relaxed);
  runtime().root().pass_on(own);
}

void Carrier::come_home(Context *guest) {
  Carrier *home = guest->home;
  runtime().root().await_mail(home);
  home->departed = guest;
  home->departure = Departure::returning;
  enter_home_loop(guest);
}

// Returns false, with or without a pending decision, when the loop has to go on. True when the context goes on, at once
// or after having been away.
bool Carrier::leave_directly(Context *context) {
  lithe_sched_t *sched = context->sched;
  if (sched == runtime().root().sched()) return false;
  // The guest whose thread this is has got a hart and wants to come home: only the loop can let it.
  if (guest && guest_hart.load(std::memory_order_relaxed)) return false;
  if (slice_is_over() || stress_chance(8)) return false;
  in_callback = true;
  announce();
  // The context's own scheduler may not be the hart's: lithe_context_move. The hart stays where it is.
  Hart *own = hart.load(std::memory_order_relaxed);
  lithe_sched_t *current = own->sched.load(std::memory_order_relaxed);
  own->counters.decisions.add();
  trace(Event::hart_enter, own, current);
  pending = current->funcs->hart_enter(current);
  in_callback = false;
  has_pending = true;
  if (pending.kind != decision_run) return false;
  Context *next = inside(static_cast<lithe_context_t *>(pending.target));
  if (next == context) {
    // Unblocked already, or the only one that yields: it never left.
    has_pending = false;
    departed = nullptr;
    start_running(context);
    return true;
  }
  if (next->kind != ContextKind::donor || next->resumable.load(std::memory_order_acquire) == 0) return false;
  has_pending = false;
  next->resumable.store(0, std::memory_order_relaxed);
  start_running(next);
  sanitizer::acquire(next);
  void *const sp = next->sp;
  void *const tp = next->tp;
  sanitizer::release(next);
  lithe_switch(&context->sp, sp, tp);
  return true;
}

// Tells the scheduler, then the world, that the context leaves. Order as promised in lithe/context.h.
void Carrier::announce() {
  Context *context = departed;
  lithe_sched_t *sched = context->sched;
  switch (departure) {
    case Departure::blocked:
      hart.load(std::memory_order_relaxed)->counters.blocks.add();
      trace(Event::block, this, context);
      context->state.store(ContextState::blocked, std::memory_order_relaxed);
      sched->funcs->context_block(sched, context);
      stress_point();
      if (publish) publish(context, publish_arg);
      break;
    case Departure::preempted:
      hart.load(std::memory_order_relaxed)->counters.preemptions.add();
      if (runtime().root().is_contended()) slice_start = 1;  // the quantum was a slice, and more
      [[fallthrough]];
    case Departure::yielded:
      hart.load(std::memory_order_relaxed)->counters.context_yields.add();
      trace(Event::context_yield, this, context);
      context->state.store(ContextState::ready, std::memory_order_relaxed);
      sched->funcs->context_yield(sched, context);
      break;
    case Departure::ended:
      hart.load(std::memory_order_relaxed)->counters.context_exits.add();
      trace(Event::exit, this, context);
      sched->funcs->context_exit(sched, context);
      break;
    case Departure::offloaded:
      hart.load(std::memory_order_relaxed)->counters.blocks.add();
      trace(Event::block, this, context);
      context->state.store(ContextState::away, std::memory_order_relaxed);
      sched->funcs->context_block(sched, context);
      break;
    case Departure::returning:
      lithe_context_unblock(context);
      break;
  }
  stress_point();
}

void Carrier::arrive() {
  Context *context = departed;
  if (!context) return;
  departed = nullptr;
  context->carrier = nullptr;
  if (departure == Departure::offloaded) {
    donor_wake(context);
    return;
  }
  if (departure != Departure::ended) {
    context->resumable.store(1, std::memory_order_release);  // from here on it may be anywhere, or gone
    return;
  }
  context->resumable.store(1, std::memory_order_relaxed);
  if (context->identity == LITHE_CONTEXT_FRESH) {
    donor_end(context);
  } else {
    runtime().pool().put(this, context);
  }
}

// As `arrive`, on the loop's stack, where a departure that was not announced yet is announced first.
void Carrier::arrive_in_loop() {
  if (!departed) return;
  if (!has_pending) announce();
  arrive();
}

void Carrier::start_running(Context *context) {
  fruitless = 0;
  should_yield.store(false, std::memory_order_relaxed);
  context->carrier = this;
  context->ran = true;
  context->resumed_look = runtime().monitor().looks();
  context->state.store(ContextState::running, std::memory_order_relaxed);
  hart.load(std::memory_order_relaxed)->counters.context_switches.add();
  trace(Event::run, this, context);
}

void Carrier::resume(Context *context) {
  start_running(context);
  if (context->kind == ContextKind::guest) {
    context->is_ready.store(false, std::memory_order_relaxed);
    fiber.before_returning_to_guest();
    lithe_switch(&loop_sp, context->sp, nullptr);
    fiber.after_entering_loop();
  } else {
    void *const sp = context->sp;
    void *const tp = context->tp;
    sanitizer::release(context);
    lithe_switch(&loop_sp, sp, tp);
    sanitizer::acquire(this);
  }
  arrive_in_loop();
}

void Carrier::run(Context *context) {
  if (context->kind == ContextKind::guest && context->home != this) {
    hand_to_home(context);
    return;
  }
  // Early unblock: the context's last carrier is between `publish` and the flag, a few instructions long, unless the
  // kernel has descheduled it; then there is nothing better to do with this hart's PU than to let it finish.
  for (int turn = 0; context->resumable.load(std::memory_order_acquire) == 0; ++turn) {
    if (turn < 256) {
      cpu_relax();
    } else {
      sched_yield();
    }
  }
  sanitizer::acquire(
      context);  // the first time, the flag was set by the assembly of lithe_park, which TSan does not see
  context->resumable.store(0, std::memory_order_relaxed);
  resume(context);
}

void Carrier::hand_to_home(Context *guest_context) {
  Hart *own = hart.load(std::memory_order_relaxed);
  own->counters.handoffs.add();
  trace(Event::handoff, this, guest_context);
  runtime().root().hand_over(this, guest_context);
}

void Carrier::grant(lithe_sched_t *child) {
  Hart *own = hart.load(std::memory_order_relaxed);
  own->counters.grants.add();
  trace(Event::grant, own, child);
  own->sched.store(child, std::memory_order_relaxed);
}

void Carrier::yield_hart() {
  Hart *own = hart.load(std::memory_order_relaxed);
  lithe_sched_t *child = own->sched.load(std::memory_order_relaxed);
  lithe_sched_t *parent = child->parent;
  if (parent == runtime().root().sched()) Root::charge(child, own);
  sched_note_return(child);
  parent->funcs->hart_return(parent, child);
  own->counters.yields.add();
  trace(Event::yield, own, child);
  own->sched.store(parent, std::memory_order_relaxed);
  stress_point();
  if (parent == runtime().root().sched()) {
    runtime().root().take_from(child, own);
  } else {
    sched_drop_hart(child);
  }
}

Hart *Carrier::await_mail(bool &was_woken) {
  Runtime &current = runtime();
  Mailbox::Wait wait;
  Hart *arrived = mailbox.wait(idle_spin.length_ns(current.spin_limit(), current.wake_cost().ns()), wait);
  idle_spin.note(wait.length_ns);
  if (wait.wake_cost_ns > 0) current.wake_cost().note(wait.wake_cost_ns);
  if (wait.has_slept) arrived->counters.parks.add();
  was_woken = wait.has_slept || is_new;
  is_new = false;
  return arrived;
}

void Carrier::receive(Hart *arrived) {
  hart.store(arrived, std::memory_order_relaxed);
  arrived->carrier.store(this, std::memory_order_relaxed);
  trace(Event::wake, arrived, arrived->sched.load(std::memory_order_relaxed));
  if (!guest && runtime().topology().is_pinned) pin(*this, arrived->place.pu_os);
}

void Carrier::act(const lithe_decision_t &decision) {
  switch (decision.kind) {
    case decision_run:
      run(inside(static_cast<lithe_context_t *>(decision.target)));
      break;
    case decision_grant:
      grant(static_cast<lithe_sched_t *>(decision.target));
      break;
    default:
      yield_hart();
      // Sent round again and again without finding anything: somebody has asked for the hart and not queued yet what it
      // is for, and may be waiting for this very processor.
      if (++fruitless > patience) sched_yield();
      break;
  }
}

void Carrier::loop() {
  Root &root = runtime().root();
  for (;;) {
    stress_point();
    if (has_pending) {
      has_pending = false;
      act(pending);
      continue;
    }
    Hart *own = hart.load(std::memory_order_relaxed);
    bool was_woken = false;
    Hart *arrived = guest ? guest_hart.exchange(nullptr, std::memory_order_acquire) : nullptr;
    if (arrived) {
      if (own) root.pass_on(own);
    } else if (!own) {
      arrived = await_mail(was_woken);
    }
    if (arrived) {
      fruitless = 0;
      slice_start = 0;
      receive(arrived);
      if (was_woken) root.wake_more();
      if (Context *first = arrived->first.exchange(Hart::taken(), std::memory_order_acquire)) run(first);
      continue;  // from the top: a guest's hart may have arrived meanwhile, and comes first
    }
    lithe_sched_t *sched = own->sched.load(std::memory_order_relaxed);
    if (sched == root.sched()) {
      lithe_context_t *context = nullptr;
      if (root.next(this, &context) && context) run(inside(context));
      continue;
    }
    if (slice_is_over()) {
      slice_start = 0;
      if (root.is_owed(own)) {
        while (own->sched.load(std::memory_order_relaxed) != root.sched()) yield_hart();
        continue;
      }
    }
    own->counters.decisions.add();
    trace(Event::hart_enter, own, sched);
    act(sched->funcs->hart_enter(sched));
  }
}

// True when somebody else may be in need of a hart, and this one has been at work for a whole slice meanwhile. The
// clock is read only while there is somebody else.
bool Carrier::slice_is_over() {
  if (!runtime().root().is_contended()) {
    slice_start = 0;
    return false;
  }
  const uint64_t now = now_ns();
  if (slice_start == 0) slice_start = now;
  return now - slice_start >= Root::slice_ns;
}

}  // namespace lithe::core
