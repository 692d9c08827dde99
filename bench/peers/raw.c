#include "raw.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Longer than any message that is written here. */
enum { kLongest = 256, kReceiveBuffer = 8 << 20 };

static size_t put(struct raw* raw, uint16_t type, const void* data, uint16_t size) {
  const struct nlattr header = {(uint16_t)(NLA_HDRLEN + size), type};
  const size_t at = raw->used;
  memcpy(raw->datagram + at, &header, sizeof header);
  memcpy(raw->datagram + at + NLA_HDRLEN, data, size);
  raw->used += NLA_ALIGN(header.nla_len);
  return at;
}

static void put16(struct raw* raw, uint16_t type, uint16_t value) { put(raw, type, &value, sizeof value); }
static void put32(struct raw* raw, uint16_t type, uint32_t value) { put(raw, type, &value, sizeof value); }
static size_t nest(struct raw* raw, uint16_t type) { return put(raw, type | NLA_F_NESTED, NULL, 0); }

static void end_nest(struct raw* raw, size_t start) {
  const uint16_t size = (uint16_t)(raw->used - start);
  memcpy(raw->datagram + start, &size, sizeof size);
}

static void begin(struct raw* raw, uint16_t type, uint8_t command, uint16_t flags) {
  if (sizeof raw->datagram - raw->used < kLongest) raw_send(raw);
  const struct nlmsghdr header = {0, type, NLM_F_REQUEST | flags, ++raw->sequence, 0};
  const struct genlmsghdr generic = {command, 1, 0};
  raw->last = raw->used;
  memcpy(raw->datagram + raw->used, &header, sizeof header);
  memcpy(raw->datagram + raw->used + NLMSG_HDRLEN, &generic, sizeof generic);
  raw->used += NLMSG_HDRLEN + GENL_HDRLEN;
}

static struct nlmsghdr* last_message(struct raw* raw) { return (struct nlmsghdr*)(raw->datagram + raw->last); }
static void end(struct raw* raw) { last_message(raw)->nlmsg_len = (uint32_t)(raw->used - raw->last); }

static void put_identity(struct raw* raw, uint32_t address) {
  put16(raw, IPVS_SVC_ATTR_AF, AF_INET);
  put16(raw, IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP);
  put32(raw, IPVS_SVC_ATTR_ADDR, htonl(address));
  put16(raw, IPVS_SVC_ATTR_PORT, htons(kPort));
}

void put_service(struct raw* raw, uint32_t service) {
  begin(raw, raw->family, IPVS_CMD_NEW_SERVICE, 0);
  const size_t start = nest(raw, IPVS_CMD_ATTR_SERVICE);
  put_identity(raw, vip(service));
  put(raw, IPVS_SVC_ATTR_SCHED_NAME, "rr", 3);
  const struct ip_vs_flags flags = {0, ~0U};
  put(raw, IPVS_SVC_ATTR_FLAGS, &flags, sizeof flags);
  put32(raw, IPVS_SVC_ATTR_TIMEOUT, 0);
  put32(raw, IPVS_SVC_ATTR_NETMASK, ~0U);
  end_nest(raw, start);
  end(raw);
}

void put_destination(struct raw* raw, uint8_t command, uint32_t vip, uint32_t rip, uint32_t weight) {
  begin(raw, raw->family, command, 0);
  size_t start = nest(raw, IPVS_CMD_ATTR_SERVICE);
  put_identity(raw, vip);
  end_nest(raw, start);
  start = nest(raw, IPVS_CMD_ATTR_DEST);
  put32(raw, IPVS_DEST_ATTR_ADDR, htonl(rip));
  put16(raw, IPVS_DEST_ATTR_PORT, htons(kPort));
  put32(raw, IPVS_DEST_ATTR_FWD_METHOD, IP_VS_CONN_F_DROUTE);
  put32(raw, IPVS_DEST_ATTR_WEIGHT, weight);
  put32(raw, IPVS_DEST_ATTR_U_THRESH, 0);
  put32(raw, IPVS_DEST_ATTR_L_THRESH, 0);
  end_nest(raw, start);
  end(raw);
}

void put_flush(struct raw* raw) {
  begin(raw, raw->family, IPVS_CMD_FLUSH, 0);
  end(raw);
}

static void send_datagram(struct raw* raw) {
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  struct iovec part = {raw->datagram, raw->used};
  const struct msghdr message = {.msg_name = &kernel, .msg_namelen = sizeof kernel, .msg_iov = &part, .msg_iovlen = 1};
  if (sendmsg(raw->fd, &message, 0) < 0) fail("sendmsg");
  raw->used = 0;
}

static size_t receive(struct raw* raw) {
  const ssize_t size = recv(raw->fd, raw->answer, sizeof raw->answer, 0);
  if (size < 0) fail("recv");
  return (size_t)size;
}

/* Failures are answered wherever they happen; only the last message asks for an acknowledgement, which comes after
 * them. */
void raw_send(struct raw* raw) {
  if (raw->used == 0) return;
  last_message(raw)->nlmsg_flags |= NLM_F_ACK;
  const uint32_t last = raw->sequence;
  send_datagram(raw);
  for (;;) {
    int size = (int)receive(raw);
    for (struct nlmsghdr* header = (struct nlmsghdr*)raw->answer; NLMSG_OK(header, size);
         header = NLMSG_NEXT(header, size)) {
      if (header->nlmsg_type != NLMSG_ERROR) continue;
      const struct nlmsgerr* error = NLMSG_DATA(header);
      if (error->error != 0) ++raw->failures;
      if (header->nlmsg_seq == last) return;
    }
  }
}

/* Attributes by number. Those of a number past the last one are newer than this program. */
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

static const uint8_t* data_of(const struct nlattr* attribute) { return (const uint8_t*)attribute + NLA_HDRLEN; }
static size_t size_of(const struct nlattr* attribute) { return attribute->nla_len - NLA_HDRLEN; }

static void take(const struct nlattr* attribute, void* value, size_t size) {
  if (attribute == NULL) return;
  const size_t there = size_of(attribute);
  memcpy(value, data_of(attribute), there < size ? there : size);
}

static void parse_nest(const struct nlattr** found, uint16_t max, const struct nlattr* attribute) {
  if (attribute == NULL) fail("an answer without its nest");
  parse(found, max, data_of(attribute), size_of(attribute));
}

static void take_statistics(const struct nlattr* attribute, struct statistics* statistics) {
  const struct nlattr* found[IPVS_STATS_ATTR_MAX + 1];
  parse_nest(found, IPVS_STATS_ATTR_MAX, attribute);
  for (int i = IPVS_STATS_ATTR_CONNS; i <= IPVS_STATS_ATTR_OUTBPS; ++i) {
    take(found[i], &statistics->counter[i], sizeof statistics->counter[i]);
  }
}

static const struct nlattr* nest_of(const struct nlmsghdr* header, uint16_t type) {
  const struct nlattr* found[IPVS_CMD_ATTR_MAX + 1];
  const uint8_t* at = (const uint8_t*)header + NLMSG_HDRLEN + GENL_HDRLEN;
  parse(found, IPVS_CMD_ATTR_MAX, at, header->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN);
  return found[type];
}

static void take_service(const struct nlmsghdr* header, void* list) {
  struct service_row* row = add_service(list);
  const struct nlattr* found[IPVS_SVC_ATTR_MAX + 1];
  parse_nest(found, IPVS_SVC_ATTR_MAX, nest_of(header, IPVS_CMD_ATTR_SERVICE));
  take(found[IPVS_SVC_ATTR_AF], &row->family, sizeof row->family);
  take(found[IPVS_SVC_ATTR_PROTOCOL], &row->protocol, sizeof row->protocol);
  take(found[IPVS_SVC_ATTR_ADDR], row->address, sizeof row->address);
  take(found[IPVS_SVC_ATTR_PORT], &row->port, sizeof row->port);
  take(found[IPVS_SVC_ATTR_FWMARK], &row->mark, sizeof row->mark);
  take(found[IPVS_SVC_ATTR_SCHED_NAME], row->scheduler, sizeof row->scheduler);
  take(found[IPVS_SVC_ATTR_PE_NAME], row->engine, sizeof row->engine);
  take(found[IPVS_SVC_ATTR_FLAGS], &row->flags, sizeof row->flags);
  take(found[IPVS_SVC_ATTR_TIMEOUT], &row->timeout, sizeof row->timeout);
  take(found[IPVS_SVC_ATTR_NETMASK], &row->netmask, sizeof row->netmask);
  take_statistics(found[IPVS_SVC_ATTR_STATS64], &row->statistics);
  row->port = ntohs(row->port);
}

static void take_destination(const struct nlmsghdr* header, void* list) {
  struct destination_row* row = add_destination(list);
  const struct nlattr* found[IPVS_DEST_ATTR_MAX + 1];
  parse_nest(found, IPVS_DEST_ATTR_MAX, nest_of(header, IPVS_CMD_ATTR_DEST));
  take(found[IPVS_DEST_ATTR_ADDR], row->address, sizeof row->address);
  take(found[IPVS_DEST_ATTR_PORT], &row->port, sizeof row->port);
  take(found[IPVS_DEST_ATTR_ADDR_FAMILY], &row->family, sizeof row->family);
  take(found[IPVS_DEST_ATTR_FWD_METHOD], &row->forwarding, sizeof row->forwarding);
  take(found[IPVS_DEST_ATTR_WEIGHT], &row->weight, sizeof row->weight);
  take(found[IPVS_DEST_ATTR_U_THRESH], &row->upper, sizeof row->upper);
  take(found[IPVS_DEST_ATTR_L_THRESH], &row->lower, sizeof row->lower);
  take(found[IPVS_DEST_ATTR_ACTIVE_CONNS], &row->active, sizeof row->active);
  take(found[IPVS_DEST_ATTR_INACT_CONNS], &row->inactive, sizeof row->inactive);
  take(found[IPVS_DEST_ATTR_PERSIST_CONNS], &row->persistent, sizeof row->persistent);
  take(found[IPVS_DEST_ATTR_TUN_TYPE], &row->tunnel_type, sizeof row->tunnel_type);
  take(found[IPVS_DEST_ATTR_TUN_PORT], &row->tunnel_port, sizeof row->tunnel_port);
  take(found[IPVS_DEST_ATTR_TUN_FLAGS], &row->tunnel_flags, sizeof row->tunnel_flags);
  take_statistics(found[IPVS_DEST_ATTR_STATS64], &row->statistics);
  row->port = ntohs(row->port);
  row->tunnel_port = ntohs(row->tunnel_port);
}

static void dump(struct raw* raw, void (*row)(const struct nlmsghdr*, void*), void* list) {
  last_message(raw)->nlmsg_flags |= NLM_F_DUMP;
  send_datagram(raw);
  for (;;) {
    int size = (int)receive(raw);
    for (struct nlmsghdr* header = (struct nlmsghdr*)raw->answer; NLMSG_OK(header, size);
         header = NLMSG_NEXT(header, size)) {
      if (header->nlmsg_type == NLMSG_DONE) return;
      if (header->nlmsg_type == NLMSG_ERROR) {
        errno = -((const struct nlmsgerr*)NLMSG_DATA(header))->error;
        fail("dump");
      }
      row(header, list);
    }
  }
}

static void read_destinations(struct raw* raw, const void* identity, uint16_t size, struct destination_list* list) {
  begin(raw, raw->family, IPVS_CMD_GET_DEST, 0);
  const size_t start = nest(raw, IPVS_CMD_ATTR_SERVICE);
  memcpy(raw->datagram + raw->used, identity, size);
  raw->used += size;
  end_nest(raw, start);
  end(raw);
  dump(raw, take_destination, list);
}

/* What names a service, written once into a datagram's place and taken out again. */
static uint16_t identity_of(struct raw* raw, const struct service_row* row, uint8_t* identity) {
  const size_t start = raw->used;
  put16(raw, IPVS_SVC_ATTR_AF, row->family);
  if (row->mark != 0) {
    put32(raw, IPVS_SVC_ATTR_FWMARK, row->mark);
  } else {
    put16(raw, IPVS_SVC_ATTR_PROTOCOL, row->protocol);
    put(raw, IPVS_SVC_ATTR_ADDR, row->address, sizeof row->address);
    put16(raw, IPVS_SVC_ATTR_PORT, htons(row->port));
  }
  const uint16_t size = (uint16_t)(raw->used - start);
  memcpy(identity, raw->datagram + start, size);
  raw->used = start;
  return size;
}

void raw_read(struct raw* raw, struct service_list* list) {
  begin(raw, raw->family, IPVS_CMD_GET_SERVICE, 0);
  end(raw);
  dump(raw, take_service, list);
  /* One after another: a socket carries one dump at a time. */
  for (size_t i = 0; i < list->count; ++i) {
    uint8_t identity[64];
    const uint16_t size = identity_of(raw, &list->rows[i], identity);
    read_destinations(raw, identity, size, &list->destinations[i]);
  }
}

void raw_read_destinations(struct raw* raw, uint32_t vip, struct destination_list* list) {
  struct service_row row = {.family = AF_INET, .protocol = IPPROTO_TCP, .port = kPort};
  const uint32_t address = htonl(vip);
  memcpy(row.address, &address, sizeof address);
  uint8_t identity[64];
  const uint16_t size = identity_of(raw, &row, identity);
  read_destinations(raw, identity, size, list);
}

static uint16_t resolve_family(struct raw* raw) {
  begin(raw, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
  put(raw, CTRL_ATTR_FAMILY_NAME, IPVS_GENL_NAME, sizeof IPVS_GENL_NAME);
  end(raw);
  send_datagram(raw);
  (void)receive(raw);
  const struct nlmsghdr* header = (const struct nlmsghdr*)raw->answer;
  if (header->nlmsg_type == NLMSG_ERROR) {
    errno = -((const struct nlmsgerr*)NLMSG_DATA(header))->error;
    fail("family IPVS");
  }
  const struct nlattr* found[CTRL_ATTR_FAMILY_ID + 1];
  const uint8_t* at = (const uint8_t*)header + NLMSG_HDRLEN + GENL_HDRLEN;
  parse(found, CTRL_ATTR_FAMILY_ID, at, header->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN);
  uint16_t family = 0;
  take(found[CTRL_ATTR_FAMILY_ID], &family, sizeof family);
  return family;
}

struct raw* raw_open(void) {
  struct raw* raw = calloc(1, sizeof *raw);
  if (raw == NULL) fail("calloc");
  raw->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
  const struct sockaddr_nl local = {.nl_family = AF_NETLINK};
  if (raw->fd < 0 || bind(raw->fd, (const struct sockaddr*)&local, sizeof local) != 0) fail("socket");
  /* Room for the answers of a datagram of which every message fails. */
  const int size = kReceiveBuffer, on = 1;
  if (setsockopt(raw->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) fail("SO_RCVBUFFORCE");
  if (setsockopt(raw->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on) != 0) fail("NETLINK_CAP_ACK");
  raw->family = resolve_family(raw);
  return raw;
}

void raw_close(struct raw* raw) {
  close(raw->fd);
  free(raw);
}
