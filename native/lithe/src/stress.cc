#include "stress.h"

#include <sched.h>
#include <time.h>

#include "keep_errno.h"
#include "park.h"

namespace lithe::core {

std::atomic<uint64_t> stress_seed{0};

namespace {

std::atomic<uint32_t> threads{0};

// A context's own, as it is a thread: it comes along to other harts.
struct Flow {
  uint64_t name = 0;  // 0: none yet
  uint32_t steps = 0;
  uint32_t made = 0;
};
constinit thread_local Flow flow __attribute__((tls_model("initial-exec")));

constexpr uint64_t golden = 0x9e3779b97f4a7c15u;

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

uint64_t name_of_flow() {
  if (flow.name == 0) flow.name = mixed(threads.fetch_add(1, std::memory_order_relaxed) + golden);
  return flow.name;
}

void sleep_for(uint64_t nanoseconds) {
  const timespec pause{0, static_cast<long>(nanoseconds)};
  nanosleep(&pause, nullptr);
}

}  // namespace

uint64_t stress_name_flow() {
  if (!stress_is_on()) return 0;
  return mixed(name_of_flow() + golden * ++flow.made) | 1;
}

void stress_begin_flow(uint64_t name) { flow = {name, 0, 0}; }

uint64_t stress_draw(const std::source_location &where) {
  const uint64_t asked = name_of_flow() + golden * ++flow.steps;
  return mixed(mixed(stress_seed.load(std::memory_order_relaxed) + asked * golden) ^ place(where));
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
