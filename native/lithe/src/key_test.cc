#include "lithe/key.h"

#include <algorithm>
#include <atomic>
#include <doctest/doctest.h>
#include <thread>
#include <vector>

#include "lithe/lithe.hpp"
#include "testing/crowd.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

std::atomic<int> destroyed{0};
std::atomic<bool> destroyed_where_it_lived{true};

void destroy(void *value) {
  int *number = static_cast<int *>(value);
  ++destroyed;
  if (*number == 0) destroyed_where_it_lived = false;
  delete number;
}

TEST_CASE("key: values belong to their context, wherever it runs, and start empty in a pooled thread") {
  destroyed = 0;
  lithe_key_t key, other;
  REQUIRE(lithe_key_create(&key, destroy) == 0);
  REQUIRE(lithe_key_create(&other, nullptr) == 0);
  for (int round = 0; round < 3; ++round) {
    crowd(32, 2, 2, [&](int i) {
      CHECK(lithe_key_get(key) == nullptr);
      CHECK(lithe_key_set(key, new int(i + 1)) == 0);
      CHECK(lithe_key_set(other, &key) == 0);
      for (int turn = 0; turn < rounds(20); ++turn) {
        lithe_context_yield();
        REQUIRE(lithe_key_get(key) != nullptr);
        CHECK(*static_cast<int *>(lithe_key_get(key)) == i + 1);
      }
      CHECK(lithe_key_get(other) == &key);
    });
    CHECK(destroyed == 36 * (round + 1));
  }
  CHECK(destroyed_where_it_lived);
  CHECK(lithe_key_delete(key) == 0);
  CHECK(lithe_key_delete(other) == 0);
}

TEST_CASE("key: an ended key has no values, and one made in its place does not find them") {
  lithe_key_t key;
  REQUIRE(lithe_key_create(&key, nullptr) == 0);
  int here = 0;
  each_context(1, [&](int) {
    CHECK(lithe_key_set(key, &here) == 0);
    CHECK(lithe_key_delete(key) == 0);
    CHECK(lithe_key_get(key) == nullptr);
    CHECK(lithe_key_set(key, &here) == LITHE_EINVAL);
    CHECK(lithe_key_delete(key) == LITHE_EINVAL);
    lithe_key_t next;
    REQUIRE(lithe_key_create(&next, nullptr) == 0);
    CHECK(next.index == key.index);
    CHECK(lithe_key_get(next) == nullptr);
    CHECK(lithe_key_delete(next) == 0);
  });
}

TEST_CASE("key: there is an end to them, and it is an error") {
  std::vector<lithe_key_t> keys;
  lithe_key_t key;
  while (lithe_key_create(&key, nullptr) == 0) keys.push_back(key);
  CHECK(keys.size() <= LITHE_KEYS_MAX);
  CHECK(keys.size() > LITHE_KEYS_MAX / 2);
  CHECK(lithe_key_create(&key, nullptr) == LITHE_EAGAIN);
  for (const lithe_key_t &one : keys) CHECK(lithe_key_delete(one) == 0);
}

TEST_CASE("key: many that make and end keys at once never share one") {
  constexpr int members = 6, each = 20;
  static std::atomic<int> owners[LITHE_KEYS_MAX];
  std::atomic<int> shared{0}, failed{0};
  crowd(members, 1, 2, [&](int) {
    for (int turn = 0; turn < rounds(200); ++turn) {
      lithe_key_t mine[each];
      for (lithe_key_t &key : mine) {
        if (lithe_key_create(&key, nullptr) != 0) {
          ++failed;
          key.index = LITHE_KEYS_MAX;
          continue;
        }
        if (owners[key.index].fetch_add(1) != 0) ++shared;
      }
      lithe_context_yield();
      for (const lithe_key_t &key : mine) {
        if (key.index == LITHE_KEYS_MAX) continue;
        owners[key.index].fetch_sub(1);
        if (lithe_key_delete(key) != 0) ++failed;
      }
    }
  });
  CHECK(shared == 0);
  CHECK(failed == 0);
  // None was lost either: as many as there were can be had again.
  std::vector<lithe_key_t> keys(LITHE_KEYS_MAX / 2);
  for (lithe_key_t &key : keys) CHECK(lithe_key_create(&key, nullptr) == 0);
  for (const lithe_key_t &key : keys) CHECK(lithe_key_delete(key) == 0);
}

lithe_key_t chained;

TEST_CASE("key: destructors may set values again, for a while, and run after lithe_context_exit too") {
  static std::atomic<int> runs{0};
  runs = 0;
  REQUIRE(lithe_key_create(&chained, [](void *value) {
            ++runs;
            lithe_key_set(chained, value);
          }) == 0);
  static int something;
  each_context(1, [](int) { lithe_key_set(chained, &something); });
  CHECK(runs == 4);
  each_context(1, [](int) {
    lithe_key_set(chained, &something);
    lithe_context_exit();
  });
  CHECK(runs == 8);
  CHECK(lithe_key_delete(chained) == 0);
}

// In the order of the keys: a value without a destructor, one that looks at both others, one that is destroyed last.
lithe_key_t plain, looking, last;

TEST_CASE("key: a destructor still finds the values of keys without one, and of those whose turn has not come") {
  static std::atomic<void *> found_plain{nullptr}, found_last{nullptr};
  static int values[3];
  // Whichever free keys are given out first, ascending ones come after these were ended in descending order.
  lithe_key_t free_keys[3];
  for (lithe_key_t &key : free_keys) REQUIRE(lithe_key_create(&key, nullptr) == 0);
  std::sort(free_keys, free_keys + 3, [](lithe_key_t a, lithe_key_t b) { return a.index > b.index; });
  for (const lithe_key_t &key : free_keys) REQUIRE(lithe_key_delete(key) == 0);
  REQUIRE(lithe_key_create(&plain, nullptr) == 0);
  REQUIRE(lithe_key_create(&looking, [](void *) {
            found_plain = lithe_key_get(plain);
            found_last = lithe_key_get(last);
            if (lithe_key_get(looking)) found_plain = nullptr;
          }) == 0);
  REQUIRE(lithe_key_create(&last, [](void *) {}) == 0);
  REQUIRE(plain.index < looking.index);
  REQUIRE(looking.index < last.index);
  each_context(1, [](int) {
    lithe_key_set(plain, &values[0]);
    lithe_key_set(looking, &values[1]);
    lithe_key_set(last, &values[2]);
  });
  CHECK(found_plain == &values[0]);
  CHECK(found_last == &values[2]);
  for (const lithe_key_t &key : {plain, looking, last}) CHECK(lithe_key_delete(key) == 0);
}

}  // namespace
