#include "dump_signal.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <unistd.h>

#include "code_mark.h"
#include "keep_errno.h"
#include "lithe/error.h"
#include "lithe/stats.h"
#include "park.h"
#include "raw_lock.h"
#include "runtime.h"
#include "service_thread.h"

namespace lithe::core {
namespace {

constexpr int most_signals = 65;

// `dumps` is raised by the handler for each dump, `open` gains a bit for each signal that is asked for, and then `news`,
// the futex word of the helper thread, is raised. All lock-free, so a handler may touch them. Release and acquire on
// `news`, so that the helper sees what it is woken for.
std::atomic<uint32_t> dumps{0};
std::atomic<uint64_t> open{0};
uint32_t news = 0;
static_assert(std::atomic<uint32_t>::is_always_lock_free && std::atomic<uint64_t>::is_always_lock_free);

// Under `lock`.
uint32_t lock = 0;
bool has_helper = false;
bool has_fork_handler = false;

constexpr uint64_t bit(int signal) { return uint64_t{1} << (signal - 1); }

void tell_helper() {
  std::atomic_ref<uint32_t>(news).fetch_add(1, std::memory_order_release);
  futex_wake(&news, 1);
}

// On any thread of the program, or on the helper, in the middle of anything: two atomic increments and one system call,
// which keeps errno and must not be taken for one of the context that was interrupted.
void on_signal(int) {
  const RuntimeCode own;
  dumps.fetch_add(1, std::memory_order_relaxed);
  tell_helper();
}

// The helper has the signals that were asked for unblocked, so there is always a thread that can take one, whatever the
// others block. It writes one dump for all that came meanwhile.
void *help(void *) {
  pthread_setname_np(pthread_self(), "lithe-dump");
  std::atomic_ref<uint32_t> word(news);
  uint32_t served = 0;
  for (;;) {
    const uint32_t seen = word.load(std::memory_order_acquire);
    sigset_t wanted;
    sigemptyset(&wanted);
    for (int signal = 1; signal < most_signals; ++signal) {
      if (open.load(std::memory_order_relaxed) & bit(signal)) sigaddset(&wanted, signal);
    }
    pthread_sigmask(SIG_UNBLOCK, &wanted, nullptr);
    const uint32_t due = dumps.load(std::memory_order_relaxed);
    if (due != served) lithe_dump(STDERR_FILENO);
    served = due;
    futex_wait(&news, seen);
  }
}

int start_helper() {
  if (has_helper) return 0;
  if (const int code = service_thread_start(runtime_if_started(), help, nullptr); code != 0) return code;
  has_helper = true;
  return 0;
}

// A forked child has the handlers but no helper: there the signals do what they did before.
void forget_in_child() {
  for (int signal = 1; signal < most_signals; ++signal) {
    if (open.load(std::memory_order_relaxed) & bit(signal)) std::signal(signal, SIG_DFL);
  }
  open.store(0, std::memory_order_relaxed);
  dumps.store(0, std::memory_order_relaxed);
  has_helper = false;
  lock = 0;
}

// A handler that returns from a fault comes back to the fault.
bool cannot_be_handled(int signal) {
  for (int other : {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT}) {
    if (signal == other) return true;
  }
  return signal <= 0 || signal >= most_signals;
}

// "QUIT", "SIGQUIT" or "3"; 0 when it is no signal.
int signal_of(const char *text) {
  char *end;
  const long number = std::strtol(text, &end, 10);
  if (end != text && *end == '\0') return number > 0 && number < most_signals ? static_cast<int>(number) : 0;
  if (std::strncmp(text, "SIG", 3) == 0) text += 3;
  for (int signal = 1; signal < most_signals; ++signal) {
    const char *name = sigabbrev_np(signal);
    if (name && std::strcmp(name, text) == 0) return signal;
  }
  return 0;
}

}  // namespace

void dump_signal_follow_environment() {
  const char *wanted = std::getenv("HARTS_DUMP_SIGNAL");
  if (!wanted || !*wanted) return;
  const KeepErrno keep;
  const int signal = signal_of(wanted);
  const int code = signal == 0 ? LITHE_EINVAL : lithe_dump_on_signal(signal);
  if (code == 0) return;
  std::fprintf(stderr, "harts: HARTS_DUMP_SIGNAL=%s has no effect: %s\n", wanted,
               code == LITHE_EINVAL  ? "it is not a signal that a program may handle"
               : code == LITHE_EBUSY ? "the program handles that signal itself"
                                     : lithe_strerror(code));
}

}  // namespace lithe::core

using namespace lithe::core;

extern "C" int lithe_dump_on_signal(int signo) {
  const RuntimeCode own;
  const KeepErrno keep;
  if (cannot_be_handled(signo)) return LITHE_EINVAL;
  Locked hold(&lock);
  if (open.load(std::memory_order_relaxed) & bit(signo)) return 0;
  struct sigaction before;
  if (sigaction(signo, nullptr, &before) != 0) return LITHE_EINVAL;
  if ((before.sa_flags & SA_SIGINFO) != 0 || (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)) {
    return LITHE_EBUSY;
  }
  if (!has_fork_handler) {
    if (pthread_atfork(nullptr, nullptr, forget_in_child) != 0) return LITHE_ENOMEM;
    has_fork_handler = true;
  }
  // The helper first: a request that came before it would be nobody's.
  if (const int code = start_helper(); code != 0) return code;
  struct sigaction wanted = {};
  wanted.sa_handler = on_signal;
  wanted.sa_flags = SA_RESTART;
  if (sigaction(signo, &wanted, nullptr) != 0) return LITHE_EINVAL;
  open.fetch_or(bit(signo), std::memory_order_relaxed);
  tell_helper();
  return 0;
}
