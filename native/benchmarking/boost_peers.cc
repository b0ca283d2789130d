#include "benchmarking/peers.h"
#include "benchmarking/timing.h"

#if __has_include(<boost/context/fiber.hpp>) && __has_include(<boost/context/pooled_fixedsize_stack.hpp>)
#define HARTS_BENCH_BOOST 1
#include <boost/context/detail/fcontext.hpp>
#include <boost/context/fiber.hpp>
#include <boost/context/pooled_fixedsize_stack.hpp>
#endif

namespace harts::bench {

#ifdef HARTS_BENCH_BOOST

namespace context = boost::context;

std::string boost_unavailable() { return ""; }

double boost_switch(int pu) {
  pin_to(pu);
  static std::vector<char> stack(size_t{64} * 1024);
  const auto there_and_back = [](context::detail::transfer_t from) {
    for (;;) from = context::detail::jump_fcontext(from.fctx, nullptr);
  };
  context::detail::fcontext_t other =
      context::detail::make_fcontext(stack.data() + stack.size(), stack.size(), there_and_back);
  const auto batch = [&other](int jumps) {
    const uint64_t start = now_ns();
    for (int i = 0; i < jumps; i += 2) other = context::detail::jump_fcontext(other, nullptr).fctx;
    return now_ns() - start;
  };
  batch(100);
  return median_per_operation(20'000, batch);
}

double boost_fiber(int pu) {
  pin_to(pu);
  context::pooled_fixedsize_stack stacks(size_t{64} * 1024);
  const auto batch = [&stacks](int count) {
    const uint64_t start = now_ns();
    for (int i = 0; i < count; ++i) {
      context::fiber fiber(std::allocator_arg, stacks, [](context::fiber &&back) { return std::move(back); });
      fiber = std::move(fiber).resume();
    }
    return now_ns() - start;
  };
  batch(100);
  return median_per_operation(3'000, batch);
}

#else

std::string boost_unavailable() {
  return "Boost.Context was not there when the benches were compiled; install it (sudo apt-get install -y "
         "libboost-context-dev), delete build/bench and run again.";
}

double boost_switch(int) { return 0; }
double boost_fiber(int) { return 0; }

#endif

}  // namespace harts::bench
