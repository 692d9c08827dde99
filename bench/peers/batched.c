/* The practical limit: many messages in each datagram of 128 KiB, an acknowledgement for the last one only.
   batched add|servers SERVICES DESTINATIONS | weight|read SERVICES DESTINATIONS COUNT | flush */
#include <string.h>

#include "raw.h"

static void add_destinations(struct raw* raw, const struct table* table, uint32_t service) {
  for (uint32_t i = 0; i < table->destinations; ++i) {
    put_destination(raw, IPVS_CMD_NEW_DEST, vip(service), rip(table, service, i), 1);
  }
}

static void add(struct raw* raw, const struct table* table) {
  for (uint32_t i = 0; i < table->services; ++i) {
    put_service(raw, i);
    add_destinations(raw, table, i);
  }
  raw_send(raw);
}

int main(int count, char** words) {
  const char* what = count > 1 ? words[1] : "";
  const struct table table = {count > 2 ? (uint32_t)atoi(words[2]) : 0, count > 3 ? (uint32_t)atoi(words[3]) : 0};
  const size_t repeats = count > 4 ? (size_t)atoi(words[4]) : 1;
  double* us = calloc(repeats, sizeof *us);
  struct raw* raw = raw_open();
  size_t rows = 0;
  if (strcmp(what, "add") == 0) {
    const double start = now_us();
    add(raw, &table);
    us[0] = now_us() - start;
  } else if (strcmp(what, "servers") == 0) {
    put_service(raw, 0);
    raw_send(raw);
    const double start = now_us();
    add_destinations(raw, &table, 0);
    raw_send(raw);
    us[0] = now_us() - start;
  } else if (strcmp(what, "weight") == 0) {
    add(raw, &table);
    for (size_t i = 0; i < repeats; ++i) {
      const double start = now_us();
      put_destination(raw, IPVS_CMD_SET_DEST, vip(0), rip(&table, 0, 0), 2 + i % 2);
      raw_send(raw);
      us[i] = now_us() - start;
    }
  } else if (strcmp(what, "read") == 0) {
    add(raw, &table);
    for (size_t i = 0; i < repeats; ++i) {
      struct service_list list = {0};
      const double start = now_us();
      raw_read(raw, &list);
      us[i] = now_us() - start;
      rows = rows_of(&list);
      forget(&list);
    }
  } else if (strcmp(what, "flush") == 0) {
    put_flush(raw);
    raw_send(raw);
  } else {
    fprintf(stderr, "batched: expected add, servers, weight, read or flush, found '%s'\n", what);
    return 2;
  }
  if (raw->failures > 0) {
    fprintf(stderr, "batched: the kernel refused %u messages\n", raw->failures);
    return 1;
  }
  print_result(us, repeats, rows);
  raw_close(raw);
  free(us);
  return 0;
}
