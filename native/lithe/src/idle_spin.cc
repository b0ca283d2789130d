#include "idle_spin.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "lithe/error.h"

namespace lithe::core {

uint64_t IdleSpin::length_ns(const SpinLimit &limit, uint64_t wake_cost_ns) const {
  if (limit.is_fixed) return limit.most_ns;
  const uint64_t most = std::min(limit.most_ns, wake_cost_ns);
  if (count_ < enough) return most;  // at most twice what would have been best, whatever comes
  const auto cost_of = [&](uint64_t spin) {
    uint64_t cost = 0;
    for (size_t i = 0; i < count_; ++i) cost += waits_[i] <= spin ? waits_[i] : spin + wake_cost_ns;
    return cost;
  };
  // The cheapest is not to spin, or to spin just long enough for one of them. A little longer: they differ.
  uint64_t best = 0;
  uint64_t least = cost_of(0);
  for (size_t i = 0; i < count_; ++i) {
    const uint64_t spin = waits_[i] + waits_[i] / 4 + 500;
    if (spin > most) continue;
    if (const uint64_t cost = cost_of(spin); cost < least) {
      least = cost;
      best = spin;
    }
  }
  return best;
}

void IdleSpin::note(uint64_t waited_ns) {
  waits_[next_] = static_cast<uint32_t>(std::min<uint64_t>(waited_ns, UINT32_MAX));
  next_ = (next_ + 1) % remembered;
  count_ = std::min(count_ + 1, remembered);
}

int read_spin_environment(SpinLimit unset, SpinLimit &limit, std::string &problem) {
  limit = unset;
  const char *text = std::getenv("HARTS_SPIN");
  if (!text || !*text) return 0;
  constexpr char fixed[] = "fixed:";
  constexpr unsigned long most_us = 1'000'000;
  const bool is_fixed = std::strncmp(text, fixed, sizeof fixed - 1) == 0;
  const char *number = is_fixed ? text + sizeof fixed - 1 : text;
  char *end = nullptr;
  errno = 0;
  const unsigned long us = std::strtoul(number, &end, 10);
  if (!std::isdigit(static_cast<unsigned char>(*number)) || *end != '\0' || errno != 0 || us > most_us) {
    problem =
        std::string("HARTS_SPIN=") + text +
        " is not a time to spin: use whole microseconds from 0 to 1000000, or fixed: and such a number, or unset it";
    return LITHE_EINVAL;
  }
  limit = {is_fixed ? us * 1000 : std::min<uint64_t>(us * 1000, unset.most_ns), is_fixed};
  return 0;
}

}  // namespace lithe::core
