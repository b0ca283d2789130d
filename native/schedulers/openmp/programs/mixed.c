/* An ordinary OpenMP program. The test compiles it with the system's compiler, as if no harts existed, and runs it on
 * our libgomp.so.1. Prints "right" and the number of threads seen; exits with 1 when something is wrong. */
#include <omp.h>
#include <stdio.h>

static int kept = 3;
#pragma omp threadprivate(kept)

static int wrong;

static void check(int condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "wrong: %s\n", what);
#pragma omp atomic
  wrong++;
}

int main(void) {
  int threads = 0;
  long sum = 0;
  double product = 1;
  omp_lock_t lock;
  omp_init_lock(&lock);
#pragma omp parallel num_threads(6) reduction(+ : sum)
  {
    kept += omp_get_thread_num();
#pragma omp for schedule(guided, 2)
    for (int i = 0; i < 1000; i++) sum += i;
#pragma omp single
    threads = omp_get_num_threads();
    omp_set_lock(&lock);
    product *= 2;
    omp_unset_lock(&lock);
#pragma omp parallel num_threads(3)
    {
#pragma omp critical
      product += 0;
#pragma omp barrier
      check(omp_get_level() == 2, "level");
    }
#pragma omp sections nowait
    {
#pragma omp section
      check(omp_get_num_threads() == 6, "size in a section");
#pragma omp section
      check(omp_in_parallel(), "in_parallel");
    }
  }
  check(sum == 499500, "sum");
  check(product == 64, "product under a lock");
#pragma omp parallel num_threads(6)
  check(kept == 3 + omp_get_thread_num(), "threadprivate");
  omp_destroy_lock(&lock);
  if (wrong == 0) printf("right, %d threads\n", threads);
  return wrong != 0;
}
