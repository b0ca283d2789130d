{
  "variables": {
    "lithe_sources": [
      "native/lithe/src/barrier.cc",
      "native/lithe/src/carrier.cc",
      "native/lithe/src/condvar.cc",
      "native/lithe/src/context.cc",
      "native/lithe/src/donor.cc",
      "native/lithe/src/dump.cc",
      "native/lithe/src/error.cc",
      "native/lithe/src/identity.cc",
      "native/lithe/src/mutex.cc",
      "native/lithe/src/park.cc",
      "native/lithe/src/pool.cc",
      "native/lithe/src/quota.cc",
      "native/lithe/src/root.cc",
      "native/lithe/src/runtime.cc",
      "native/lithe/src/sched.cc",
      "native/lithe/src/semaphore.cc",
      "native/lithe/src/stats.cc",
      "native/lithe/src/stress.cc",
      "native/lithe/src/switch_x86_64.S",
      "native/lithe/src/topology.cc",
      "native/lithe/src/topology_report.cc"
    ],
    "fork_join_sources": [
      "native/schedulers/fork_join/fork_join.cc"
    ],
    "openmp_sources": [
      "native/schedulers/openmp/crew.cc",
      "native/schedulers/openmp/env.cc",
      "native/schedulers/openmp/fortran.cc",
      "native/schedulers/openmp/icv.cc",
      "native/schedulers/openmp/parallel.cc",
      "native/schedulers/openmp/sync.cc",
      "native/schedulers/openmp/team.cc",
      "native/schedulers/openmp/unsupported.cc",
      "native/schedulers/openmp/word_lock.cc",
      "native/schedulers/openmp/worksharing.cc",
      "native/schedulers/openmp/workshare.cc"
    ],
    "addon_sources": [
      "native/addon/addon.cc",
      "native/addon/entry_binding.cc",
      "native/addon/env_state.cc",
      "native/addon/job.cc",
      "native/addon/job_binding.cc",
      "native/addon/job_flow.cc",
      "native/addon/job_plan.cc",
      "native/addon/job_team.cc",
      "native/addon/library.cc",
      "native/addon/machine_binding.cc",
      "native/addon/napi_util.cc",
      "native/addon/sampler.cc"
    ],
    "native_test_sources": [
      "native/addon/job.cc",
      "native/addon/job_flow.cc",
      "native/addon/job_plan.cc",
      "native/addon/job_plan_test.cc",
      "native/addon/job_team.cc",
      "native/addon/job_team_test.cc",
      "native/addon/job_test.cc",
      "native/schedulers/fork_join/fork_join_test.cc",
      "native/schedulers/openmp/parallel_test.cc",
      "native/schedulers/openmp/sync_test.cc",
      "native/schedulers/openmp/worksharing_test.cc",
      "native/testing/test_main.cc"
    ],
    "native_bench_sources": []
  }
}
