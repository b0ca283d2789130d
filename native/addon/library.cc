#include "addon/library.h"

#include <dlfcn.h>
#include <link.h>

#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "lithe/hart.h"

namespace harts::addon {
namespace {

// All of this is leaked on purpose: threads of the runtime may outlive static destructors.
struct Registry {
  std::mutex lock;
  std::map<std::pair<std::string, std::string>, const Entry *> entries;
  std::set<const void *> known;
};

Registry &registry() {
  static Registry &leaked = *new Registry;
  return leaked;
}

struct Companions {
  bool loaded = false;
  std::string foreign;
  std::string problem;
};

std::string linker_text() {
  const char *text = dlerror();
  return text != nullptr ? text : "unknown error of the dynamic linker";
}

// The file of a libgomp that is not on harts; empty for one that is. One that was preloaded, or found through
// LD_LIBRARY_PATH, may be another file than the one beside the addon, on the same liblithe.
std::string file_if_foreign(void *openmp) {
  if (dlsym(openmp, "lithe_hart_count") == reinterpret_cast<void *>(&lithe_hart_count)) return "";
  link_map *map = nullptr;
  if (dlinfo(openmp, RTLD_DI_LINKMAP, &map) != 0 || map == nullptr || *map->l_name == '\0') return "libgomp.so.1";
  return map->l_name;
}

Companions load() {
  Companions result;
  Dl_info info;
  if (dladdr(reinterpret_cast<const void *>(&load_companions), &info) == 0 || info.dli_fname == nullptr) {
    result.problem = "the addon cannot find its own path";
    return result;
  }
  const std::string self = info.dli_fname;
  if (dlopen(self.c_str(), RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE) == nullptr) {
    result.problem = linker_text();
    return result;
  }
  const std::string openmp = self.substr(0, self.find_last_of('/') + 1) + "libgomp.so.1";
  void *const ours = dlopen(openmp.c_str(), RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
  if (ours == nullptr) {
    result.problem = linker_text();
    return result;
  }
  void *const bound = dlopen("libgomp.so.1", RTLD_NOW | RTLD_NOLOAD);
  if (bound != nullptr) {
    if (bound != ours) result.foreign = file_if_foreign(bound);
    dlclose(bound);
  }
  result.loaded = true;
  return result;
}

const Companions &companions() {
  static const Companions &leaked = *new Companions(load());
  return leaked;
}

}  // namespace

bool load_companions(std::string *problem) {
  *problem = companions().problem;
  return companions().loaded;
}

const std::string &foreign_openmp() { return companions().foreign; }

const Entry *load_entry(const std::string &path, const std::string &symbol, std::string *problem) {
  Registry &all = registry();
  const std::lock_guard hold(all.lock);
  const Entry *&slot = all.entries[{path, symbol}];
  if (slot != nullptr) return slot;
  void *const object = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (object == nullptr) {
    *problem = linker_text();
    return nullptr;
  }
  dlerror();
  void *const found = dlsym(object, symbol.c_str());
  if (found == nullptr) {
    *problem = linker_text();
    return nullptr;
  }
  slot = new Entry(reinterpret_cast<Entry>(found));
  all.known.insert(slot);
  return slot;
}

bool is_entry(const void *entry) {
  Registry &all = registry();
  const std::lock_guard hold(all.lock);
  return all.known.count(entry) != 0;
}

}  // namespace harts::addon
