# The npm build: build/Release/{liblithe.so.1, libgomp.so.1, harts.node}, which find each other through $ORIGIN.
# The sources come from native/sources.gypi; native/Makefile builds the same lists for tests and sanitizers.
{
  "includes": ["native/sources.gypi"],
  "variables": {
    "werror": "<!(node -p \"process.env.CI || process.env.HARTS_WERROR ? 1 : 0\")"
  },
  "target_defaults": {
    "default_configuration": "Release",
    "include_dirs": ["native/lithe/include", "native"],
    "cflags": ["-g", "-pthread", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra"],
    "cflags_c": ["-std=c11"],
    "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-exceptions", "-fno-rtti"],
    "cflags_cc": ["-std=c++20", "-fexceptions", "-fvisibility-inlines-hidden"],
    "cflags!": ["-O3", "-fno-exceptions", "-Wno-unused-parameter"],
    "conditions": [["werror==1", {"cflags": ["-Werror"]}]],
    "configurations": {
      "Release": {"cflags": ["-O2"], "cflags!": ["-O3"]}
    },
    "ldflags": ["-pthread", "-Wl,-z,noexecstack", "-Wl,-rpath,'$$ORIGIN'"]
  },
  "targets": [
    {
      "target_name": "lithe",
      "type": "shared_library",
      "product_dir": "<(PRODUCT_DIR)",
      "product_prefix": "lib",
      "product_name": "lithe",
      "product_extension": "so.1",
      "sources": ["<@(lithe_sources)"],
      "conditions": [
        ["target_arch=='x64'", {"sources": ["<@(switch_x86_64_sources)"]}],
        ["target_arch=='arm64'", {"sources": ["<@(switch_aarch64_sources)"]}]
      ],
      "include_dirs": ["native/lithe/src"],
      "ldflags": [
        "-Wl,-soname,liblithe.so.1",
        "-Wl,-z,nodelete",
        "-Wl,--version-script=<(module_root_dir)/native/lithe/lithe.map",
        "-Wl,-z,defs"
      ],
      "libraries": ["-lhwloc", "-ldl"]
    },
    {
      "target_name": "gomp",
      "type": "shared_library",
      "product_dir": "<(PRODUCT_DIR)",
      "product_prefix": "lib",
      "product_name": "gomp",
      "product_extension": "so.1",
      "dependencies": ["lithe"],
      "sources": ["<@(openmp_sources)"],
      "ldflags": [
        "-Wl,-soname,libgomp.so.1",
        "-Wl,-z,nodelete",
        "-Wl,--version-script=<(module_root_dir)/native/schedulers/openmp/abi.map",
        "-Wl,-z,defs"
      ],
      "libraries": ["-ldl"]
    },
    {
      "target_name": "harts",
      "product_dir": "<(PRODUCT_DIR)",
      "dependencies": ["lithe"],
      "sources": ["<@(addon_sources)", "<@(fork_join_sources)"],
      "defines": ["NAPI_VERSION=8"],
      "libraries": ["-ldl"]
    }
  ]
}
