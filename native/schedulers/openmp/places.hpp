/* Places: the sets of processors that OMP_PLACES speaks of. They are what the program wishes and what the query calls
 * report. No thread is bound to one: a team's thread is a context, which runs on whichever hart is free, and holding it
 * for one hart would leave the others idle. */
#ifndef HARTS_OPENMP_PLACES_HPP
#define HARTS_OPENMP_PLACES_HPP

#include <string>
#include <vector>

#include "lithe/topology.h"

namespace harts::omp {

/* The numbers of omp_proc_bind_t. The compiler passes the clause in the low bits of a region's flags, 0 for none. */
enum ProcBind : unsigned char { kBindFalse = 0, kBindTrue = 1, kBindPrimary = 2, kBindClose = 3, kBindSpread = 4 };
constexpr unsigned kBindMask = 0x7;

/* The operating system's numbers of the PUs of a place, in ascending order, each once. */
using Place = std::vector<int>;
using PlaceList = std::vector<Place>;

/* What became of a text that describes places. */
enum class PlacesRead {
  kOk,
  kSyntax, /* it is no such text; also numbers out of range and lists beyond all measure */
  kNoneUsable,
};

/* Reads a value of OMP_PLACES: `threads`, `cores`, `ll_caches`, `sockets` or `numa_domains`, perhaps with the number of
 * places wanted in parentheses, or a list of places like `{0,1},{2:2}:4:2,!{4,5}`.
 *
 * `harts` is the machine. PUs that no hart is on are left out, and so are the places that then have none; `dropped` tells
 * how many. `out` is written only for kOk. Throws std::bad_alloc. */
PlacesRead read_places(const char *text, const std::vector<lithe_hart_place_t> &harts, PlaceList *out, size_t *dropped);

/* The same for a value of GOMP_CPU_AFFINITY: numbers and ranges `first-last:stride`, separated by commas or blanks. Each PU
 * is a place. */
PlacesRead read_cpu_list(const char *text, const std::vector<lithe_hart_place_t> &harts, PlaceList *out,
                         size_t *dropped);

/* A place for each PU that has a hart: what there is when threads shall be bound and nobody said where. */
PlaceList places_of_threads(const std::vector<lithe_hart_place_t> &harts);

/* The first place that contains the PU, -1 when there is none. */
int place_of(const PlaceList &places, int pu);

/* In the form of OMP_PLACES: "{0:4},{4,6}". */
std::string places_text(const PlaceList &places);

/* The PUs of a place as people write them: "0-3,8". */
std::string pus_text(const Place &place);

/* The harts of this machine, in the order of their numbers; none when it cannot be read. */
std::vector<lithe_hart_place_t> machine_harts();

}  // namespace harts::omp

#endif
