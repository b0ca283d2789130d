#include "testing/c_scheduler.h"

#include <stdatomic.h>
#include <stdlib.h>

/* One stack of ready contexts and one list of children, under one lock. */
typedef struct {
  lithe_sched_t sched; /* first: the callbacks cast back */
  lithe_spinlock_t lock;
  lithe_context_t *ready;
  lithe_sched_t *children;
  atomic_int live;
  _Atomic(lithe_context_t *) joiner;
} scheduler_t;

typedef struct {
  void (*body)(void *arg, int index);
  void *arg;
  int index;
} part_t;

static scheduler_t *of(lithe_sched_t *sched) { return (scheduler_t *)sched; }

static void lock(scheduler_t *self) { lithe_spinlock_lock(&self->lock); }

static void unlock(scheduler_t *self) { lithe_spinlock_unlock(&self->lock); }

static void hart_request(lithe_sched_t *self, lithe_sched_t *child, int delta) {
  (void)child;
  lithe_hart_request(self, delta);
}

static lithe_decision_t hart_enter(lithe_sched_t *sched) {
  scheduler_t *self = of(sched);
  lithe_decision_t decision = lithe_hart_yield();
  lock(self);
  for (lithe_sched_t *child = self->children; child; child = child->sibling_next) {
    if (lithe_sched_harts(child) < lithe_sched_demand(child)) {
      decision = lithe_hart_grant(child); /* under the lock that child_exit takes */
      unlock(self);
      return decision;
    }
  }
  if (self->ready) {
    lithe_context_t *context = self->ready;
    self->ready = context->next;
    decision = lithe_context_run(context);
  }
  unlock(self);
  return decision;
}

static void hart_return(lithe_sched_t *self, lithe_sched_t *child) {
  (void)self;
  (void)child;
}

static void nothing(lithe_sched_t *self) { (void)self; }

static void child_enter(lithe_sched_t *sched, lithe_sched_t *child) {
  scheduler_t *self = of(sched);
  lock(self);
  child->sibling_next = self->children;
  self->children = child;
  unlock(self);
}

static void child_exit(lithe_sched_t *sched, lithe_sched_t *child) {
  scheduler_t *self = of(sched);
  lithe_sched_t **link;
  lock(self);
  for (link = &self->children; *link != child; link = &(*link)->sibling_next) {
  }
  *link = child->sibling_next;
  unlock(self);
}

static void push(scheduler_t *self, lithe_context_t *context) {
  lock(self);
  context->next = self->ready;
  self->ready = context;
  unlock(self);
}

static void context_block(lithe_sched_t *self, lithe_context_t *context) {
  (void)context;
  lithe_hart_request(self, -1);
}

static void context_unblock(lithe_sched_t *self, lithe_context_t *context) {
  lithe_hart_request(self, 1); /* first: once queued, the context may run, and block again */
  push(of(self), context);
}

/* Last in line, or a context that yields until another has done something would be all that ever runs. */
static void context_yield(lithe_sched_t *sched, lithe_context_t *context) {
  scheduler_t *self = of(sched);
  lithe_context_t **link;
  lock(self);
  for (link = &self->ready; *link; link = &(*link)->next) {
  }
  context->next = NULL;
  *link = context;
  unlock(self);
}

static void context_exit(lithe_sched_t *sched, lithe_context_t *context) {
  scheduler_t *self = of(sched);
  (void)context;
  lithe_hart_request(sched, -1);
  if (atomic_fetch_sub(&self->live, 1) == 1) {
    lithe_context_t *joiner = atomic_exchange(&self->joiner, NULL);
    if (joiner) lithe_context_unblock(joiner);
  }
}

static const lithe_sched_funcs_t funcs = {
    .hart_request = hart_request,
    .hart_enter = hart_enter,
    .hart_return = hart_return,
    .sched_enter = nothing,
    .sched_exit = nothing,
    .child_enter = child_enter,
    .child_exit = child_exit,
    .context_block = context_block,
    .context_unblock = context_unblock,
    .context_yield = context_yield,
    .context_exit = context_exit,
};

static void start(void *arg) {
  part_t *part = arg;
  part->body(part->arg, part->index);
}

static void publish_joiner(lithe_context_t *context, void *arg) {
  scheduler_t *self = arg;
  atomic_store(&self->joiner, context);
  if (atomic_load(&self->live) == 0 && atomic_exchange(&self->joiner, NULL)) lithe_context_unblock(context);
}

int c_scheduler_run(int count, void (*body)(void *arg, int index), void *arg) {
  scheduler_t self = {.lock = ATOMIC_FLAG_INIT};
  part_t *parts = calloc((size_t)count, sizeof *parts);
  int code = parts ? lithe_sched_init(&self.sched, &funcs, "c_scheduler") : LITHE_ENOMEM;
  if (code == 0) code = lithe_sched_enter(&self.sched);
  if (code != 0) {
    free(parts);
    return code;
  }
  for (int i = 0; i < count && code == 0; ++i) {
    lithe_context_t *context;
    parts[i] = (part_t){body, arg, i};
    code = lithe_context_create(&context, NULL, &self.sched, start, &parts[i]);
    if (code != 0) break;
    atomic_fetch_add(&self.live, 1);
    context_unblock(&self.sched, context);
  }
  if (atomic_load(&self.live) != 0) lithe_context_block(publish_joiner, &self);
  lithe_sched_exit();
  free(parts);
  return code;
}
