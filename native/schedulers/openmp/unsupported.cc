/* Every other name of the ABI exists, so that programs load; a call of one prints its name and ends the process. */
#include "schedulers/openmp/team.hpp"

#define UNSUPPORTED(name) \
  HARTS_OMP_API void name() { harts::omp::unsupported(#name); }
#include "schedulers/openmp/unsupported.def"
#undef UNSUPPORTED
