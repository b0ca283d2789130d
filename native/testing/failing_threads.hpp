// Makes pthread_create fail on demand, for the whole process: a test program's own definition comes before libc's.
#ifndef HARTS_TESTING_FAILING_THREADS_HPP
#define HARTS_TESTING_FAILING_THREADS_HPP

namespace harts::testing {

/* From now on `successes` calls of pthread_create succeed, then `failures` calls fail with `error`, then all succeed again. */
void fail_thread_creation(int successes, int failures, int error);

/* How many calls have failed since. */
int failed_thread_creations();

}  // namespace harts::testing

#endif
