/* The table of a workload, the same for every contestant: so many virtual services (tcp, rr, port 80), so many
   destinations each (direct, weight 1). bench/table.ts has the same addresses. */
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { kPort = 80 };

struct table {
  uint32_t services;
  uint32_t destinations;
};

/* In host order: 10.1.0.0 and on, 10.2.0.0 and on. */
static inline uint32_t vip(uint32_t service) { return 0x0a010000U + service; }
static inline uint32_t rip(const struct table* table, uint32_t service, uint32_t destination) {
  return 0x0a020000U + service * table->destinations + destination;
}

static inline double now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

_Noreturn static inline void fail(const char* what) {
  perror(what);
  exit(1);
}

/* What every program here prints: the durations in microseconds, in order, and how many rows the last reading had. */
static inline void print_result(const double* us, size_t count, size_t rows) {
  printf("{\"us\":[");
  for (size_t i = 0; i < count; ++i) printf("%s%.1f", i == 0 ? "" : ",", us[i]);
  printf("],\"rows\":%zu}\n", rows);
}
