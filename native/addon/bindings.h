/* The functions that the addon exports, one per line of NativeBinding in src/native/binding.ts. */
#ifndef HARTS_ADDON_BINDINGS_H
#define HARTS_ADDON_BINDINGS_H

#include <node_api.h>

#include <string>

namespace harts::addon {

/* entry_binding.cc */
napi_value bind_load_entry(napi_env env, napi_callback_info info); /* (path, symbol) => entry */
napi_value bind_call_entry(napi_env env, napi_callback_info info); /* (entry, arrays, scalars) => number */
/* job_binding.cc */
napi_value bind_run_plan(napi_env env, napi_callback_info info);       /* (plan, done) => id */
napi_value bind_run_plan_sync(napi_env env, napi_callback_info info);  /* (plan) => result */
napi_value bind_abort_job(napi_env env, napi_callback_info info);      /* (id) => void */
napi_value bind_job_iterations(napi_env env, napi_callback_info info); /* (id) => number */
/* machine_binding.cc */
napi_value bind_topology(napi_env env, napi_callback_info info);       /* () => topology */
napi_value bind_stats(napi_env env, napi_callback_info info);          /* () => stats */
napi_value bind_foreign_openmp(napi_env env, napi_callback_info info); /* () => file of another libgomp, or "" */
/* Why the machine could not be read. */
std::string topology_problem(int code);
/* limit_binding.cc */
napi_value bind_set_harts(napi_env env, napi_callback_info info);      /* (harts) => void */
napi_value bind_hart_limit(napi_env env, napi_callback_info info);     /* () => number */
napi_value bind_set_preemption(napi_env env, napi_callback_info info); /* (quantum) => boolean */
/* trace_binding.cc */
napi_value bind_trace_start(napi_env env, napi_callback_info info); /* (eventsPerHart) => void */
napi_value bind_trace_stop(napi_env env, napi_callback_info info);  /* () => void */
napi_value bind_trace_write(napi_env env, napi_callback_info info); /* (file descriptor) => void */
napi_value bind_trace_text(napi_env env, napi_callback_info info);  /* () => string */

}  // namespace harts::addon

#endif
