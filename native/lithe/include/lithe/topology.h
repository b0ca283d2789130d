#ifndef LITHE_TOPOLOGY_H
#define LITHE_TOPOLOGY_H

#include "lithe/export.h"

LITHE_BEGIN_DECLS

/* Where one hart lives. Numbers are hwloc's logical indexes; -1 where the machine has no such object. */
typedef struct lithe_hart_place {
  int pu_os; /* the operating system's number of the PU (what taskset counts) */
  int core;
  int l2;
  int l3;
  int numa;
  int package;
} lithe_hart_place_t;

/* The machine as this process may use it. */
typedef struct lithe_topology {
  int harts;                        /* lithe_hart_count() */
  int pus;                          /* PUs in the process's affinity mask */
  int machine_pus;                  /* PUs of the machine */
  double quota;                     /* CPUs that the cgroup allows, 0 when unlimited */
  int is_virtual;                   /* HARTS_VIRTUAL is in effect: more harts than PUs, for tests only */
  int is_pinned;                    /* carriers are pinned to their hart's PU */
  const lithe_hart_place_t *places; /* `harts` entries in locality order; owned by the runtime, never freed */
} lithe_topology_t;

/* Reads the machine, once; later calls return the same answer.
 * Callable from: anywhere; starts the runtime. Errors: LITHE_ETOPOLOGY, LITHE_ENOMEM, LITHE_EINVAL (HARTS or
 * HARTS_VIRTUAL is not a positive number; lithe_topology_problem says which value). */
LITHE_API int lithe_topology_get(lithe_topology_t *out);

/* The sentence that explains the last failure of lithe_topology_get, "" when there was none. Static storage. */
LITHE_API const char *lithe_topology_problem(void);

LITHE_END_DECLS

#endif
