/* The table in memory. Values as they stand in attributes: addresses and ports in network order. */
#pragma once
#include <linux/ip_vs.h>
#include <stddef.h>
#include <stdint.h>

/* A preloaded library's names would stand in for others'. */
#pragma GCC visibility push(hidden)

struct destination {
  uint8_t address[16];
  uint16_t family, port;
  uint32_t forwarding, weight, upper, lower;
};
struct service {
  uint8_t address[16];
  uint16_t family, protocol, port;
  char scheduler[16];
  struct ip_vs_flags flags;
  uint32_t timeout, netmask;
  struct destination* destinations;
  size_t count, capacity;
  long next; /* in its bucket; -1: none */
};

/* In the order of their making. */
extern struct service* services;
extern size_t service_count;

/* Its place; -1 when there is none of that protocol, address and port. */
long find_service(const struct service* key);
struct destination* find_destination(struct service* service, const struct destination* key);
void add_service(const struct service* service);
/* Unchecked: a benchmark adds each once, and the search for it would grow with their number. */
void add_destination(struct service* service, const struct destination* destination);
void flush(void);

#pragma GCC visibility pop
