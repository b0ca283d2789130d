#include "schedulers/openmp/places.hpp"

#include <algorithm>
#include <climits>
#include <map>

#include "lithe/lithe.h"
#include "schedulers/openmp/api.hpp"
#include "schedulers/openmp/env_text.hpp"
#include "schedulers/openmp/team.hpp"

namespace harts::omp {
namespace {

/* Bounds that no machine reaches and that keep a slip of the pen from using up the memory. */
constexpr long kLargestPu = 65535;
constexpr size_t kMostMembers = size_t{1} << 20; /* of all places of a list together */

/* Sorts the PUs and leaves each in once. */
void tidy(Place &place) {
  std::sort(place.begin(), place.end());
  place.erase(std::unique(place.begin(), place.end()), place.end());
}

/* What an interval says: from its first thing on, so many, so far apart. */
struct Interval {
  unsigned long length = 1;
  long stride = 1;
};

bool read_stride(const char **text, long *out) {
  const bool is_negative = read_mark(text, '-');
  if (!is_negative) read_mark(text, '+');
  unsigned long stride;
  if (!read_number(text, 0, kLargestPu, &stride)) return false;
  *out = is_negative ? -static_cast<long>(stride) : static_cast<long>(stride);
  return true;
}

/* `:length` and `:stride`, each of which may be missing. */
bool read_interval(const char **text, Interval *out) {
  if (!read_mark(text, ':')) return true;
  if (!read_number(text, 1, kLargestPu + 1, &out->length)) return false;
  return !read_mark(text, ':') || read_stride(text, &out->stride);
}

bool is_pu(long number) { return number >= 0 && number <= kLargestPu; }

class PlacesReader {
 public:
  PlacesReader(const char *text, PlaceList &out) : text_(text), out_(out) {}

  bool read() {
    do {
      if (!read_entry()) return false;
    } while (read_mark(&text_, ','));
    return at_end(text_);
  }

 private:
  /* A place, several of them in an interval, or `!` and one that is to be taken out again. */
  bool read_entry() {
    const bool is_excluded = read_mark(&text_, '!');
    Place place;
    if (!read_place(&place)) return false;
    if (is_excluded) {
      const size_t before = out_.size();
      out_.erase(std::remove(out_.begin(), out_.end(), place), out_.end());
      return out_.size() != before;
    }
    Interval interval;
    return read_interval(&text_, &interval) && add(place, interval);
  }

  bool add(Place place, const Interval &interval) {
    for (unsigned long i = 0; i < interval.length; ++i) {
      members_ += place.size();
      if (members_ > kMostMembers || !is_pu(place.front()) || !is_pu(place.back())) return false;
      out_.push_back(place);
      for (int &pu : place) pu += static_cast<int>(interval.stride);
    }
    return true;
  }

  /* Numbers in braces, or one number alone. */
  bool read_place(Place *out) {
    unsigned long pu;
    if (!read_mark(&text_, '{')) {
      if (!read_number(&text_, 0, kLargestPu, &pu)) return false;
      out->push_back(static_cast<int>(pu));
      return true;
    }
    do {
      const bool is_excluded = read_mark(&text_, '!');
      if (!read_number(&text_, 0, kLargestPu, &pu)) return false;
      if (is_excluded) {
        out->erase(std::remove(out->begin(), out->end(), static_cast<int>(pu)), out->end());
      } else if (!read_numbers(static_cast<long>(pu), out)) {
        return false;
      }
    } while (read_mark(&text_, ','));
    tidy(*out);
    return read_mark(&text_, '}') && !out->empty();
  }

  bool read_numbers(long first, Place *out) {
    Interval interval;
    if (!read_interval(&text_, &interval)) return false;
    for (unsigned long i = 0; i < interval.length; ++i, first += interval.stride) {
      if (!is_pu(first) || out->size() >= kMostMembers) return false;
      out->push_back(static_cast<int>(first));
    }
    return true;
  }

  const char *text_;
  PlaceList &out_;
  size_t members_ = 0;
};

/* What the harts of a place of each abstract name have in common, or -1 where the machine has no such thing. */
int pu_of(const lithe_hart_place_t &hart) { return hart.pu_os; }
int core_of(const lithe_hart_place_t &hart) { return hart.core; }
int cache_of(const lithe_hart_place_t &hart) { return hart.l3 >= 0 ? hart.l3 : hart.l2; }
int package_of(const lithe_hart_place_t &hart) { return hart.package; }
int node_of(const lithe_hart_place_t &hart) { return hart.numa; }

constexpr struct {
  const char *name;
  int (*part_of)(const lithe_hart_place_t &);
  bool is_alone; /* without such a part a hart is a place of its own; otherwise it shares one with all like it */
} abstract_places[] = {
    {"threads", pu_of, true},       {"cores", core_of, true},         {"ll_caches", cache_of, true},
    {"sockets", package_of, false}, {"numa_domains", node_of, false},
};

/* Places in the order in which the harts meet them, which is that of locality. */
PlaceList grouped(const std::vector<lithe_hart_place_t> &harts, int (*part_of)(const lithe_hart_place_t &),
                  bool is_alone) {
  PlaceList places;
  std::map<std::pair<int, int>, size_t> known; /* the part, or -1 and the PU */
  for (const lithe_hart_place_t &hart : harts) {
    const int part = part_of(hart);
    const auto [at, is_new] = known.try_emplace({part, part < 0 && is_alone ? hart.pu_os : 0}, places.size());
    if (is_new) places.emplace_back();
    places[at->second].push_back(hart.pu_os);
  }
  for (Place &place : places) tidy(place);
  return places;
}

/* Reads `name` or `name(count)`. False when the text is neither, with *is_known telling whether the name was one. */
bool read_abstract(const char *text, const std::vector<lithe_hart_place_t> &harts, PlaceList *out, bool *is_known) {
  for (const auto &kind : abstract_places) {
    const char *at = text;
    if (!read_word(&at, kind.name)) continue;
    *is_known = true;
    unsigned long count = ULONG_MAX;
    if (read_mark(&at, '(') && (!read_number(&at, 1, INT_MAX, &count) || !read_mark(&at, ')'))) return false;
    if (!at_end(at)) return false;
    *out = grouped(harts, kind.part_of, kind.is_alone);
    if (out->size() > count) out->resize(count);
    return true;
  }
  return false;
}

/* Leaves in what there are harts for. */
PlacesRead keep_usable(PlaceList places, const std::vector<lithe_hart_place_t> &harts, PlaceList *out,
                       size_t *dropped) {
  Place usable;
  for (const lithe_hart_place_t &hart : harts) usable.push_back(hart.pu_os);
  tidy(usable);
  const size_t before = places.size();
  for (Place &place : places) {
    const auto is_unusable = [&](int pu) { return !std::binary_search(usable.begin(), usable.end(), pu); };
    place.erase(std::remove_if(place.begin(), place.end(), is_unusable), place.end());
  }
  const auto is_empty = [](const Place &place) { return place.empty(); };
  places.erase(std::remove_if(places.begin(), places.end(), is_empty), places.end());
  if (places.empty()) return PlacesRead::kNoneUsable;
  *dropped = before - places.size();
  *out = std::move(places);
  return PlacesRead::kOk;
}

/* Writes numbers with each run of neighbours as one item. */
template <typename WriteRun>
std::string runs_text(const Place &place, WriteRun write_run) {
  std::string text;
  for (size_t from = 0; from < place.size();) {
    size_t to = from + 1;
    while (to < place.size() && place[to] == place[to - 1] + 1) ++to;
    if (!text.empty()) text += ',';
    text += std::to_string(place[from]);
    if (to - from > 1) text += write_run(place[to - 1], to - from);
    from = to;
  }
  return text;
}

}  // namespace

PlacesRead read_places(const char *text, const std::vector<lithe_hart_place_t> &harts, PlaceList *out,
                       size_t *dropped) {
  PlaceList places;
  bool is_known = false;
  if (!read_abstract(text, harts, &places, &is_known)) {
    if (is_known || !PlacesReader(text, places).read()) return PlacesRead::kSyntax;
  }
  return keep_usable(std::move(places), harts, out, dropped);
}

PlacesRead read_cpu_list(const char *text, const std::vector<lithe_hart_place_t> &harts, PlaceList *out,
                         size_t *dropped) {
  PlaceList places;
  for (text = skip_space(text); *text != '\0';) {
    unsigned long first, last, stride = 1;
    if (!read_number(&text, 0, kLargestPu, &first)) return PlacesRead::kSyntax;
    last = first;
    if (read_mark(&text, '-')) {
      if (!read_number(&text, first, kLargestPu, &last)) return PlacesRead::kSyntax;
      if (read_mark(&text, ':') && !read_number(&text, 1, kLargestPu, &stride)) return PlacesRead::kSyntax;
    }
    for (unsigned long pu = first; pu <= last; pu += stride) places.push_back({static_cast<int>(pu)});
    if (places.size() > kMostMembers || (read_mark(&text, ',') && *text == '\0')) return PlacesRead::kSyntax;
  }
  return keep_usable(std::move(places), harts, out, dropped);
}

PlaceList places_of_threads(const std::vector<lithe_hart_place_t> &harts) { return grouped(harts, pu_of, true); }

int place_of(const PlaceList &places, int pu) {
  for (size_t i = 0; i < places.size(); ++i) {
    if (std::binary_search(places[i].begin(), places[i].end(), pu)) return static_cast<int>(i);
  }
  return -1;
}

std::string places_text(const PlaceList &places) {
  std::string text;
  for (const Place &place : places) {
    text += text.empty() ? "{" : ",{";
    text += runs_text(place, [](int, size_t length) { return ":" + std::to_string(length); }) + '}';
  }
  return text;
}

std::string pus_text(const Place &place) {
  return runs_text(place, [](int last, size_t) { return "-" + std::to_string(last); });
}

std::vector<lithe_hart_place_t> machine_harts() {
  lithe_topology_t topology;
  if (lithe_topology_get(&topology) != 0) return {};
  return {topology.places, topology.places + topology.harts};
}

}  // namespace harts::omp

using namespace harts::omp;

namespace {

/* NULL for a number that is none. */
const Place *place_at(int number) {
  const PlaceList &places = environment().places;
  return number >= 0 && static_cast<size_t>(number) < places.size() ? &places[static_cast<size_t>(number)] : nullptr;
}

}  // namespace

HARTS_OMP_API int omp_get_proc_bind() { return self().controls.proc_bind; }
HARTS_OMP_API int omp_get_num_places() { return static_cast<int>(environment().places.size()); }

HARTS_OMP_API int omp_get_place_num_procs(int number) {
  const Place *place = place_at(number);
  return place != nullptr ? static_cast<int>(place->size()) : 0;
}

HARTS_OMP_API void omp_get_place_proc_ids(int number, int *ids) {
  if (const Place *place = place_at(number)) std::copy(place->begin(), place->end(), ids);
}

/* Where the caller runs at this moment: it may be elsewhere at the next. A thread that holds no hart is nowhere. */
HARTS_OMP_API int omp_get_place_num() {
  self();
  const PlaceList &places = environment().places;
  const int hart = places.empty() ? -1 : lithe_hart_self();
  lithe_topology_t topology;
  if (hart < 0 || lithe_topology_get(&topology) != 0) return -1;
  return place_of(places, topology.places[hart].pu_os);
}

/* A thread may come to any place, so the partition of each is the whole list. */
HARTS_OMP_API int omp_get_partition_num_places() { return omp_get_num_places(); }
HARTS_OMP_API void omp_get_partition_place_nums(int *numbers) {
  for (int i = 0; i < omp_get_num_places(); ++i) numbers[i] = i;
}
