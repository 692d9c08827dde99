#include <errno.h>
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel.h"
#include "table.h"

enum { kFamily = 32, kLongestRow = 420 };

static double now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

void spend(void) {
  static double cost_us = -1;
  if (cost_us < 0) {
    const char* cost = getenv("FAKE_IPVS_US");
    cost_us = cost == NULL ? 2 : atof(cost);
  }
  for (const double end = now_us() + cost_us; now_us() < end;) continue;
}

/* ── requests ── */

static void parse(const struct nlattr** found, uint16_t max, const uint8_t* at, size_t size) {
  memset(found, 0, (max + 1U) * sizeof *found);
  while (size >= NLA_HDRLEN) {
    const struct nlattr* attribute = (const struct nlattr*)at;
    if (attribute->nla_len < NLA_HDRLEN || attribute->nla_len > size) return;
    const uint16_t type = attribute->nla_type & NLA_TYPE_MASK;
    if (type <= max) found[type] = attribute;
    const size_t step = NLA_ALIGN(attribute->nla_len);
    if (step >= size) return;
    at += step;
    size -= step;
  }
}

static void take(const struct nlattr* attribute, void* value, size_t size) {
  if (attribute == NULL) return;
  const size_t there = attribute->nla_len - (size_t)NLA_HDRLEN;
  memcpy(value, (const uint8_t*)attribute + NLA_HDRLEN, there < size ? there : size);
}

static void parse_nest(const struct nlattr** found, uint16_t max, const struct nlattr* nest) {
  if (nest == NULL)
    parse(found, max, NULL, 0);
  else
    parse(found, max, (const uint8_t*)nest + NLA_HDRLEN, nest->nla_len - (size_t)NLA_HDRLEN);
}

static void parse_message(const struct nlattr** found, const struct nlmsghdr* message) {
  const size_t head = NLMSG_HDRLEN + GENL_HDRLEN;
  if (message->nlmsg_len < head)
    parse(found, IPVS_CMD_ATTR_MAX, NULL, 0);
  else
    parse(found, IPVS_CMD_ATTR_MAX, (const uint8_t*)message + head, message->nlmsg_len - head);
}

static struct service read_service(const struct nlattr* nest) {
  struct service service = {0};
  const struct nlattr* found[IPVS_SVC_ATTR_MAX + 1];
  parse_nest(found, IPVS_SVC_ATTR_MAX, nest);
  take(found[IPVS_SVC_ATTR_AF], &service.family, sizeof service.family);
  take(found[IPVS_SVC_ATTR_PROTOCOL], &service.protocol, sizeof service.protocol);
  take(found[IPVS_SVC_ATTR_ADDR], service.address, sizeof service.address);
  take(found[IPVS_SVC_ATTR_PORT], &service.port, sizeof service.port);
  take(found[IPVS_SVC_ATTR_SCHED_NAME], service.scheduler, sizeof service.scheduler);
  take(found[IPVS_SVC_ATTR_FLAGS], &service.flags, sizeof service.flags);
  take(found[IPVS_SVC_ATTR_TIMEOUT], &service.timeout, sizeof service.timeout);
  take(found[IPVS_SVC_ATTR_NETMASK], &service.netmask, sizeof service.netmask);
  service.flags.flags |= IP_VS_SVC_F_HASHED;
  return service;
}

static struct destination read_destination(const struct nlattr* nest) {
  struct destination destination = {.family = AF_INET};
  const struct nlattr* found[IPVS_DEST_ATTR_MAX + 1];
  parse_nest(found, IPVS_DEST_ATTR_MAX, nest);
  take(found[IPVS_DEST_ATTR_ADDR_FAMILY], &destination.family, sizeof destination.family);
  take(found[IPVS_DEST_ATTR_ADDR], destination.address, sizeof destination.address);
  take(found[IPVS_DEST_ATTR_PORT], &destination.port, sizeof destination.port);
  take(found[IPVS_DEST_ATTR_FWD_METHOD], &destination.forwarding, sizeof destination.forwarding);
  take(found[IPVS_DEST_ATTR_WEIGHT], &destination.weight, sizeof destination.weight);
  take(found[IPVS_DEST_ATTR_U_THRESH], &destination.upper, sizeof destination.upper);
  take(found[IPVS_DEST_ATTR_L_THRESH], &destination.lower, sizeof destination.lower);
  return destination;
}

/* ── answers ── */

struct writer {
  uint8_t* bytes;
  size_t used;
};

static size_t put(struct writer* to, uint16_t type, const void* data, size_t size) {
  const size_t at = to->used;
  const struct nlattr header = {(uint16_t)(NLA_HDRLEN + size), type};
  memcpy(to->bytes + at, &header, sizeof header);
  if (size > 0) memcpy(to->bytes + at + NLA_HDRLEN, data, size);
  to->used += NLA_ALIGN(header.nla_len);
  return at;
}

static void end_nest(struct writer* to, size_t start) {
  const uint16_t size = (uint16_t)(to->used - start);
  memcpy(to->bytes + start, &size, sizeof size);
}

static void begin_message(struct writer* to, uint16_t type, uint8_t command, uint16_t flags, uint32_t sequence,
                          uint32_t port) {
  const struct nlmsghdr header = {0, type, flags, sequence, port};
  const struct genlmsghdr generic = {command, 1, 0};
  memcpy(to->bytes, &header, sizeof header);
  memcpy(to->bytes + NLMSG_HDRLEN, &generic, sizeof generic);
  to->used = NLMSG_HDRLEN + GENL_HDRLEN;
}

static size_t end_message(struct writer* to) {
  const uint32_t size = (uint32_t)to->used;
  memcpy(to->bytes, &size, sizeof size);
  return size;
}

static void put_stats(struct writer* to, uint16_t type) {
  const uint64_t zero = 0;
  const size_t start = put(to, type, NULL, 0);
  for (uint16_t i = IPVS_STATS_ATTR_CONNS; i <= IPVS_STATS_ATTR_OUTBPS; ++i) put(to, i, &zero, sizeof zero);
  end_nest(to, start);
}

static size_t write_service(uint8_t* bytes, const struct service* service, uint16_t flags, uint32_t sequence,
                            uint32_t port) {
  struct writer to = {bytes, 0};
  begin_message(&to, kFamily, IPVS_CMD_NEW_SERVICE, flags, sequence, port);
  const size_t start = put(&to, IPVS_CMD_ATTR_SERVICE, NULL, 0);
  put(&to, IPVS_SVC_ATTR_AF, &service->family, sizeof service->family);
  put(&to, IPVS_SVC_ATTR_PROTOCOL, &service->protocol, sizeof service->protocol);
  put(&to, IPVS_SVC_ATTR_ADDR, service->address, sizeof service->address);
  put(&to, IPVS_SVC_ATTR_PORT, &service->port, sizeof service->port);
  put(&to, IPVS_SVC_ATTR_SCHED_NAME, service->scheduler, strlen(service->scheduler) + 1);
  put(&to, IPVS_SVC_ATTR_FLAGS, &service->flags, sizeof service->flags);
  put(&to, IPVS_SVC_ATTR_TIMEOUT, &service->timeout, sizeof service->timeout);
  put(&to, IPVS_SVC_ATTR_NETMASK, &service->netmask, sizeof service->netmask);
  put_stats(&to, IPVS_SVC_ATTR_STATS64);
  put_stats(&to, IPVS_SVC_ATTR_STATS);
  end_nest(&to, start);
  return end_message(&to);
}

static size_t write_destination(uint8_t* bytes, const struct destination* one, uint32_t sequence, uint32_t port) {
  struct writer to = {bytes, 0};
  const uint32_t none = 0;
  begin_message(&to, kFamily, IPVS_CMD_NEW_DEST, NLM_F_MULTI, sequence, port);
  const size_t start = put(&to, IPVS_CMD_ATTR_DEST, NULL, 0);
  put(&to, IPVS_DEST_ATTR_ADDR, one->address, sizeof one->address);
  put(&to, IPVS_DEST_ATTR_PORT, &one->port, sizeof one->port);
  put(&to, IPVS_DEST_ATTR_ADDR_FAMILY, &one->family, sizeof one->family);
  put(&to, IPVS_DEST_ATTR_FWD_METHOD, &one->forwarding, sizeof one->forwarding);
  put(&to, IPVS_DEST_ATTR_WEIGHT, &one->weight, sizeof one->weight);
  put(&to, IPVS_DEST_ATTR_TUN_TYPE, &none, sizeof(uint8_t));
  put(&to, IPVS_DEST_ATTR_TUN_PORT, &none, sizeof(uint16_t));
  put(&to, IPVS_DEST_ATTR_TUN_FLAGS, &none, sizeof(uint16_t));
  put(&to, IPVS_DEST_ATTR_U_THRESH, &one->upper, sizeof one->upper);
  put(&to, IPVS_DEST_ATTR_L_THRESH, &one->lower, sizeof one->lower);
  put(&to, IPVS_DEST_ATTR_ACTIVE_CONNS, &none, sizeof none);
  put(&to, IPVS_DEST_ATTR_INACT_CONNS, &none, sizeof none);
  put(&to, IPVS_DEST_ATTR_PERSIST_CONNS, &none, sizeof none);
  put_stats(&to, IPVS_DEST_ATTR_STATS64);
  put_stats(&to, IPVS_DEST_ATTR_STATS);
  end_nest(&to, start);
  return end_message(&to);
}

static int answer_family(const struct nlmsghdr* request, uint32_t port, uint8_t* bytes, size_t* size) {
  struct writer to = {bytes, 0};
  const uint16_t family = kFamily;
  begin_message(&to, GENL_ID_CTRL, CTRL_CMD_NEWFAMILY, 0, request->nlmsg_seq, port);
  put(&to, CTRL_ATTR_FAMILY_NAME, IPVS_GENL_NAME, sizeof IPVS_GENL_NAME);
  put(&to, CTRL_ATTR_FAMILY_ID, &family, sizeof family);
  *size = end_message(&to);
  return 0;
}

static int answer_info(const struct nlmsghdr* request, uint32_t port, uint8_t* bytes, size_t* size) {
  struct writer to = {bytes, 0};
  const uint32_t version = 0x010201, table = 4096;
  begin_message(&to, kFamily, IPVS_CMD_SET_INFO, 0, request->nlmsg_seq, port);
  put(&to, IPVS_INFO_ATTR_VERSION, &version, sizeof version);
  put(&to, IPVS_INFO_ATTR_CONN_TAB_SIZE, &table, sizeof table);
  *size = end_message(&to);
  return 0;
}

int answer_request(const struct nlmsghdr* request, uint32_t port, uint8_t* to, size_t* size) {
  if (request->nlmsg_type == GENL_ID_CTRL) return answer_family(request, port, to, size);
  const uint8_t command = ((const struct genlmsghdr*)((const uint8_t*)request + NLMSG_HDRLEN))->cmd;
  const struct nlattr* found[IPVS_CMD_ATTR_MAX + 1];
  parse_message(found, request);
  if (command == IPVS_CMD_GET_INFO) return answer_info(request, port, to, size);
  if (command == IPVS_CMD_FLUSH) return flush(), 0;
  const struct service service = read_service(found[IPVS_CMD_ATTR_SERVICE]);
  const long at = find_service(&service);
  if (command == IPVS_CMD_NEW_SERVICE) return at >= 0 ? EEXIST : (add_service(&service), 0);
  if (at < 0) return ESRCH;
  const struct destination destination = read_destination(found[IPVS_CMD_ATTR_DEST]);
  struct destination* known = command == IPVS_CMD_SET_DEST ? find_destination(&services[at], &destination) : NULL;
  switch (command) {
    case IPVS_CMD_GET_SERVICE:
      *size = write_service(to, &services[at], 0, request->nlmsg_seq, port);
      return 0;
    case IPVS_CMD_NEW_DEST:
      return add_destination(&services[at], &destination), 0;
    case IPVS_CMD_SET_DEST:
      if (known == NULL) return ENOENT;
      *known = destination;
      return 0;
    default:
      return EOPNOTSUPP;
  }
}

void dump_begin(struct dump* dump, const struct nlmsghdr* request) {
  const struct nlattr* found[IPVS_CMD_ATTR_MAX + 1];
  parse_message(found, request);
  const uint8_t command = ((const struct genlmsghdr*)((const uint8_t*)request + NLMSG_HDRLEN))->cmd;
  const struct service key = read_service(found[IPVS_CMD_ATTR_SERVICE]);
  dump->sequence = request->nlmsg_seq;
  dump->of_services = command == IPVS_CMD_GET_SERVICE;
  dump->service = command == IPVS_CMD_GET_DEST ? find_service(&key) : -1;
  dump->next = 0;
}

size_t dump_part(struct dump* dump, uint32_t port, uint8_t* to, size_t room) {
  const struct service* service = dump->service >= 0 ? &services[dump->service] : NULL;
  const size_t count = dump->of_services ? service_count : service == NULL ? 0 : service->count;
  size_t used = 0;
  /* As a kernel, the newest destination first. */
  for (; dump->next < count && used + kLongestRow <= room; ++dump->next) {
    used += dump->of_services
                ? write_service(to + used, &services[dump->next], NLM_F_MULTI, dump->sequence, port)
                : write_destination(to + used, &service->destinations[count - 1 - dump->next], dump->sequence, port);
  }
  return used;
}

size_t dump_done(const struct dump* dump, uint32_t port, uint8_t* to) {
  const struct nlmsghdr header = {NLMSG_HDRLEN + sizeof(int32_t), NLMSG_DONE, NLM_F_MULTI, dump->sequence, port};
  memcpy(to, &header, sizeof header);
  memset(to + NLMSG_HDRLEN, 0, sizeof(int32_t));
  return header.nlmsg_len;
}
