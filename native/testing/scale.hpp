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

/* `plain` rounds, or a tenth with a sanitizer or under LITHE_STRESS, but at least one. */
inline int rounds(int plain) {
  static const bool slow = sanitized || std::getenv("LITHE_STRESS") != nullptr;
  return slow ? (plain + 9) / 10 : plain;
}

}  // namespace harts::testing

#endif
