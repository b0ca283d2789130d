{
  "variables": {
    "lithe_sources": [],
    "fork_join_sources": [],
    "openmp_sources": [],
    "addon_sources": [],
    "native_test_sources": [],
    "native_bench_sources": []
  }
}
