// How much a test does. A sanitizer makes everything several times slower, and finds in one round what a plain build
// needs many for.
#ifndef HARTS_TESTING_SCALE_HPP
#define HARTS_TESTING_SCALE_HPP

#include <cstdlib>

namespace harts::testing {

#if defined(__SANITIZE_THREAD__)
inline constexpr bool under_tsan = true, under_asan = false;
#elif defined(__SANITIZE_ADDRESS__)
inline constexpr bool under_tsan = false, under_asan = true;
#else
inline constexpr bool under_tsan = false, under_asan = false;
#endif
inline constexpr bool sanitized = under_tsan || under_asan;

/* LITHE_TEST_SLOW is set for machines on which everything takes many times longer, such as an emulated one. */
inline bool on_slow_machine() { return std::getenv("LITHE_TEST_SLOW") != nullptr; }

/* `plain` rounds, or a tenth with a sanitizer, under LITHE_STRESS or on a slow machine, but at least one. */
inline int rounds(int plain) {
  static const bool slow = sanitized || std::getenv("LITHE_STRESS") != nullptr || on_slow_machine();
  return slow ? (plain + 9) / 10 : plain;
}

}  // namespace harts::testing

#endif
