/* The C++ face of liblithe. Header only, over the C interface in lithe.h. */
#ifndef LITHE_LITHE_HPP
#define LITHE_LITHE_HPP

#include <cstddef>
#include <exception>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "lithe/lithe.h"

namespace lithe {

/* What hart_enter returns: exactly one of run, grant, yield. */
class Decision {
 public:
  static Decision run(lithe_context_t *context) { return Decision(lithe_context_run(context)); }
  /* Raises the child's hart count before it returns; call it under the lock that child_exit takes. */
  static Decision grant(lithe_sched_t *child) { return Decision(lithe_hart_grant(child)); }
  static Decision yield() { return Decision(lithe_hart_yield()); }
  lithe_decision_t c() const { return decision_; }

 private:
  explicit Decision(lithe_decision_t decision) : decision_(decision) {}
  lithe_decision_t decision_;
};

/* A call of the C interface that failed. */
class Error : public std::runtime_error {
 public:
  Error(const char *call, int code)
      : std::runtime_error(std::string(call) + ": " + lithe_strerror(code)), code_(code) {}
  int code() const { return code_; }

 private:
  int code_;
};

/* Throws Error when `code` is negative: check("lithe_x", lithe_x(...)). */
inline void check(const char *call, int code) {
  if (code < 0) throw Error(call, code);
}

/* lithe_spinlock_t with the names that std::lock_guard wants: for what a scheduler's callbacks and its other members
 * share. */
class SpinLock {
 public:
  SpinLock() = default;
  SpinLock(const SpinLock &) = delete;
  SpinLock &operator=(const SpinLock &) = delete;
  void lock() { lithe_spinlock_lock(&lock_); }
  bool try_lock() { return lithe_spinlock_trylock(&lock_) == 0; }
  void unlock() { lithe_spinlock_unlock(&lock_); }

 private:
  lithe_spinlock_t lock_ = LITHE_SPINLOCK_INITIALIZER;
};

/* A scheduler as a class: derive, override hart_enter and what else your policy needs; see sched.h for the contract of
 * each callback. The defaults suit a scheduler without children and without contexts of its own beyond the one that
 * entered it: requests of children pass upward, and harts that a child gives back are offered to hart_enter. */
class Scheduler {
 public:
  explicit Scheduler(const char *name) {
    check("lithe_sched_init", lithe_sched_init(&handle_.sched, &table(), name));
    handle_.self = this;
  }
  Scheduler(const Scheduler &) = delete;
  Scheduler &operator=(const Scheduler &) = delete;
  virtual ~Scheduler() = default;

  void enter() { check("lithe_sched_enter", lithe_sched_enter(c())); }
  void exit() { check("lithe_sched_exit", lithe_sched_exit()); }
  int request(int delta) { return lithe_hart_request(c(), delta); }
  lithe_sched_t *c() { return &handle_.sched; }
  long harts() const { return lithe_sched_harts(&handle_.sched); }
  long demand() const { return lithe_sched_demand(&handle_.sched); }

 protected:
  virtual Decision hart_enter() = 0;
  virtual void hart_request(lithe_sched_t *, int delta) { request(delta); }
  virtual void hart_return(lithe_sched_t *) {}
  virtual void sched_enter() {}
  virtual void sched_exit() {}
  virtual void child_enter(lithe_sched_t *) {}
  virtual void child_exit(lithe_sched_t *) {}
  virtual void context_block(lithe_context_t *) { request(-1); }
  virtual void context_unblock(lithe_context_t *) = 0;
  virtual void context_yield(lithe_context_t *context) = 0;
  virtual void context_exit(lithe_context_t *) { request(-1); }

 private:
  /* The C object first, so that the table's functions find the C++ object behind it. */
  struct Handle {
    lithe_sched_t sched;
    Scheduler *self;
  };
  static Scheduler &of(lithe_sched_t *sched) { return *reinterpret_cast<Handle *>(sched)->self; }
  static const lithe_sched_funcs_t &table() {
    static const lithe_sched_funcs_t funcs = {
        [](lithe_sched_t *s, lithe_sched_t *child, int delta) { of(s).hart_request(child, delta); },
        [](lithe_sched_t *s) { return of(s).hart_enter().c(); },
        [](lithe_sched_t *s, lithe_sched_t *child) { of(s).hart_return(child); },
        [](lithe_sched_t *s) { of(s).sched_enter(); },
        [](lithe_sched_t *s) { of(s).sched_exit(); },
        [](lithe_sched_t *s, lithe_sched_t *child) { of(s).child_enter(child); },
        [](lithe_sched_t *s, lithe_sched_t *child) { of(s).child_exit(child); },
        [](lithe_sched_t *s, lithe_context_t *context) { of(s).context_block(context); },
        [](lithe_sched_t *s, lithe_context_t *context) { of(s).context_unblock(context); },
        [](lithe_sched_t *s, lithe_context_t *context) { of(s).context_yield(context); },
        [](lithe_sched_t *s, lithe_context_t *context) { of(s).context_exit(context); },
    };
    return funcs;
  }

  Handle handle_;
};

}  // namespace lithe

#endif
