// Makes the calls that the runtime and its adapters make to the system fail on demand, in the whole process: the test
// program's own definitions of these functions come before libc's. Threads by fault_injection.cc itself, memory with
// fault_memory.cc too, all others with fault_calls.cc.
#ifndef HARTS_TESTING_FAULT_INJECTION_HPP
#define HARTS_TESTING_FAULT_INJECTION_HPP

namespace harts::testing {

/* What can fail. Only calls from our own code count, by return address: from liblithe and libgomp; memory also from what
 * this program is made of, and from libstdc++ on behalf of either. */
enum class Fault {
  memory,    /* operator new in all its forms, aligned_alloc, strndup, CPU_ALLOC */
  mapping,   /* mmap, mprotect */
  thread,    /* pthread_create */
  attribute, /* pthread_attr_init, pthread_attr_setaffinity_np */
  key,       /* pthread_key_create, pthread_setspecific */
  fork,      /* pthread_atfork */
  file,      /* open, read, write */
  wait,      /* futex: the wait is over at once, with an error. Waking has no error that the kernel could give */
  kernel     /* prctl, sigaction, sched_getaffinity, sched_setaffinity, process_vm_readv, rseq */
};

/* From now on `successes` calls of that kind succeed, then `failures` calls fail with `error`, then all succeed again.
 * Takes the place of what was asked for before. */
void fail_calls(Fault kind, int successes, int failures, int error);

/* No call fails any more. */
void fail_nothing();

/* Whether calls of this process are left alone; a forked child decides anew, while what fails is the same in the family. */
void exempt_process(bool is_exempt);

/* How many calls have failed since. */
int failed_calls();

/* Memory that code that counts has allocated and not freed yet: blocks, and mappings. */
long blocks_in_use();
long mappings_in_use();

/* For the functions that can fail: whether calls of `caller`, a return address, count; whether this one shall fail. */
bool call_counts(Fault kind, const void *caller);
bool call_fails(Fault kind, const void *caller);
/* The error that it fails with. */
int error_of_call();

}  // namespace harts::testing

#endif
