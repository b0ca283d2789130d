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
  int numa; /* the node that is local to the fewest PUs, where memory of several nodes is local to this one */
  int package;
} lithe_hart_place_t;

/* The machine as this process may use it. */
typedef struct lithe_topology {
  int harts;                        /* lithe_hart_count(); lithe_hart_limit() of them are in use */
  int pus;                          /* PUs in the process's affinity mask; all PUs of a synthetic machine */
  int machine_pus;                  /* PUs of the machine */
  double quota;                     /* CPUs that the cgroup allows, 0 when unlimited */
  int smt;                          /* PUs of a core that are among `pus`, the most that any core has: 1 without SMT */
  int is_smt_used;                  /* there are harts that share a core; never with HARTS_SMT=off */
  int is_virtual;                   /* the harts are not this machine's PUs: HARTS_VIRTUAL, or synthetic; for tests */
  int is_synthetic;                 /* the machine is described by HARTS_TOPOLOGY, or by hwloc's own variables */
  int is_pinned;                    /* carriers are pinned to their hart's PU */
  const lithe_hart_place_t *places; /* `harts` entries in locality order; owned by the runtime, never freed */
} lithe_topology_t;

/* Reads the machine, once; later calls return the same answer.
 *
 * The environment decides with it:
 *   HARTS=n          at most n harts
 *   HARTS_VIRTUAL=n  n harts whatever the machine has
 *   HARTS_SMT=off    at most one hart per core, on the first PU of it that the process may use; `on` is the default
 *   HARTS_TOPOLOGY   hwloc's synthetic description of a machine ("node:2 core:8 pu:2"), which takes the place of this
 *                    one: a hart for each of its PUs, fewer with HARTS or HARTS_VIRTUAL, whatever mask and quota say.
 *                    Nothing is pinned then.
 *
 * Callable from: anywhere; starts the runtime. Errors: LITHE_ETOPOLOGY, LITHE_ENOMEM, LITHE_EAGAIN (the process has
 * no POSIX thread key left), LITHE_EINVAL (a variable has a value that it cannot have; lithe_topology_problem says which,
 * and what to write instead). */
LITHE_API int lithe_topology_get(lithe_topology_t *out);

/* The sentence that explains the last failure of lithe_topology_get, "" when there was none. Static storage. */
LITHE_API const char *lithe_topology_problem(void);

/* How far two harts are from each other. The order is what counts, not the differences. */
enum {
  LITHE_DISTANCE_PU = 0,       /* the same PU: the hart itself, or another virtual one on it */
  LITHE_DISTANCE_CORE = 1,     /* the same core */
  LITHE_DISTANCE_L2 = 2,       /* the same second-level cache */
  LITHE_DISTANCE_L3 = 3,       /* the same third-level cache */
  LITHE_DISTANCE_NODE = 4,     /* the same NUMA node and the same package */
  LITHE_DISTANCE_PACKAGE = 5,  /* the same package or the same NUMA node, not both: the larger of them, as they nest */
  LITHE_DISTANCE_ELSEWHERE = 6 /* nothing of these in common */
};

/* The distance of two harts, one of LITHE_DISTANCE_*: the smallest that holds. 1 to 3 hold only for harts of the same
 * node and package: halves of one L3 that belong to different nodes (sub-NUMA clusters) are 5 apart. A level that the
 * machine does not have neither separates nor connects.
 *
 * It is symmetric, 0 from each hart to itself, and never larger than the larger of the distances to a third hart.
 *
 * Callable from: anywhere; starts the runtime. Errors: LITHE_EINVAL if either is no hart (0 .. lithe_hart_count()-1);
 * those of lithe_topology_get. */
LITHE_API int lithe_topology_distance(int hart_a, int hart_b);

/* What lithe_topology_latency says where the machine has no table: firmware's own convention. */
enum {
  LITHE_LATENCY_LOCAL = 10, /* the same node, or none is known */
  LITHE_LATENCY_REMOTE = 20 /* another node */
};

/* How long `hart_a` waits for memory of the NUMA node of `hart_b`, as the machine's firmware puts it: relative to 10
 * for memory of its own node; not always symmetric. On machines that do not say, LITHE_LATENCY_LOCAL on one node and
 * LITHE_LATENCY_REMOTE otherwise.
 *
 * Callable from: anywhere; starts the runtime. Errors: as lithe_topology_distance. */
LITHE_API int lithe_topology_latency(int hart_a, int hart_b);

/* Writes the other harts to `out`, the nearest first, those of the same distance by number: the order in which to look
 * for work elsewhere. At most `capacity` of them; `out` may be NULL when that is 0.
 *
 * Returns how many other harts there are, lithe_hart_count() - 1, however many were written.
 * Callable from: anywhere; starts the runtime. Errors: LITHE_EINVAL if `hart` is no hart, `capacity` is negative, or
 * `out` is NULL with a capacity; those of lithe_topology_get. */
LITHE_API int lithe_topology_neighbours(int hart, int *out, int capacity);

LITHE_END_DECLS

#endif
