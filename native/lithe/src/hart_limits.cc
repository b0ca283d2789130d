#include "hart_limits.h"

#include <algorithm>
#include <cmath>
#include <new>

#include "quota.h"
#include "runtime.h"

namespace lithe::core {

void HartLimits::ask(int harts) {
  Locked lock(&lock_);
  asked_ = harts;
  apply();
}

void HartLimits::begin(double quota) {
  quota_ = quota;
  if (quota_ > 0) apply();
}

void HartLimits::look() {
  try {
    look_now();
  } catch (const std::bad_alloc &) {
  }
}

void HartLimits::look_now() {
  // Virtual harts stand for a machine that is not there.
  if (runtime_.topology().is_virtual) return;
  double quota = cpu_quota();
  std::vector<bool> excluded;
  cpu_set_t mask;
  const bool is_mask_known = sched_getaffinity(0, sizeof mask, &mask) == 0;
  if (is_mask_known) {
    if (!has_mask_) first_mask_ = mask;
    has_mask_ = true;
    for (int i = 0; i < runtime_.hart_count(); ++i) {
      const auto pu = static_cast<size_t>(runtime_.harts()[i].place.pu_os);
      const bool is_lost = pu < CPU_SETSIZE && CPU_ISSET(pu, &first_mask_) && !CPU_ISSET(pu, &mask);
      if (is_lost && excluded.empty()) excluded.resize(static_cast<size_t>(runtime_.hart_count()));
      if (is_lost) excluded[static_cast<size_t>(i)] = true;
    }
  }
  Locked lock(&lock_);
  if (quota == quota_unknown) quota = quota_;
  if (!is_mask_known) excluded = excluded_;
  if (quota == quota_ && excluded == excluded_) return;
  quota_ = quota;
  excluded_ = std::move(excluded);
  apply();
}

void HartLimits::apply() {
  int limit = runtime_.hart_count();
  if (asked_ > 0) limit = std::min(limit, asked_);
  if (quota_ > 0) limit = std::min(limit, std::max(1, static_cast<int>(std::ceil(std::min(quota_, 1e6) - 1e-9))));
  runtime_.root().set_limit(limit, excluded_);
}

}  // namespace lithe::core
