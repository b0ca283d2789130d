/* The shared libraries around the addon: itself, the libgomp.so.1 beside it, compiled kernels. */
#ifndef HARTS_ADDON_LIBRARY_H
#define HARTS_ADDON_LIBRARY_H

#include <string>

#include "addon/job_plan.h"

namespace harts::addon {

/* Loads the libgomp.so.1 that lies beside the addon, so that every object loaded later that needs a libgomp.so.1 gets
 * ours: the dynamic linker matches by SONAME. Keeps the addon in memory for ever, because contexts run its code after
 * the environment that loaded it is gone. Once per process; false with the linker's text in `*problem`. */
bool load_companions(std::string *problem);

/* The file of another library of that SONAME that was loaded before ours, so that OpenMP code binds to it instead; empty
 * when there is none. */
const std::string &foreign_openmp();

/* Opens `path` for ever and finds `symbol`. The returned entry is the process's: the same pair gives the same pointer.
 * nullptr with the linker's text in `*problem`. Callable from: any thread. */
const Entry *load_entry(const std::string &path, const std::string &symbol, std::string *problem);

/* Whether load_entry has returned `entry`. */
bool is_entry(const void *entry);

}  // namespace harts::addon

#endif
