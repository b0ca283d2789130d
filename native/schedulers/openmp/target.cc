/* Target regions, on the only device that there is, the host: the region runs on the thread that meets it, as an initial
 * task with control variables of its own. Mapped data is where it was, so moving it is nothing to do. */
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "schedulers/openmp/team.hpp"

using namespace harts::omp;

namespace {

using Function = void (*)(void *);

/* A map kind of the compiler's: what, in the low byte, and the alignment's logarithm above it. */
constexpr unsigned kKindMask = 0xff, kFirstPrivate = 12;

/* An argument for the construct as a whole: its name and the devices that it is for, and the value above or in the next
 * word. */
constexpr uintptr_t kDeviceMask = 0x7f, kAllDevices = 0, kHasNextWord = 0x80, kNameMask = 0xff00, kThreadLimit = 0x200,
                    kValueShift = 16;

void need_no_device() {
  if (environment().needs_device) {
    fatal("OMP_TARGET_OFFLOAD=MANDATORY, and this library runs target regions on the host only");
  }
}

/* The thread_limit clause, 0 when there is none. */
unsigned thread_limit_in(void **arguments) {
  unsigned limit = 0;
  for (; arguments != nullptr && *arguments != nullptr; ++arguments) {
    const uintptr_t argument = reinterpret_cast<uintptr_t>(*arguments);
    const bool is_for_us = (argument & kDeviceMask) == kAllDevices && (argument & kNameMask) == kThreadLimit;
    uintptr_t value = argument >> kValueShift;
    if ((argument & kHasNextWord) != 0) value = reinterpret_cast<uintptr_t>(*++arguments);
    if (is_for_us && static_cast<intptr_t>(value) > 0)
      limit = static_cast<unsigned>(std::min<uintptr_t>(value, INT32_MAX));
  }
  return limit;
}

/* Firstprivate variables come by address: the region gets copies, in memory that lasts as long as this. */
class FirstPrivate {
 public:
  FirstPrivate(size_t count, void **addresses, const size_t *sizes, const unsigned short *kinds) {
    size_t all = 0;
    for (size_t i = 0; i < count; ++i) {
      if (is_copied(addresses[i], kinds[i])) all += sizes[i] + alignment_of(kinds[i]);
    }
    if (all == 0) return;
    memory_.reset(static_cast<char *>(malloc(all)));
    if (!memory_) fatal("out of memory: %zu bytes for the firstprivate variables of a target region", all);
    uintptr_t at = reinterpret_cast<uintptr_t>(memory_.get());
    for (size_t i = 0; i < count; ++i) {
      if (!is_copied(addresses[i], kinds[i])) continue;
      at = (at + alignment_of(kinds[i]) - 1) & ~(alignment_of(kinds[i]) - 1);
      addresses[i] = memcpy(reinterpret_cast<void *>(at), addresses[i], sizes[i]);
      at += sizes[i];
    }
  }

 private:
  static bool is_copied(const void *address, unsigned kind) {
    return (kind & kKindMask) == kFirstPrivate && address != nullptr;
  }
  static uintptr_t alignment_of(unsigned kind) { return uintptr_t{1} << (kind >> 8); }

  struct Free {
    void operator()(char *memory) const { free(memory); }
  };
  std::unique_ptr<char, Free> memory_;
};

void run(Function function, void **addresses, unsigned thread_limit) {
  Member &member = self();
  ContentionGroup group;
  group.limit = thread_limit != 0 ? thread_limit : environment().thread_limit;
  run_initial(member, function, addresses, group, environment().controls);
}

bool is_host(int device) { return device == 0 || device == -1; }

/* One dimension of a copy between two arrays, and by itself those inside. Sizes in bytes at the end. */
void copy_rows(char *to, const char *from, size_t element, int dimensions, const size_t *volume,
               const size_t *to_offset, const size_t *from_offset, const size_t *to_size, const size_t *from_size) {
  size_t to_stride = element, from_stride = element;
  for (int i = 1; i < dimensions; ++i) {
    to_stride *= to_size[i];
    from_stride *= from_size[i];
  }
  to += to_offset[0] * to_stride;
  from += from_offset[0] * from_stride;
  if (dimensions == 1) {
    memmove(to, from, volume[0] * element);
    return;
  }
  for (size_t row = 0; row < volume[0]; ++row) {
    copy_rows(to + row * to_stride, from + row * from_stride, element, dimensions - 1, volume + 1, to_offset + 1,
              from_offset + 1, to_size + 1, from_size + 1);
  }
}

}  // namespace

HARTS_OMP_API void GOMP_target(int, Function function, const void *, size_t, void **addresses, size_t *,
                               unsigned char *) {
  need_no_device();
  run(function, addresses, 0);
}

/* With nowait or depend too: the region is done when this returns, and what it depends on was before. */
HARTS_OMP_API void GOMP_target_ext(int, Function function, size_t count, void **addresses, size_t *sizes,
                                   unsigned short *kinds, unsigned, void **, void **arguments) {
  need_no_device();
  const FirstPrivate copies(count, addresses, sizes, kinds);
  run(function, addresses, thread_limit_in(arguments));
}

HARTS_OMP_API void GOMP_target_data(int, const void *, size_t, void **, size_t *, unsigned char *) { need_no_device(); }
HARTS_OMP_API void GOMP_target_data_ext(int, size_t, void **, size_t *, unsigned short *) { need_no_device(); }
HARTS_OMP_API void GOMP_target_end_data() {}
HARTS_OMP_API void GOMP_target_update(int, const void *, size_t, void **, size_t *, unsigned char *) {
  need_no_device();
}
HARTS_OMP_API void GOMP_target_update_ext(int, size_t, void **, size_t *, unsigned short *, unsigned, void **) {
  need_no_device();
}
HARTS_OMP_API void GOMP_target_enter_exit_data(int, size_t, void **, size_t *, unsigned short *, unsigned, void **) {
  need_no_device();
}

/* Images of code for devices that are not there. */
HARTS_OMP_API void GOMP_offload_register(const void *, int, const void *) {}
HARTS_OMP_API void GOMP_offload_register_ver(unsigned, const void *, int, const void *) {}
HARTS_OMP_API void GOMP_offload_unregister(const void *, int, const void *) {}
HARTS_OMP_API void GOMP_offload_unregister_ver(unsigned, const void *, int, const void *) {}

HARTS_OMP_API void *omp_target_alloc(size_t size, int device) {
  return is_host(device) && size != 0 ? malloc(size) : nullptr;
}
HARTS_OMP_API void omp_target_free(void *memory, int device) {
  if (is_host(device)) free(memory);
}
HARTS_OMP_API int omp_target_is_present(const void *memory, int device) {
  return memory != nullptr && is_host(device) ? 1 : 0;
}
HARTS_OMP_API int omp_target_memcpy(void *to, const void *from, size_t length, size_t to_offset, size_t from_offset,
                                    int to_device, int from_device) {
  if (!is_host(to_device) || !is_host(from_device)) return EINVAL;
  if (length != 0) memmove(static_cast<char *>(to) + to_offset, static_cast<const char *>(from) + from_offset, length);
  return 0;
}
/* Without arrays: asks how many dimensions there may be. */
HARTS_OMP_API int omp_target_memcpy_rect(void *to, const void *from, size_t element, int dimensions,
                                         const size_t *volume, const size_t *to_offset, const size_t *from_offset,
                                         const size_t *to_size, const size_t *from_size, int to_device,
                                         int from_device) {
  if (to == nullptr && from == nullptr) return INT32_MAX;
  if (dimensions < 1 || !is_host(to_device) || !is_host(from_device)) return EINVAL;
  for (int i = 0; i < dimensions; ++i) {
    if (to_offset[i] + volume[i] > to_size[i] || from_offset[i] + volume[i] > from_size[i]) return EINVAL;
  }
  copy_rows(static_cast<char *>(to), static_cast<const char *>(from), element, dimensions, volume, to_offset,
            from_offset, to_size, from_size);
  return 0;
}
/* Memory of the host is always there and cannot be another's. */
HARTS_OMP_API int omp_target_associate_ptr(const void *, const void *, size_t, size_t, int) { return EINVAL; }
HARTS_OMP_API int omp_target_disassociate_ptr(const void *, int) { return EINVAL; }
