// Many flows of control that do the same thing at once.
#ifndef HARTS_TESTING_CROWD_HPP
#define HARTS_TESTING_CROWD_HPP

#include <atomic>
#include <thread>
#include <vector>

#include "lithe/lithe.hpp"
#include "testing/shuffle.hpp"

namespace harts::testing {

/* Runs body(0) ... body(count - 1), each in a context of its own, in `scheduler`, which the caller is inside; returns when
 * all have ended. Returns how many could not be started. */
template <class Scheduler, class Body>
int each_in(Scheduler &scheduler, int count, Body &&body, const lithe_context_attr_t *attr = nullptr) {
  struct Part {
    std::remove_reference_t<Body> *body;
    int index;
    static void run(void *self) {
      Part *part = static_cast<Part *>(self);
      (*part->body)(part->index);
    }
  };
  std::vector<Part> parts;
  parts.reserve(static_cast<std::size_t>(count));
  int failed = 0;
  for (int i = 0; i < count; ++i) {
    parts.push_back({&body, i});
    if (scheduler.fork(Part::run, &parts.back(), attr) != 0) ++failed;
  }
  scheduler.join();
  return failed;
}

/* The same in a Shuffle of its own. */
template <class Body>
int each_context(int count, Body &&body, const lithe_context_attr_t *attr = nullptr) {
  Shuffle scheduler;
  scheduler.enter();
  const int failed = each_in(scheduler, count, body, attr);
  scheduler.exit();
  return failed;
}

/* Runs body(i) at once in `contexts` contexts, in `guests` threads that are inside a scheduler of their own, and in
 * `threads` plain threads; i counts through all. The body may block, but must not spin on another part. */
template <class Body>
void crowd(int contexts, int guests, int threads, Body &&body) {
  std::vector<std::thread> others;
  for (int i = 0; i < guests; ++i) {
    others.emplace_back([&body, index = contexts + i] {
      Shuffle scheduler(static_cast<uint64_t>(index), "guest");
      scheduler.enter();
      body(index);
      scheduler.exit();
    });
  }
  for (int i = 0; i < threads; ++i) others.emplace_back([&body, index = contexts + guests + i] { body(index); });
  if (contexts > 0) each_context(contexts, body);
  for (auto &thread : others) thread.join();
}

}  // namespace harts::testing

#endif
