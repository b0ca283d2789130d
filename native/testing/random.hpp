// Random numbers that are the same in every run: tests are seeded.
#ifndef HARTS_TESTING_RANDOM_HPP
#define HARTS_TESTING_RANDOM_HPP

#include <cstdint>

namespace harts::testing {

/* splitmix64. */
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t x = state_ += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  }
  /* A number in [0, bound). */
  int below(int bound) { return static_cast<int>(next() % static_cast<uint64_t>(bound)); }

 private:
  uint64_t state_;
};

}  // namespace harts::testing

#endif
