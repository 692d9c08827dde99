#include "kinds.h"

#include <arpa/inet.h>
#include <linux/ip_vs.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <stdexcept>

#include "messages.h"

namespace hostile {
namespace {

using ipvs::Daemon;
using ipvs::Destination;
using ipvs::DestinationEntry;
using ipvs::Info;
using ipvs::Request;
using ipvs::Service;
using ipvs::ServiceEntry;
using ipvs::Stats;
using ipvs::Timeouts;

template <typename T>
Attribute number(std::string name, int type, T value) {
  return {std::move(name), type, Role::kRequired, bytes_of(value)};
}
Attribute name_of(std::string name, int type, const std::string& value) {
  return {std::move(name), type, Role::kRequired, text(value), true};
}
Attribute nest(std::string name, int type, std::vector<Attribute> children) {
  Attribute whole{std::move(name), type};
  whole.children = std::move(children);
  return whole;
}
Attribute optional(Attribute attribute, size_t offset, size_t size) {
  attribute.role = Role::kOptional;
  attribute.offset = offset;
  attribute.size = size;
  return attribute;
}
Attribute ignored(Attribute attribute) {
  attribute.role = Role::kIgnored;
  for (Attribute& child : attribute.children) child = ignored(child);
  return attribute;
}

constexpr Stats kStats{11, 12, 13, 14, 15, 16, 17, 18, 19, 20};

// STATS64 (all of 64 bit), or STATS as Linux before 4.1 has it alone. Either width is taken in both.
Attribute statistics(int type, bool wide) {
  uint64_t value = 10;
  std::vector<Attribute> counters;
  for (const int counter :
       {IPVS_STATS_ATTR_CONNS, IPVS_STATS_ATTR_INPKTS, IPVS_STATS_ATTR_OUTPKTS, IPVS_STATS_ATTR_INBYTES,
        IPVS_STATS_ATTR_OUTBYTES, IPVS_STATS_ATTR_CPS, IPVS_STATS_ATTR_INPPS, IPVS_STATS_ATTR_OUTPPS,
        IPVS_STATS_ATTR_INBPS, IPVS_STATS_ATTR_OUTBPS}) {
    ++value;
    const std::string name = "counter " + std::to_string(counter);
    const bool bytes = counter == IPVS_STATS_ATTR_INBYTES || counter == IPVS_STATS_ATTR_OUTBYTES;
    counters.push_back(wide || bytes ? number(name, counter, value)
                                     : number(name, counter, static_cast<uint32_t>(value)));
    counters.back().lengths = {sizeof(uint32_t), sizeof(uint64_t)};
  }
  return nest(wide ? "STATS64" : "STATS", type, std::move(counters));
}

std::vector<Attribute> both(int narrow, int wide) {
  return {ignored(statistics(narrow, false)), optional(statistics(wide, true), 0, 0)};
}

Service service_record() {
  Service service{};
  service.family = AF_INET;
  service.protocol = IPPROTO_UDP;
  service.port = 5060;
  service.flags = 3;
  service.timeout = 300;
  service.netmask = 0xffffff00;
  service.address = {192, 0, 2, 1};
  service.scheduler = {'w', 'l', 'c'};
  service.engine = {'s', 'i', 'p'};
  return service;
}

std::vector<Attribute> service_settings() {
  return {name_of("SCHED_NAME", IPVS_SVC_ATTR_SCHED_NAME, "wlc"),
          optional(name_of("PE_NAME", IPVS_SVC_ATTR_PE_NAME, "sip"), offsetof(ServiceEntry, service.engine), 16),
          number("FLAGS", IPVS_SVC_ATTR_FLAGS, ip_vs_flags{3, ~0U}),
          number("TIMEOUT", IPVS_SVC_ATTR_TIMEOUT, uint32_t{300}),
          number("NETMASK", IPVS_SVC_ATTR_NETMASK, htonl(0xffffff00))};
}

Kind service_kind(std::string name, const Request& request, std::vector<Attribute> attributes, const Service& service) {
  return {std::move(name),
          request,
          IPVS_CMD_NEW_SERVICE,
          ipvs::kServiceEntry,
          {nest("SERVICE", IPVS_CMD_ATTR_SERVICE, std::move(attributes))},
          bytes_of(ServiceEntry{service, kStats})};
}

std::vector<Attribute> plus(std::vector<Attribute> attributes, const std::vector<Attribute>& more) {
  attributes.insert(attributes.end(), more.begin(), more.end());
  return attributes;
}

Request request_of(uint32_t command, bool dump) {
  Request request{};
  request.command = command;
  request.dump = dump ? 1 : 0;
  return request;
}

std::vector<Kind> services() {
  const std::vector<Attribute> identity = plus(
      {number("AF", IPVS_SVC_ATTR_AF, uint16_t{AF_INET}),
       number("PROTOCOL", IPVS_SVC_ATTR_PROTOCOL, uint16_t{IPPROTO_UDP}),
       number("ADDR", IPVS_SVC_ATTR_ADDR, service_record().address), number("PORT", IPVS_SVC_ATTR_PORT, htons(5060))},
      service_settings());
  const std::vector<Attribute> mark =
      plus({number("AF", IPVS_SVC_ATTR_AF, uint16_t{AF_INET}), number("FWMARK", IPVS_SVC_ATTR_FWMARK, uint32_t{7})},
           service_settings());
  const auto statistics64 = both(IPVS_SVC_ATTR_STATS, IPVS_SVC_ATTR_STATS64);
  Service marked = service_record();
  marked.protocol = 0;
  marked.port = 0;
  marked.address = {};
  marked.firewall_mark = 7;
  Request one = request_of(IPVS_CMD_GET_SERVICE, false);
  one.service = service_record();
  const Request all = request_of(IPVS_CMD_GET_SERVICE, true);
  return {service_kind("service", all, plus(identity, statistics64), service_record()),
          service_kind("service by key", one, plus(identity, statistics64), service_record()),
          service_kind("service of Linux 4.0", all, plus(identity, {statistics(IPVS_SVC_ATTR_STATS, false)}),
                       service_record()),
          service_kind("firewall mark's service", all, plus(mark, statistics64), marked)};
}

std::vector<Kind> destinations() {
  Destination record{};
  record.family = AF_INET;
  record.port = 80;
  record.tunnel_port = 6080;
  record.tunnel_flags = 1;
  record.tunnel_type = 1;
  record.forwarding = 2;
  record.weight = 100;
  record.upper = 40;
  record.lower = 30;
  record.address = {10, 0, 0, 1};
  const std::vector<Attribute> plain{number("ADDR", IPVS_DEST_ATTR_ADDR, record.address),
                                     number("PORT", IPVS_DEST_ATTR_PORT, htons(80)),
                                     number("FWD_METHOD", IPVS_DEST_ATTR_FWD_METHOD, uint32_t{2}),
                                     number("WEIGHT", IPVS_DEST_ATTR_WEIGHT, int32_t{100}),
                                     number("U_THRESH", IPVS_DEST_ATTR_U_THRESH, uint32_t{40}),
                                     number("L_THRESH", IPVS_DEST_ATTR_L_THRESH, uint32_t{30}),
                                     number("ACTIVE_CONNS", IPVS_DEST_ATTR_ACTIVE_CONNS, uint32_t{1}),
                                     number("INACT_CONNS", IPVS_DEST_ATTR_INACT_CONNS, uint32_t{2}),
                                     number("PERSIST_CONNS", IPVS_DEST_ATTR_PERSIST_CONNS, uint32_t{3})};
  const std::vector<Attribute> newer{
      optional(number("ADDR_FAMILY", IPVS_DEST_ATTR_ADDR_FAMILY, uint16_t{AF_INET}),
               offsetof(DestinationEntry, destination.family), sizeof record.family),
      optional(number("TUN_TYPE", IPVS_DEST_ATTR_TUN_TYPE, uint8_t{1}),
               offsetof(DestinationEntry, destination.tunnel_type), sizeof record.tunnel_type),
      optional(number("TUN_PORT", IPVS_DEST_ATTR_TUN_PORT, htons(6080)),
               offsetof(DestinationEntry, destination.tunnel_port), sizeof record.tunnel_port),
      optional(number("TUN_FLAGS", IPVS_DEST_ATTR_TUN_FLAGS, uint16_t{1}),
               offsetof(DestinationEntry, destination.tunnel_flags), sizeof record.tunnel_flags)};
  Destination old = record;
  old.family = old.tunnel_port = old.tunnel_flags = 0;
  old.tunnel_type = 0;
  Request request = request_of(IPVS_CMD_GET_DEST, true);
  request.service = service_record();
  const auto kind = [&](std::string name, std::vector<Attribute> attributes, const Destination& destination) {
    return Kind{std::move(name),
                request,
                IPVS_CMD_NEW_DEST,
                ipvs::kDestinationEntry,
                {nest("DEST", IPVS_CMD_ATTR_DEST, std::move(attributes))},
                bytes_of(DestinationEntry{destination, 1, 2, 3, kStats})};
  };
  return {kind("destination", plus(plus(plain, newer), both(IPVS_DEST_ATTR_STATS, IPVS_DEST_ATTR_STATS64)), record),
          kind("destination of Linux 3.17", plus(plain, {statistics(IPVS_DEST_ATTR_STATS, false)}), old)};
}

Kind info() {
  return {"info",
          request_of(IPVS_CMD_GET_INFO, false),
          IPVS_CMD_SET_INFO,
          ipvs::kInfo,
          {number("VERSION", IPVS_INFO_ATTR_VERSION, uint32_t{0x010201}),
           number("CONN_TAB_SIZE", IPVS_INFO_ATTR_CONN_TAB_SIZE, uint32_t{4096})},
          bytes_of(Info{0x010201, 4096})};
}

// With an IPv4 group, an IPv6 group, and as Linux before 4.3 tells of it.
std::vector<Kind> daemons() {
  Daemon record{};
  record.role = IP_VS_STATE_BACKUP;
  record.sync_id = 5;
  record.interface = {'e', 't', 'h', '0'};
  const Daemon old = record;
  record.max_length = 1472;
  record.port = 8848;
  record.ttl = 2;
  Daemon grouped = record;
  grouped.group_family = AF_INET;
  grouped.group = {224, 0, 0, 81};
  Daemon grouped6 = record;
  grouped6.group_family = AF_INET6;
  grouped6.group = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x81};
  const std::vector<Attribute> plain{number("STATE", IPVS_DAEMON_ATTR_STATE, uint32_t{IP_VS_STATE_BACKUP}),
                                     number("SYNC_ID", IPVS_DAEMON_ATTR_SYNC_ID, uint32_t{5}),
                                     name_of("MCAST_IFN", IPVS_DAEMON_ATTR_MCAST_IFN, "eth0")};
  const std::vector<Attribute> newer{
      optional(number("SYNC_MAXLEN", IPVS_DAEMON_ATTR_SYNC_MAXLEN, uint16_t{1472}), offsetof(Daemon, max_length),
               sizeof record.max_length),
      // In host order, unlike all other ports.
      optional(number("MCAST_PORT", IPVS_DAEMON_ATTR_MCAST_PORT, uint16_t{8848}), offsetof(Daemon, port),
               sizeof record.port),
      optional(number("MCAST_TTL", IPVS_DAEMON_ATTR_MCAST_TTL, uint8_t{2}), offsetof(Daemon, ttl), sizeof record.ttl)};
  static_assert(offsetof(Daemon, group) == offsetof(Daemon, group_family) + sizeof record.group_family);
  const auto group = [&](Attribute attribute) {
    return optional(std::move(attribute), offsetof(Daemon, group_family),
                    sizeof record.group_family + sizeof record.group);
  };
  const std::array<uint8_t, 4> ipv4{224, 0, 0, 81};
  const auto kind = [&](std::string name, std::vector<Attribute> attributes, const Daemon& daemon) {
    return Kind{std::move(name),
                request_of(IPVS_CMD_GET_DAEMON, true),
                IPVS_CMD_NEW_DAEMON,
                ipvs::kDaemon,
                {nest("DAEMON", IPVS_CMD_ATTR_DAEMON, std::move(attributes))},
                bytes_of(daemon)};
  };
  return {kind("sync daemon",
               plus(plus(plain, newer), {group(number("MCAST_GROUP", IPVS_DAEMON_ATTR_MCAST_GROUP, ipv4))}), grouped),
          kind("sync daemon of an IPv6 group",
               plus(plus(plain, newer), {group(number("MCAST_GROUP6", IPVS_DAEMON_ATTR_MCAST_GROUP6, grouped6.group))}),
               grouped6),
          kind("sync daemon of Linux 4.2", plain, old)};
}

Kind timeouts() {
  return {"timeouts",
          request_of(IPVS_CMD_GET_CONFIG, false),
          IPVS_CMD_SET_CONFIG,
          ipvs::kTimeouts,
          {number("TIMEOUT_TCP", IPVS_CMD_ATTR_TIMEOUT_TCP, uint32_t{900}),
           number("TIMEOUT_TCP_FIN", IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, uint32_t{120}),
           number("TIMEOUT_UDP", IPVS_CMD_ATTR_TIMEOUT_UDP, uint32_t{300})},
          bytes_of(Timeouts{900, 120, 300})};
}

std::vector<Kind> all_kinds() {
  std::vector<Kind> all = services();
  for (Kind& kind : destinations()) all.push_back(std::move(kind));
  for (Kind& kind : daemons()) all.push_back(std::move(kind));
  all.push_back(info());
  all.push_back(timeouts());
  return all;
}

}  // namespace

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = all_kinds();
  return all;
}

const Kind& kind_named(const std::string& name) {
  for (const Kind& kind : kinds()) {
    if (kind.name == name) return kind;
  }
  throw std::invalid_argument("no kind of reply is named " + name);
}

Bytes encode(const std::vector<Attribute>& attributes) {
  Bytes all;
  for (const Attribute& one : attributes) {
    const Bytes encoded = attribute(one.type, one.children.empty() ? one.value : encode(one.children));
    all.insert(all.end(), encoded.begin(), encoded.end());
  }
  return all;
}

Bytes reply_of(const Kind& kind, uint32_t index, uint16_t flags) {
  return reply(kind.command, encode(kind.attributes), index, flags);
}

Datagrams conversation(const Kind& kind, const Bytes& reply) {
  return {{reply}, {kind.request.dump != 0 ? done() : acknowledgement()}};
}

ipvs::Answer answer_of(const Kind& kind, uint32_t count) {
  ipvs::Answer answer;
  answer.kind = kind.kind;
  answer.count = count;
  for (uint32_t i = 0; i < count; ++i) {
    answer.records.insert(answer.records.end(), kind.record.begin(), kind.record.end());
  }
  return answer;
}

}  // namespace hostile
