/* What a reading gives: every attribute of every row, in structs that a program could work with. */
#pragma once
#include <linux/ip_vs.h>
#include <stddef.h>
#include <stdint.h>

struct statistics {
  uint64_t counter[IPVS_STATS_ATTR_MAX + 1];
};

struct service_row {
  uint16_t family, protocol, port;
  uint8_t address[16];
  uint32_t mark, timeout, netmask;
  struct ip_vs_flags flags;
  char scheduler[16], engine[16];
  struct statistics statistics;
};

struct destination_row {
  uint16_t family, port, tunnel_port, tunnel_flags;
  uint8_t address[16];
  uint8_t tunnel_type;
  uint32_t forwarding, weight, upper, lower, active, inactive, persistent;
  struct statistics statistics;
};

struct destination_list {
  struct destination_row* rows;
  size_t count, capacity;
};

struct service_list {
  struct service_row* rows;
  struct destination_list* destinations; /* of each service */
  size_t count, capacity;
};

/* One more row, all zero, at the end. */
struct service_row* add_service(struct service_list* list);
struct destination_row* add_destination(struct destination_list* list);
size_t rows_of(const struct service_list* list);
void forget(struct service_list* list);
