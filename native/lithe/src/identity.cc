#include "identity.h"

#include <new>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lithe/error.h"
#include "runtime.h"
#include "switch.h"

namespace lithe::core {

constinit thread_local Context *self_pointer __attribute__((tls_model("initial-exec"))) = nullptr;

namespace {

// A guest's context and its home carrier, made together.
struct Guest : Context {
  Guest() : Context(ContextKind::guest) {}
  Carrier home_carrier;
};

void release(void *value) {
  Context *context = static_cast<Context *>(value);
  context->keys.end();  // its destructors may still ask who they are
  self_pointer = nullptr;
  Runtime *runtime = runtime_if_started();
  if (context->kind == ContextKind::donor) {
    if (runtime && runtime->number() == context->runtime_number) runtime->unregister_context(context);
    delete context;
    return;
  }
  Guest *guest = static_cast<Guest *>(context);
  if (runtime && runtime->number() == context->runtime_number) {
    runtime->root().reclaim_from(context);
    runtime->root().forget(&guest->home_carrier);
    // Contexts cached on the home carrier outlive the thread that cached them.
    while (Context *idle = guest->home_carrier.cache) {
      guest->home_carrier.cache = static_cast<Context *>(idle->next);
      runtime->pool().adopt(idle);
    }
    runtime->unregister_carrier(&guest->home_carrier);
    runtime->unregister_context(context);
    runtime->guests.fetch_sub(1, std::memory_order_relaxed);
  }
  carrier_free_loop_stack(&guest->home_carrier);
  delete guest;
}

// Made once, with the first runtime; a forked child has it too.
pthread_key_t exit_key;
bool has_exit_key = false;

}  // namespace

Context *identity_make_guest() {
  int code = 0;
  Runtime *runtime = runtime_start(code);
  if (!runtime) return nullptr;
  Guest *guest = new (std::nothrow) Guest;
  if (!guest) return nullptr;
  Context *context = guest;
  context->state.store(ContextState::outside, std::memory_order_relaxed);
  context->runtime_number = runtime->number();
  context->home = &guest->home_carrier;
  guest->home_carrier.guest = context;
  guest->home_carrier.identity.carrier = &guest->home_carrier;
  guest->home_carrier.loop_tp = lithe_thread_pointer();
  guest->home_carrier.tid.store(static_cast<pid_t>(syscall(SYS_gettid)), std::memory_order_relaxed);
  // Without that nobody would take the guest's hart back, nor its memory, when the thread ends.
  if (pthread_setspecific(exit_key, context) != 0) {
    delete guest;
    return nullptr;
  }
  runtime->register_context(context);
  runtime->register_carrier(&guest->home_carrier);
  runtime->guests.fetch_add(1, std::memory_order_relaxed);
  self_pointer = context;
  return context;
}

int identity_prepare() {
  if (!has_exit_key && pthread_key_create(&exit_key, release) != 0) return LITHE_EAGAIN;
  has_exit_key = true;
  return 0;
}

bool identity_release_at_thread_exit(Context *context) { return pthread_setspecific(exit_key, context) == 0; }

void identity_release_now(Context *context) { release(context); }

void identity_forget() {
  // The guest structure is leaked on purpose: in the child nobody can say what state its carrier was in.
  pthread_setspecific(exit_key, nullptr);
  self_pointer = nullptr;
}

}  // namespace lithe::core
