#include <cstdint>
#include <string>

#include "addon/bindings.h"
#include "addon/library.h"
#include "addon/napi_util.h"
#include "addon/sampler.h"
#include "lithe/lithe.h"

namespace harts::addon {
namespace {

napi_value place(napi_env env, const lithe_hart_place_t &where) {
  napi_value result;
  const bool ok = napi_create_object(env, &result) == napi_ok && set_number(env, result, "pu", where.pu_os) &&
                  set_number(env, result, "core", where.core) && set_number(env, result, "l2", where.l2) &&
                  set_number(env, result, "l3", where.l3) && set_number(env, result, "numa", where.numa) &&
                  set_number(env, result, "package", where.package);
  return ok ? result : nullptr;
}

// [{decisions, ...}], one for each hart; nullptr on failure.
napi_value hart_stats(napi_env env, std::uint32_t harts) {
  napi_value result;
  if (napi_create_array_with_length(env, harts, &result) != napi_ok) return nullptr;
  for (std::uint32_t i = 0; i < harts; ++i) {
    lithe_hart_stats_t stats;
    if (lithe_stats_hart(static_cast<int>(i), &stats) != 0) return nullptr;
    const struct {
      const char *name;
      std::uint64_t value;
    } fields[] = {
        {"schedulersEntered", stats.schedulers_entered},
        {"grants", stats.grants},
        {"yields", stats.yields},
        {"contextSwitches", stats.context_switches},
        {"blocks", stats.blocks},
        {"contextYields", stats.context_yields},
        {"contextExits", stats.context_exits},
        {"decisions", stats.decisions},
        {"parks", stats.parks},
        {"handoffs", stats.handoffs},
        {"departures", stats.departures},
        {"preemptions", stats.preemptions},
    };
    napi_value entry;
    if (napi_create_object(env, &entry) != napi_ok || !set_boolean(env, entry, "busy", stats.is_busy)) return nullptr;
    for (const auto &field : fields)
      if (!set_number(env, entry, field.name, static_cast<double>(field.value))) return nullptr;
    if (napi_set_element(env, result, i, entry) != napi_ok) return nullptr;
  }
  return result;
}

}  // namespace

std::string topology_problem(int code) {
  const std::string problem = lithe_topology_problem();
  return problem.empty() ? lithe_strerror(code) : problem;
}

napi_value bind_topology(napi_env env, napi_callback_info) {
  lithe_topology_t topology;
  if (const int code = lithe_topology_get(&topology); code < 0) {
    return throw_error(env, "ERR_HARTS_TOPOLOGY", topology_problem(code));
  }
  napi_value result, places;
  if (napi_create_object(env, &result) != napi_ok || !set_number(env, result, "harts", topology.harts) ||
      !set_number(env, result, "pus", topology.pus) || !set_number(env, result, "machinePus", topology.machine_pus) ||
      !set_number(env, result, "quota", topology.quota) || !set_boolean(env, result, "virtual", topology.is_virtual) ||
      !set_boolean(env, result, "synthetic", topology.is_synthetic) || !set_number(env, result, "smt", topology.smt) ||
      !set_boolean(env, result, "smtUsed", topology.is_smt_used) ||
      !set_boolean(env, result, "pinned", topology.is_pinned) ||
      !set_boolean(env, result, "foreignOpenmp", !foreign_openmp().empty()) ||
      napi_create_array_with_length(env, static_cast<std::size_t>(topology.harts), &places) != napi_ok)
    return nullptr;
  for (int i = 0; i < topology.harts; ++i) {
    napi_value entry = place(env, topology.places[i]);
    if (entry == nullptr || napi_set_element(env, places, static_cast<std::uint32_t>(i), entry) != napi_ok)
      return nullptr;
  }
  return napi_set_named_property(env, result, "places", places) == napi_ok ? result : nullptr;
}

napi_value bind_foreign_openmp(napi_env env, napi_callback_info) {
  napi_value result;
  const std::string &file = foreign_openmp();
  return napi_create_string_utf8(env, file.data(), file.size(), &result) == napi_ok ? result : nullptr;
}

napi_value bind_stats(napi_env env, napi_callback_info) {
  lithe_stats_t stats;
  lithe_stats_get(&stats);
  const Sampler &sampler = Sampler::instance();
  const struct {
    const char *name;
    std::uint64_t value;
  } fields[] = {
      {"harts", stats.harts},
      {"hartsBusy", stats.harts_busy},
      {"hartsBusyMost", stats.harts_busy_most},
      {"schedulersEntered", stats.schedulers_entered},
      {"schedulers", stats.schedulers},
      {"grants", stats.grants},
      {"yields", stats.yields},
      {"contextSwitches", stats.context_switches},
      {"blocks", stats.blocks},
      {"unblocks", stats.unblocks},
      {"contextYields", stats.context_yields},
      {"contextExits", stats.context_exits},
      {"decisions", stats.decisions},
      {"parks", stats.parks},
      {"wakes", stats.wakes},
      {"handoffs", stats.handoffs},
      {"departures", stats.departures},
      {"preemptions", stats.preemptions},
      {"askedToYield", stats.asked_to_yield},
      {"hartsOffline", stats.harts_offline},
      {"carriers", stats.carriers},
      {"contexts", stats.contexts},
      {"contextsPooled", stats.contexts_pooled},
      {"guests", stats.guests},
      {"jobsStarted", sampler.jobs_started()},
      {"jobsActive", sampler.jobs_active()},
      {"samples", sampler.samples()},
      {"oversubscribedSamples", sampler.oversubscribed()},
  };
  napi_value result;
  if (napi_create_object(env, &result) != napi_ok) return nullptr;
  for (const auto &field : fields)
    if (!set_number(env, result, field.name, static_cast<double>(field.value))) return nullptr;
  napi_value per_hart = hart_stats(env, stats.harts);
  if (per_hart == nullptr || napi_set_named_property(env, result, "perHart", per_hart) != napi_ok) return nullptr;
  return result;
}

}  // namespace harts::addon
