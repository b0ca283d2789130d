#include "stress.h"

#include <sched.h>
#include <time.h>

#include "keep_errno.h"
#include "park.h"

namespace lithe::core {

std::atomic<uint64_t> stress_seed{0};

namespace {

std::atomic<uint32_t> flows{0};
// A context's own, as it is a thread: it comes along to other harts.
constinit thread_local uint32_t flow __attribute__((tls_model("initial-exec"))) = 0;
constinit thread_local uint32_t step __attribute__((tls_model("initial-exec"))) = 0;

// splitmix64: every bit of the input changes half of those of the output.
uint64_t mixed(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

uint64_t place(const std::source_location &where) {
  uint64_t hash = where.line() * 131u + where.column();
  for (const char *at = where.file_name(); *at; ++at) hash = hash * 31u + static_cast<unsigned char>(*at);
  return hash;
}

void sleep_for(uint64_t nanoseconds) {
  const timespec pause{0, static_cast<long>(nanoseconds)};
  nanosleep(&pause, nullptr);
}

}  // namespace

uint64_t stress_draw(const std::source_location &where) {
  if (flow == 0) flow = flows.fetch_add(1, std::memory_order_relaxed) + 1;
  const uint64_t asked = (static_cast<uint64_t>(flow) << 32) | ++step;
  return mixed(mixed(stress_seed.load(std::memory_order_relaxed) + asked * 0x9e3779b97f4a7c15u) ^ place(where));
}

void stress_disturb(const std::source_location &where) {
  const KeepErrno keep;
  const uint64_t x = stress_draw(where);
  if ((x & 0xff) == 0) {
    sleep_for((x >> 8) % 60000);
  } else if ((x & 7) == 0) {
    sched_yield();
  } else if ((x & 7) < 3) {
    for (uint64_t i = (x >> 8) & 63; i > 0; --i) cpu_relax();
  }
}

void stress_hold_back(const std::source_location &where) {
  const KeepErrno keep;
  const uint64_t x = stress_draw(where);
  if ((x & 31) == 0) sleep_for((x >> 8) % 500000);
}

}  // namespace lithe::core
