/* Contexts of the root scheduler, from C: no scheduler of your own is needed to run things on harts. Each context adds
 * the squares of its part of 1 .. 1000. */
#include <stdio.h>

#include "lithe/lithe.h"

enum { PARTS = 10, NUMBERS = 1000 };

static lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
static lithe_semaphore_t ended;
static long sum;

static void add_part(void *arg) {
  long part = 0;
  for (int number = *(const int *)arg; number <= NUMBERS; number += PARTS) part += (long)number * number;
  lithe_mutex_lock(&mutex); /* a context that must wait here blocks, and its hart runs another */
  sum += part;
  lithe_mutex_unlock(&mutex);
  lithe_semaphore_post(&ended);
}

int main(void) {
  int first[PARTS];
  int started = 0;
  int code = lithe_semaphore_init(&ended, 0);
  while (code == 0 && started < PARTS) {
    lithe_context_t *context;
    first[started] = started + 1;
    code = lithe_context_create(&context, NULL, NULL, add_part, &first[started]);
    if (code == 0) code = lithe_context_unblock(context);
    if (code == 0) ++started;
  }
  /* The numbers in `first` are in use until each part has ended, whatever went wrong. */
  for (int i = 0; i < started; ++i) lithe_semaphore_wait(&ended);
  if (code != 0) {
    fprintf(stderr, "contexts: %s\n", lithe_strerror(code));
    return 1;
  }
  printf("%d squares on %d harts: %ld\n", NUMBERS, lithe_hart_count(), sum);
  return 0;
}
