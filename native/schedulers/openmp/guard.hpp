/* A lock for a few instructions, for use on carriers and in callbacks, where nothing may block. */
#ifndef HARTS_OPENMP_GUARD_HPP
#define HARTS_OPENMP_GUARD_HPP

#include "lithe/lithe.hpp"

namespace harts::omp {

/* Tells the processor that this is a spin loop. */
inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#else
#error "harts does not know this processor: add its spin-loop hint here"
#endif
}

using Guard = lithe::SpinLock;

}  // namespace harts::omp

#endif
