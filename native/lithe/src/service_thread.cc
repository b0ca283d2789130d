#include "service_thread.h"

#include <cerrno>
#include <csignal>
#include <pthread.h>

#include "lithe/error.h"
#include "runtime.h"

namespace lithe::core {

int service_thread_start(const Runtime *runtime, void *(*main)(void *), void *arg) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return LITHE_ENOMEM;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  int failure = runtime ? runtime->unpin(&attributes) : 0;
  if (failure == 0) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    failure = pthread_create(&thread, &attributes, main, arg);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  pthread_attr_destroy(&attributes);
  if (failure == 0) return 0;
  return failure == ENOMEM ? LITHE_ENOMEM : LITHE_EAGAIN;
}

}  // namespace lithe::core
