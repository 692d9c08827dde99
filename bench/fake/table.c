#include "table.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kBuckets = 1 << 15 };

struct service* services;
size_t service_count;
static size_t service_capacity;
static long buckets[kBuckets];

static void* grown(void* rows, size_t* capacity, size_t size) {
  *capacity = *capacity == 0 ? 16 : *capacity * 2;
  rows = realloc(rows, *capacity * size);
  if (rows == NULL) abort();
  return rows;
}

static size_t bucket_of(const struct service* key) {
  uint32_t hash = key->port ^ key->protocol;
  for (size_t i = 0; i < sizeof key->address; ++i) hash = hash * 31 + key->address[i];
  return hash % kBuckets;
}

long find_service(const struct service* key) {
  for (long at = buckets[bucket_of(key)]; at >= 0; at = services[at].next) {
    const struct service* one = &services[at];
    if (one->family == key->family && one->protocol == key->protocol && one->port == key->port &&
        memcmp(one->address, key->address, sizeof one->address) == 0) {
      return at;
    }
  }
  return -1;
}

void add_service(const struct service* service) {
  if (service_count == service_capacity) services = grown(services, &service_capacity, sizeof *services);
  const size_t bucket = bucket_of(service);
  services[service_count] = *service;
  services[service_count].next = buckets[bucket];
  buckets[bucket] = (long)service_count++;
}

void add_destination(struct service* service, const struct destination* destination) {
  if (service->count == service->capacity) {
    service->destinations = grown(service->destinations, &service->capacity, sizeof *service->destinations);
  }
  service->destinations[service->count++] = *destination;
}

struct destination* find_destination(struct service* service, const struct destination* key) {
  for (size_t i = 0; i < service->count; ++i) {
    struct destination* one = &service->destinations[i];
    if (one->port == key->port && memcmp(one->address, key->address, sizeof one->address) == 0) return one;
  }
  return NULL;
}

void flush(void) {
  for (size_t i = 0; i < service_count; ++i) free(services[i].destinations);
  service_count = 0;
  memset(buckets, -1, sizeof buckets);
}

__attribute__((constructor)) static void begin(void) {
  flush();
  unsigned count = 0, each = 0;
  const char* table = getenv("FAKE_IPVS_TABLE");
  if (table != NULL) (void)sscanf(table, "%ux%u", &count, &each);
  for (uint32_t i = 0; i < count; ++i) {
    struct service service = {.family = AF_INET, .protocol = IPPROTO_TCP, .port = htons(80), .scheduler = "rr"};
    service.flags.flags = IP_VS_SVC_F_HASHED;
    service.netmask = ~0U;
    const uint32_t vip = htonl(0x0a010000U + i);
    memcpy(service.address, &vip, sizeof vip);
    add_service(&service);
    for (uint32_t j = 0; j < each; ++j) {
      struct destination one = {.family = AF_INET, .port = htons(80), .forwarding = IP_VS_CONN_F_DROUTE, .weight = 1};
      const uint32_t rip = htonl(0x0a020000U + i * each + j);
      memcpy(one.address, &rip, sizeof rip);
      add_destination(&services[service_count - 1], &one);
    }
  }
}
