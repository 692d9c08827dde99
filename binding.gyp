{
  "variables": {
    # 1: for other machines than this one (prebuild/addons.mjs).
    "portable%": 0,
  },
  "target_defaults": {
    # A clone has node-addon-api by npm, the published package a copy of its headers.
    "include_dirs": ["<!(node -p \"try { require('node-addon-api').include_dir } catch { 'prebuilds/node-addon-api' }\")"],
    "defines": [
      "NAPI_VERSION=8",
      "NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS",
      "NODE_ADDON_API_ENABLE_MAYBE",
      # Without it node-addon-api aborts the process when a terminated worker's event loop still turns.
      "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
    ],
    "cflags": [
      "-Wall", "-Wextra", "-Wconversion", "-Wno-unused-parameter",
      "-fvisibility=hidden", "-fstack-protector-strong", "-fstack-clash-protection",
      "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=3",
      # Assertions name files: not by their place on this machine.
      "-ffile-prefix-map=<(module_root_dir)=ipvs",
    ],
    "cflags!": ["-fno-exceptions"],
    "cflags_cc!": ["-fno-exceptions", "-std=gnu++17", "-std=gnu++20", "-std=c++20"],
    "cflags_cc": ["-std=c++17", "-fexceptions"],
    # nodelete: a private thread may still wait in the kernel when the last worker_threads environment that loaded the
    # addon goes, and its code must stay mapped until it returns.
    "ldflags": [
      "-Wl,-z,relro,-z,now", "-Wl,-z,nodelete",
      "-Wl,--version-script=<(module_root_dir)/native/exports.map",
    ],
    "conditions": [
      # libgcc stays shared: node itself needs it, and Debian 12's static one asks for glibc 2.35.
      ["portable==1", {"ldflags": ["-static-libstdc++", "-Wl,--gc-sections", "-s"]}],
    ],
  },
  "targets": [
    {
      "target_name": "ipvs",
      "sources": [
        "native/addon.cc",
        "native/batch.cc",
        "native/worker.cc",
        "native/session.cc",
        "native/exchange.cc",
        "native/local.cc",
        "native/codec.cc",
        "native/records.cc",
      ],
      "cflags": ["<!@(pkg-config --cflags libnl-3.0 libnl-genl-3.0)"],
      "libraries": ["<!@(pkg-config --libs libnl-3.0 libnl-genl-3.0)"],
    },
    {
      "target_name": "system",
      "sources": [
        "native/system.cc",
        "native/echo_class.cc",
        "native/connect_class.cc",
        "native/echo.cc",
        "native/connect.cc",
        "native/unix.cc",
      ],
    },
  ],
}
