// The heap of timers and of schedulers: its order, and what it costs, counted in comparisons.
#include "pairing_heap.h"

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <vector>

#include "testing/random.hpp"
#include "testing/scale.hpp"

using lithe::core::HeapLinks;
using lithe::core::PairingHeap;

namespace {

struct Item {
  int key = 0;
  HeapLinks<Item> links;
};

long comparisons = 0;

struct Order {
  static HeapLinks<Item> &links(Item *item) { return item->links; }
  static bool comes_before(const Item *a, const Item *b) {
    ++comparisons;
    return a->key < b->key;
  }
};

using Heap = PairingHeap<Item, Order>;

TEST_CASE("pairing heap: gives everything back in order, whatever is taken out between") {
  harts::testing::Random random(7);
  for (int turn = 0; turn < harts::testing::rounds(50); ++turn) {
    std::vector<Item> items(200);
    Heap heap;
    std::vector<Item *> inside;
    for (Item &item : items) {
      item.key = random.below(100);
      heap.insert(&item);
      inside.push_back(&item);
      if (random.below(3) != 0) continue;
      const auto which = inside.begin() + random.below(static_cast<int>(inside.size()));
      heap.remove(*which);
      inside.erase(which);
    }
    std::vector<int> expected, found;
    for (const Item *item : inside) expected.push_back(item->key);
    std::sort(expected.begin(), expected.end());
    while (Item *first = heap.first()) {
      heap.remove(first);
      found.push_back(first->key);
    }
    CHECK(found == expected);
  }
}

// Comparisons per operation when each of `count` items is taken out and put in again, with a larger key, many times.
double cost_of_a_turn(int count) {
  harts::testing::Random random(3);
  std::vector<Item> items(static_cast<std::size_t>(count));
  Heap heap;
  for (Item &item : items) {
    item.key = random.below(1000);
    heap.insert(&item);
  }
  const int turns = 4 * count;
  comparisons = 0;
  for (int turn = 0; turn < turns; ++turn) {
    Item *first = heap.first();
    heap.remove(first);
    first->key += 1 + random.below(1000);
    heap.insert(first);
  }
  return static_cast<double>(comparisons) / turns;
}

TEST_CASE("pairing heap: the price of a turn grows with the logarithm of the number of items") {
  for (const int count : {16, 256, 4096}) {
    const double cost = cost_of_a_turn(count);
    INFO(count, " items: ", cost, " comparisons");
    CHECK(cost <= 2 * std::log2(count) + 4);
  }
}

TEST_CASE("pairing heap: putting something in costs one comparison at most") {
  std::vector<Item> items(1000);
  Heap heap;
  comparisons = 0;
  for (Item &item : items) heap.insert(&item);
  CHECK(comparisons == 999);
}

}  // namespace
