#include "timer_heap.h"

namespace lithe::core {

Timer *TimerHeap::meld(Timer *a, Timer *b) {
  if (!a) return b;
  if (!b) return a;
  if (b->deadline < a->deadline) {
    Timer *const earlier = b;
    b = a;
    a = earlier;
  }
  b->before = a;
  b->sibling = a->child;
  if (a->child) a->child->before = b;
  a->child = b;
  return a;
}

// Melds a list of siblings into one heap: in pairs from the left, then the results from the right.
Timer *TimerHeap::meld_siblings(Timer *first) {
  Timer *pairs = nullptr;
  while (first) {
    Timer *a = first;
    Timer *b = a->sibling;
    first = b ? b->sibling : nullptr;
    a->sibling = a->before = nullptr;
    if (b) b->sibling = b->before = nullptr;
    Timer *pair = meld(a, b);
    pair->sibling = pairs;
    pairs = pair;
  }
  Timer *all = nullptr;
  while (pairs) {
    Timer *pair = pairs;
    pairs = pair->sibling;
    pair->sibling = nullptr;
    all = meld(all, pair);
  }
  return all;
}

void TimerHeap::insert(Timer *timer) {
  timer->child = timer->sibling = timer->before = nullptr;
  root_ = meld(root_, timer);
}

void TimerHeap::remove(Timer *timer) {
  Timer *const rest = meld_siblings(timer->child);
  timer->child = nullptr;
  if (timer == root_) {
    root_ = rest;
    return;
  }
  Timer *const before = timer->before;
  (before->child == timer ? before->child : before->sibling) = timer->sibling;
  if (timer->sibling) timer->sibling->before = before;
  timer->sibling = timer->before = nullptr;
  root_ = meld(root_, rest);
}

}  // namespace lithe::core
