/* One request at a time on libnl, each acknowledged before the next: one socket, the family looked up once.
   libnl add|servers SERVICES DESTINATIONS | weight|read SERVICES DESTINATIONS COUNT */
#include <arpa/inet.h>
#include <netlink/attr.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <string.h>

#include "rows.h"
#include "table.h"

/* Without a look ahead (MSG_PEEK) each answer costs one call instead of two; a dump's part is at most 32 KiB. */
enum { kRequest = 256, kAcknowledgement = 4096, kDump = 32768 };

static struct nl_sock* sock;
static int family;

static void check(int result, const char* what) {
  if (result >= 0) return;
  fprintf(stderr, "libnl: %s: %s\n", what, nl_geterror(result));
  exit(1);
}

static struct nl_msg* message(int command, int flags) {
  /* By default libnl clears a page for each. */
  struct nl_msg* made = nlmsg_alloc_size(kRequest);
  if (made == NULL || genlmsg_put(made, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, flags, (uint8_t)command, 1) == NULL) {
    fail("message");
  }
  return made;
}

static void put_identity(struct nl_msg* to, uint32_t address) {
  const uint32_t network = htonl(address);
  nla_put_u16(to, IPVS_SVC_ATTR_AF, AF_INET);
  nla_put_u16(to, IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP);
  nla_put(to, IPVS_SVC_ATTR_ADDR, sizeof network, &network);
  nla_put_u16(to, IPVS_SVC_ATTR_PORT, htons(kPort));
}

static void add_one_service(uint32_t service) {
  struct nl_msg* request = message(IPVS_CMD_NEW_SERVICE, 0);
  struct nlattr* nest = nla_nest_start(request, IPVS_CMD_ATTR_SERVICE);
  const struct ip_vs_flags flags = {0, ~0U};
  put_identity(request, vip(service));
  nla_put_string(request, IPVS_SVC_ATTR_SCHED_NAME, "rr");
  nla_put(request, IPVS_SVC_ATTR_FLAGS, sizeof flags, &flags);
  nla_put_u32(request, IPVS_SVC_ATTR_TIMEOUT, 0);
  nla_put_u32(request, IPVS_SVC_ATTR_NETMASK, ~0U);
  nla_nest_end(request, nest);
  check(nl_send_sync(sock, request), "NEW_SERVICE");
}

static void put_one_destination(int command, uint32_t vip, uint32_t rip, uint32_t weight) {
  struct nl_msg* request = message(command, 0);
  struct nlattr* nest = nla_nest_start(request, IPVS_CMD_ATTR_SERVICE);
  const uint32_t network = htonl(rip);
  put_identity(request, vip);
  nla_nest_end(request, nest);
  nest = nla_nest_start(request, IPVS_CMD_ATTR_DEST);
  nla_put(request, IPVS_DEST_ATTR_ADDR, sizeof network, &network);
  nla_put_u16(request, IPVS_DEST_ATTR_PORT, htons(kPort));
  nla_put_u32(request, IPVS_DEST_ATTR_FWD_METHOD, IP_VS_CONN_F_DROUTE);
  nla_put_u32(request, IPVS_DEST_ATTR_WEIGHT, weight);
  nla_put_u32(request, IPVS_DEST_ATTR_U_THRESH, 0);
  nla_put_u32(request, IPVS_DEST_ATTR_L_THRESH, 0);
  nla_nest_end(request, nest);
  check(nl_send_sync(sock, request), "destination");
}

static void add_destinations(const struct table* table, uint32_t service) {
  for (uint32_t i = 0; i < table->destinations; ++i) {
    put_one_destination(IPVS_CMD_NEW_DEST, vip(service), rip(table, service, i), 1);
  }
}

static void add(const struct table* table) {
  for (uint32_t i = 0; i < table->services; ++i) {
    add_one_service(i);
    add_destinations(table, i);
  }
}

static void take(struct nlattr* attribute, void* value, int size) {
  if (attribute != NULL) nla_memcpy(value, attribute, size);
}

static void parse_nest(struct nlattr** found, int max, struct nlattr* nest) {
  if (nest == NULL || nla_parse_nested(found, max, nest, NULL) != 0) fail("an answer without its nest");
}

static void take_statistics(struct nlattr* nest, struct statistics* statistics) {
  struct nlattr* found[IPVS_STATS_ATTR_MAX + 1];
  parse_nest(found, IPVS_STATS_ATTR_MAX, nest);
  for (int i = IPVS_STATS_ATTR_CONNS; i <= IPVS_STATS_ATTR_OUTBPS; ++i) {
    take(found[i], &statistics->counter[i], sizeof statistics->counter[i]);
  }
}

static struct nlattr* nest_of(struct nl_msg* answer, int type) {
  struct nlattr* found[IPVS_CMD_ATTR_MAX + 1];
  check(genlmsg_parse(nlmsg_hdr(answer), 0, found, IPVS_CMD_ATTR_MAX, NULL), "answer");
  return found[type];
}

static int take_service(struct nl_msg* answer, void* list) {
  struct service_row* row = add_service(list);
  struct nlattr* found[IPVS_SVC_ATTR_MAX + 1];
  parse_nest(found, IPVS_SVC_ATTR_MAX, nest_of(answer, IPVS_CMD_ATTR_SERVICE));
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
  return NL_OK;
}

static int take_destination(struct nl_msg* answer, void* list) {
  struct destination_row* row = add_destination(list);
  struct nlattr* found[IPVS_DEST_ATTR_MAX + 1];
  parse_nest(found, IPVS_DEST_ATTR_MAX, nest_of(answer, IPVS_CMD_ATTR_DEST));
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
  return NL_OK;
}

static void receive_dump(struct nl_msg* request, nl_recvmsg_msg_cb_t row, void* list) {
  check(nl_send_auto(sock, request), "dump");
  nlmsg_free(request);
  nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, row, list);
  check(nl_recvmsgs_default(sock), "dump");
}

static void read_all(struct service_list* list) {
  receive_dump(message(IPVS_CMD_GET_SERVICE, NLM_F_DUMP), take_service, list);
  for (size_t i = 0; i < list->count; ++i) {
    uint32_t address;
    memcpy(&address, list->rows[i].address, sizeof address);
    struct nl_msg* request = message(IPVS_CMD_GET_DEST, NLM_F_DUMP);
    struct nlattr* nest = nla_nest_start(request, IPVS_CMD_ATTR_SERVICE);
    put_identity(request, ntohl(address));
    nla_nest_end(request, nest);
    receive_dump(request, take_destination, &list->destinations[i]);
  }
}

static void open_socket(void) {
  sock = nl_socket_alloc();
  if (sock == NULL) fail("socket");
  nl_socket_disable_msg_peek(sock);
  nl_socket_set_msg_buf_size(sock, kAcknowledgement);
  check(genl_connect(sock), "connect");
  family = genl_ctrl_resolve(sock, IPVS_GENL_NAME);
  check(family, "family IPVS");
}

int main(int count, char** words) {
  const char* what = count > 1 ? words[1] : "";
  const struct table table = {count > 2 ? (uint32_t)atoi(words[2]) : 0, count > 3 ? (uint32_t)atoi(words[3]) : 0};
  const size_t repeats = count > 4 ? (size_t)atoi(words[4]) : 1;
  double* us = calloc(repeats, sizeof *us);
  size_t rows = 0;
  open_socket();
  if (strcmp(what, "add") == 0) {
    const double start = now_us();
    add(&table);
    us[0] = now_us() - start;
  } else if (strcmp(what, "servers") == 0) {
    add_one_service(0);
    const double start = now_us();
    add_destinations(&table, 0);
    us[0] = now_us() - start;
  } else if (strcmp(what, "weight") == 0) {
    add(&table);
    for (size_t i = 0; i < repeats; ++i) {
      const double start = now_us();
      put_one_destination(IPVS_CMD_SET_DEST, vip(0), rip(&table, 0, 0), 2 + i % 2);
      us[i] = now_us() - start;
    }
  } else if (strcmp(what, "read") == 0) {
    add(&table);
    nl_socket_set_msg_buf_size(sock, kDump);
    for (size_t i = 0; i < repeats; ++i) {
      struct service_list list = {0};
      const double start = now_us();
      read_all(&list);
      us[i] = now_us() - start;
      rows = rows_of(&list);
      forget(&list);
    }
  } else {
    fprintf(stderr, "libnl: expected add, servers, weight or read, found '%s'\n", what);
    return 2;
  }
  print_result(us, repeats, rows);
  nl_socket_free(sock);
  free(us);
  return 0;
}
