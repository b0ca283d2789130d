#include "donor.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cxxabi.h>
#include <exception>
#include <new>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "carrier.h"
#include "code_mark.h"
#include "identity.h"
#include "keep_errno.h"
#include "lithe/error.h"
#include "park.h"
#include "runtime.h"
#include "stress.h"
#include "switch.h"

namespace lithe::core {
namespace {

// glibc registers one restartable-sequences area per kernel thread, inside the thread's TLS. While a donor's kernel
// thread sleeps, the kernel does not update its area, and sched_getcpu() reads it through the thread pointer: a context
// would see the CPU on which its donor went to sleep. Without a registration glibc asks the kernel.
void forget_restartable_sequences() {
#ifdef RSEQ_SIG
  if (__rseq_size == 0) return;
  void *area = static_cast<char *>(lithe_thread_pointer()) + __rseq_offset;
  // The length must be the registered one, which glibc does not tell: 32 up to 2.39, the kernel's own size after.
  for (unsigned length : {32u, static_cast<unsigned>(__rseq_size), 64u, 128u}) {
    if (syscall(SYS_rseq, area, length, RSEQ_FLAG_UNREGISTER, RSEQ_SIG) == 0) return;
  }
#endif
}

// lithe_context_exit does not unwind: handlers that it left are left by hand, or the next user of the thread would find
// their exceptions.
void forget_caught_exceptions() {
  while (std::current_exception()) abi::__cxa_end_catch();
}

void *donor_main(void *argument) {
  Context *context = static_cast<Context *>(argument);
  self_pointer = context;
  context->tp = lithe_thread_pointer();
  context->known_stack.enter_own();
  forget_restartable_sequences();
  errno = 0;
  const bool is_released_at_exit =
      context->identity == LITHE_CONTEXT_POOLED || identity_release_at_thread_exit(context);
  sanitizer::release(context);
  lithe_park(&context->sp, context->parking_stack + sizeof context->parking_stack,
             reinterpret_cast<uint32_t *>(&context->resumable), &context->wake);
  // Whoever resumes the context continues here: a carrier, or the donor's own kernel thread told to end.
  sanitizer::acquire(context);
  if (context->carrier) context->carrier->arrive();
  code_resumed(context);
  // Acquire: what the one who ends the context did before is done before the context's memory goes.
  while (std::atomic_ref<uint32_t>(context->wake).load(std::memory_order_acquire) == 0 ||
         !context->is_ending.load(std::memory_order_relaxed)) {
    if (stress_is_on()) [[unlikely]]
      stress_begin_flow(context->flow);
    if (_setjmp(context->base) == 0) {
      context->start(context->arg);
    } else {
      forget_caught_exceptions();
    }
    context->keys.end();
    // In a child of fork the carriers are gone and this is the only thread: leave as the last thread of a process does.
    Runtime *current = runtime_if_started();
    if (!current || current->number() != context->runtime_number) std::exit(0);
    Carrier::leave(context, Departure::ended);
  }
  context->known_stack.leave();
  // Without the memory for that, which may be there now: after this nothing of the thread asks who it is but destructors
  // of its thread_local objects, and to them it is a thread like any other.
  if (!is_released_at_exit && !identity_release_at_thread_exit(context)) identity_release_now(context);
  return nullptr;
}

}  // namespace

int donor_start(Runtime &runtime, size_t stack_size, int identity, Context **out) {
  const KeepErrno keep;
  Context *context = new (std::nothrow) Context(ContextKind::donor);
  if (!context) return LITHE_ENOMEM;
  context->stack_size = stack_size;
  context->identity = identity;
  context->runtime_number = runtime.number();

  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) {
    delete context;
    return LITHE_ENOMEM;
  }
  pthread_attr_setguardsize(&attributes, 65536);
  int failure = pthread_attr_setstacksize(&attributes, stack_size);
  if (failure == 0) failure = runtime.unpin(&attributes);
  // The thread sleeps with every signal blocked: a handler would run on the parking stack.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  if (failure == 0) failure = pthread_create(&context->thread, &attributes, donor_main, context);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (failure != 0) {
    delete context;
    return failure == ENOMEM ? LITHE_ENOMEM : failure == EINVAL ? LITHE_EINVAL : LITHE_EAGAIN;
  }
  if (identity == LITHE_CONTEXT_FRESH) pthread_detach(context->thread);
  runtime.register_context(context);
  *out = context;
  return 0;
}

void donor_end(Context *context) {
  context->carrier = nullptr;
  context->sched = nullptr;
  // Before the kernel thread may leave its parking stack it must be on it.
  while (context->resumable.load(std::memory_order_acquire) == 0) cpu_relax();
  context->is_ending.store(true, std::memory_order_relaxed);
  donor_wake(context);
}

// The release pairs with the acquire fence of lithe_park's loop: what was written before, the stack pointer among it, is
// there for the kernel thread that wakes.
void donor_wake(Context *context) {
  sanitizer::release(context);
  std::atomic_ref<uint32_t>(context->wake).store(1, std::memory_order_release);
  futex_wake(&context->wake, 1);
}

void donor_is_on_its_own(Context *context) {
  std::atomic_ref<uint32_t>(context->wake).store(0, std::memory_order_relaxed);
  const sigset_t mask = carrier_signal_mask();
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
}

// The context is known as ready before its stack is left. Who is told to run it waits for `resumable`, which is 0 since
// a carrier resumed it last and which lithe_park sets.
void donor_goes_back(Context *context) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  lithe_context_unblock(context);
  sanitizer::release(context);
  lithe_park(&context->sp, context->parking_stack + sizeof context->parking_stack,
             reinterpret_cast<uint32_t *>(&context->resumable), &context->wake);
  sanitizer::acquire(context);
  context->carrier->arrive();
  code_resumed(context);
}

void donor_end_and_join(Context *context) {
  const bool joinable = context->identity == LITHE_CONTEXT_POOLED;
  const pthread_t thread = context->thread;
  donor_end(context);
  if (!joinable) return;
  pthread_join(thread, nullptr);
  runtime().unregister_context(context);
  delete context;
}

}  // namespace lithe::core
