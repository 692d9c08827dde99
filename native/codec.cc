#include "codec.h"

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace ipvs {
namespace {

// ── records -> attributes, in ipvsadm's order ──

// What nla_put() does, where there is room for the longest message and everything is 0: nothing is asked for each
// attribute.
class Writer {
 public:
  explicit Writer(uint8_t* at) : at_(at) {}

  template <typename T>
  void number(int attribute, T value) {
    static_assert(std::is_integral_v<T>);
    bytes(attribute, &value, sizeof value);
  }
  void bytes(int attribute, const void* data, size_t size) {
    put(nlattr{static_cast<uint16_t>(NLA_HDRLEN + size), static_cast<uint16_t>(attribute)});
    std::memcpy(at_, data, size);
    at_ += NLA_ALIGN(size);
  }
  void text(int attribute, const std::array<char, 16>& name) {
    // One byte more than the record: a name without NUL is never overrun, but sent as one that the kernel refuses.
    std::array<char, 17> copy{};
    std::copy(name.begin(), name.end(), copy.begin());
    bytes(attribute, copy.data(), std::strlen(copy.data()) + 1);
  }
  template <typename Body>
  void nest(int attribute, Body body) {
    // NLA_F_NESTED as ipvsadm sends it; the kernel takes it with or without.
    uint8_t* const start = at_;
    put(nlattr{0, static_cast<uint16_t>(attribute | NLA_F_NESTED)});
    body();
    const auto size = static_cast<uint16_t>(at_ - start);
    std::memcpy(start, &size, sizeof size);
  }
  template <typename Header>
  void put(const Header& header) {
    std::memcpy(at_, &header, sizeof header);
    at_ += sizeof header;
  }
  uint8_t* end() const { return at_; }

 private:
  uint8_t* at_;
};

void write_identity(Writer& to, const Service& service) {
  to.number(IPVS_SVC_ATTR_AF, service.family);
  if (service.firewall_mark != 0) {
    to.number(IPVS_SVC_ATTR_FWMARK, service.firewall_mark);
    return;
  }
  to.number(IPVS_SVC_ATTR_PROTOCOL, service.protocol);
  to.bytes(IPVS_SVC_ATTR_ADDR, service.address.data(), service.address.size());
  to.number(IPVS_SVC_ATTR_PORT, htons(service.port));
}

void write_settings(Writer& to, const Service& service) {
  to.text(IPVS_SVC_ATTR_SCHED_NAME, service.scheduler);
  if (service.engine[0] != '\0') to.text(IPVS_SVC_ATTR_PE_NAME, service.engine);
  const ip_vs_flags flags{service.flags, ~0U};
  to.bytes(IPVS_SVC_ATTR_FLAGS, &flags, sizeof flags);
  to.number(IPVS_SVC_ATTR_TIMEOUT, service.timeout);
  // The kernel keeps an IPv4 mask in network order and an IPv6 prefix length in host order in the same field.
  to.number(IPVS_SVC_ATTR_NETMASK, service.family == AF_INET ? htonl(service.netmask) : service.netmask);
}

// Without a family the kernel takes the service's, as Linux before 3.18 always does. Each attribute less is a fiftieth
// of what an added destination costs there.
void write_identity(Writer& to, const Destination& destination, uint16_t family_of_service) {
  if (destination.family != family_of_service) to.number(IPVS_DEST_ATTR_ADDR_FAMILY, destination.family);
  to.bytes(IPVS_DEST_ATTR_ADDR, destination.address.data(), destination.address.size());
  to.number(IPVS_DEST_ATTR_PORT, htons(destination.port));
}

void write_settings(Writer& to, const Destination& destination) {
  to.number(IPVS_DEST_ATTR_FWD_METHOD, destination.forwarding);
  to.number(IPVS_DEST_ATTR_WEIGHT, destination.weight);
  // What is missing is 0 to the kernel.
  if (destination.tunnel_type != 0 || destination.tunnel_port != 0 || destination.tunnel_flags != 0) {
    to.number(IPVS_DEST_ATTR_TUN_TYPE, static_cast<uint8_t>(destination.tunnel_type));
    to.number(IPVS_DEST_ATTR_TUN_PORT, htons(destination.tunnel_port));
    to.number(IPVS_DEST_ATTR_TUN_FLAGS, destination.tunnel_flags);
  }
  to.number(IPVS_DEST_ATTR_U_THRESH, destination.upper);
  to.number(IPVS_DEST_ATTR_L_THRESH, destination.lower);
}

// What is 0 is left to the kernel. It takes the multicast port in host order, unlike all other ports.
void write_daemon(Writer& to, const Daemon& daemon, bool starts) {
  to.number(IPVS_DAEMON_ATTR_STATE, daemon.role);
  if (!starts) return;
  to.text(IPVS_DAEMON_ATTR_MCAST_IFN, daemon.interface);
  to.number(IPVS_DAEMON_ATTR_SYNC_ID, daemon.sync_id);
  if (daemon.max_length != 0) to.number(IPVS_DAEMON_ATTR_SYNC_MAXLEN, daemon.max_length);
  if (daemon.port != 0) to.number(IPVS_DAEMON_ATTR_MCAST_PORT, daemon.port);
  if (daemon.ttl != 0) to.number(IPVS_DAEMON_ATTR_MCAST_TTL, static_cast<uint8_t>(daemon.ttl));
  if (daemon.group_family == AF_INET) to.bytes(IPVS_DAEMON_ATTR_MCAST_GROUP, daemon.group.data(), sizeof(in_addr));
  if (daemon.group_family == AF_INET6) to.bytes(IPVS_DAEMON_ATTR_MCAST_GROUP6, daemon.group.data(), sizeof(in6_addr));
}

// ── attributes -> records: an attribute of a wrong length counts as missing and fails the record ──

uint8_t* payload(nlattr* of) { return reinterpret_cast<uint8_t*>(of) + NLA_HDRLEN; }
const uint8_t* payload(const nlattr* of) { return reinterpret_cast<const uint8_t*>(of) + NLA_HDRLEN; }
size_t payload_size(const nlattr* of) { return of->nla_len - size_t{NLA_HDRLEN}; }

// nla_parse() in one pass, without a dozen calls into libnl for each of some 40 attributes of a row. It passes over
// what follows the last whole attribute: an optional one would read as if it had not been there. False then.
template <typename Visit>
bool walk(uint8_t* at, size_t rest, Visit visit) {
  while (rest >= sizeof(nlattr)) {
    auto* attribute = reinterpret_cast<nlattr*>(at);
    const size_t size = attribute->nla_len;
    if (size < sizeof(nlattr) || size > rest) return false;
    visit(static_cast<size_t>(attribute->nla_type & NLA_TYPE_MASK), attribute);
    const size_t step = std::min(static_cast<size_t>(NLA_ALIGN(size)), rest);
    at += step;
    rest -= step;
  }
  return rest == 0;
}

template <size_t N>
class Attributes {
 public:
  // The attributes of a message, or of a nest.
  explicit Attributes(nlmsghdr* header) {
    if (!genlmsg_valid_hdr(header, 0)) return;
    const genlmsghdr* generic = genlmsg_hdr(header);
    parse(reinterpret_cast<uint8_t*>(genlmsg_attrdata(generic, 0)), static_cast<size_t>(genlmsg_attrlen(generic, 0)));
  }
  explicit Attributes(nlattr* nest) {
    if (nest != nullptr) parse(payload(nest), payload_size(nest));
  }

  nlattr* operator[](int attribute) const { return ok_ ? table_[static_cast<size_t>(attribute)] : nullptr; }

  // Attributes are aligned to 4 bytes only, so values are copied out.
  template <typename T>
  bool read(int attribute, T& value) const {
    const nlattr* found = (*this)[attribute];
    if (found == nullptr || payload_size(found) != sizeof value) return false;
    std::memcpy(&value, payload(found), sizeof value);
    return true;
  }
  bool read(int attribute, std::array<char, 16>& name) const {
    const nlattr* found = (*this)[attribute];
    if (found == nullptr) return false;
    const auto* text = reinterpret_cast<const char*>(payload(found));
    const size_t length = strnlen(text, payload_size(found));
    if (length >= name.size()) return false;
    name.fill('\0');
    std::copy_n(text, length, name.begin());
    return true;
  }

 private:
  void parse(uint8_t* at, size_t rest) {
    ok_ = walk(at, rest, [this](size_t type, nlattr* attribute) {
      if (type < N) table_[type] = attribute;
    });
  }

  std::array<nlattr*, N> table_{};
  bool ok_ = false;
};

using CommandAttributes = Attributes<IPVS_CMD_ATTR_MAX + 1>;
using ServiceAttributes = Attributes<IPVS_SVC_ATTR_MAX + 1>;
using DestinationAttributes = Attributes<IPVS_DEST_ATTR_MAX + 1>;
using InfoAttributes = Attributes<IPVS_INFO_ATTR_MAX + 1>;
using DaemonAttributes = Attributes<IPVS_DAEMON_ATTR_MAX + 1>;

// A Stats, in the order of the attributes' numbers.
constexpr size_t kFirstCounter = IPVS_STATS_ATTR_CONNS;
using Counters = std::array<uint64_t, IPVS_STATS_ATTR_OUTBPS - kFirstCounter + 1>;
static_assert(sizeof(Counters) == sizeof(Stats));

// STATS64 (Linux 4.1) and the older STATS carry the same attributes in different widths. A quarter of all that a row
// takes to read: in one walk, without a table.
bool read_stats(nlattr* wide, nlattr* narrow, Stats& stats) {
  nlattr* nest = wide != nullptr ? wide : narrow;
  if (nest == nullptr) return false;
  Counters counters{};
  uint32_t missing = (1U << counters.size()) - 1;
  const bool is_whole = walk(payload(nest), payload_size(nest), [&](size_t type, const nlattr* attribute) {
    const size_t i = type - kFirstCounter;
    if (i >= counters.size()) return;
    uint32_t half = 0;
    missing &= ~(1U << i);
    if (payload_size(attribute) == sizeof counters[i]) {
      std::memcpy(&counters[i], payload(attribute), sizeof counters[i]);
    } else if (payload_size(attribute) == sizeof half) {
      std::memcpy(&half, payload(attribute), sizeof half);
      counters[i] = half;
    } else {
      missing |= 1U << i;
    }
  });
  std::memcpy(&stats, counters.data(), sizeof stats);
  return is_whole && missing == 0;
}

template <typename From>
bool read_port(const From& from, int attribute, uint16_t& port) {
  if (!from.read(attribute, port)) return false;
  port = ntohs(port);
  return true;
}

}  // namespace

size_t encode(const Request& request, const nlmsghdr& header, uint8_t* at) {
  Writer to(at);
  to.put(header);
  to.put(genlmsghdr{static_cast<uint8_t>(request.command), IPVS_GENL_VERSION, 0});
  const bool sets_service = request.command == IPVS_CMD_NEW_SERVICE || request.command == IPVS_CMD_SET_SERVICE;
  const bool sets_destination = request.command == IPVS_CMD_NEW_DEST || request.command == IPVS_CMD_SET_DEST;
  // A family of 0 leaves the service out: dumps and commands on the whole table.
  if (request.service.family != 0) {
    to.nest(IPVS_CMD_ATTR_SERVICE, [&] {
      write_identity(to, request.service);
      if (sets_service) write_settings(to, request.service);
    });
  }
  if (sets_destination || request.command == IPVS_CMD_DEL_DEST) {
    to.nest(IPVS_CMD_ATTR_DEST, [&] {
      write_identity(to, request.destination, request.service.family);
      if (sets_destination) write_settings(to, request.destination);
    });
  }
  if (request.command == IPVS_CMD_NEW_DAEMON || request.command == IPVS_CMD_DEL_DAEMON) {
    to.nest(IPVS_CMD_ATTR_DAEMON, [&] { write_daemon(to, request.daemon, request.command == IPVS_CMD_NEW_DAEMON); });
  }
  if (request.command == IPVS_CMD_SET_CONFIG) {
    to.number(IPVS_CMD_ATTR_TIMEOUT_TCP, request.timeouts.tcp);
    to.number(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, request.timeouts.tcp_fin);
    to.number(IPVS_CMD_ATTR_TIMEOUT_UDP, request.timeouts.udp);
  }
  const auto size = static_cast<uint32_t>(to.end() - at);
  std::memcpy(at, &size, sizeof size);
  return size;
}

bool decode(nlmsghdr* header, ServiceEntry& entry) {
  entry = {};
  Service& service = entry.service;
  const ServiceAttributes from{CommandAttributes(header)[IPVS_CMD_ATTR_SERVICE]};
  if (!from.read(IPVS_SVC_ATTR_AF, service.family)) return false;
  if (from[IPVS_SVC_ATTR_FWMARK] != nullptr) {
    if (!from.read(IPVS_SVC_ATTR_FWMARK, service.firewall_mark)) return false;
  } else if (!from.read(IPVS_SVC_ATTR_PROTOCOL, service.protocol) || !from.read(IPVS_SVC_ATTR_ADDR, service.address) ||
             !read_port(from, IPVS_SVC_ATTR_PORT, service.port)) {
    return false;
  }
  ip_vs_flags flags{};
  if (!from.read(IPVS_SVC_ATTR_FLAGS, flags) || !from.read(IPVS_SVC_ATTR_SCHED_NAME, service.scheduler) ||
      !from.read(IPVS_SVC_ATTR_TIMEOUT, service.timeout) || !from.read(IPVS_SVC_ATTR_NETMASK, service.netmask)) {
    return false;
  }
  service.flags = flags.flags;
  if (service.family == AF_INET) service.netmask = ntohl(service.netmask);
  if (from[IPVS_SVC_ATTR_PE_NAME] != nullptr && !from.read(IPVS_SVC_ATTR_PE_NAME, service.engine)) return false;
  return read_stats(from[IPVS_SVC_ATTR_STATS64], from[IPVS_SVC_ATTR_STATS], entry.stats);
}

bool decode(nlmsghdr* header, DestinationEntry& entry) {
  entry = {};
  Destination& destination = entry.destination;
  const DestinationAttributes from{CommandAttributes(header)[IPVS_CMD_ATTR_DEST]};
  uint8_t tunnel_type = 0;
  if (!from.read(IPVS_DEST_ATTR_ADDR, destination.address) || !read_port(from, IPVS_DEST_ATTR_PORT, destination.port) ||
      !from.read(IPVS_DEST_ATTR_FWD_METHOD, destination.forwarding) ||
      !from.read(IPVS_DEST_ATTR_WEIGHT, destination.weight) || !from.read(IPVS_DEST_ATTR_U_THRESH, destination.upper) ||
      !from.read(IPVS_DEST_ATTR_L_THRESH, destination.lower) || !from.read(IPVS_DEST_ATTR_ACTIVE_CONNS, entry.active) ||
      !from.read(IPVS_DEST_ATTR_INACT_CONNS, entry.inactive) ||
      !from.read(IPVS_DEST_ATTR_PERSIST_CONNS, entry.persistent)) {
    return false;
  }
  // Newer than the rest: the family came with Linux 3.18 (0 here: the service's), tunnels with 5.2 to 5.4.
  if (from[IPVS_DEST_ATTR_ADDR_FAMILY] != nullptr && !from.read(IPVS_DEST_ATTR_ADDR_FAMILY, destination.family))
    return false;
  if (from[IPVS_DEST_ATTR_TUN_TYPE] != nullptr && !from.read(IPVS_DEST_ATTR_TUN_TYPE, tunnel_type)) return false;
  if (from[IPVS_DEST_ATTR_TUN_PORT] != nullptr && !read_port(from, IPVS_DEST_ATTR_TUN_PORT, destination.tunnel_port)) {
    return false;
  }
  if (from[IPVS_DEST_ATTR_TUN_FLAGS] != nullptr && !from.read(IPVS_DEST_ATTR_TUN_FLAGS, destination.tunnel_flags)) {
    return false;
  }
  destination.tunnel_type = tunnel_type;
  return read_stats(from[IPVS_DEST_ATTR_STATS64], from[IPVS_DEST_ATTR_STATS], entry.stats);
}

bool decode(nlmsghdr* header, Info& info) {
  info = {};
  const InfoAttributes from(header);
  return from.read(IPVS_INFO_ATTR_VERSION, info.version) &&
         from.read(IPVS_INFO_ATTR_CONN_TAB_SIZE, info.connection_table_size);
}

bool decode(nlmsghdr* header, Daemon& daemon) {
  daemon = {};
  const DaemonAttributes from{CommandAttributes(header)[IPVS_CMD_ATTR_DAEMON]};
  if (!from.read(IPVS_DAEMON_ATTR_STATE, daemon.role) || !from.read(IPVS_DAEMON_ATTR_SYNC_ID, daemon.sync_id) ||
      !from.read(IPVS_DAEMON_ATTR_MCAST_IFN, daemon.interface)) {
    return false;
  }
  // The rest came with Linux 4.3.
  uint8_t ttl = 0;
  in_addr group{};
  if (from[IPVS_DAEMON_ATTR_SYNC_MAXLEN] != nullptr && !from.read(IPVS_DAEMON_ATTR_SYNC_MAXLEN, daemon.max_length))
    return false;
  if (from[IPVS_DAEMON_ATTR_MCAST_PORT] != nullptr && !from.read(IPVS_DAEMON_ATTR_MCAST_PORT, daemon.port))
    return false;
  if (from[IPVS_DAEMON_ATTR_MCAST_TTL] != nullptr && !from.read(IPVS_DAEMON_ATTR_MCAST_TTL, ttl)) return false;
  if (from[IPVS_DAEMON_ATTR_MCAST_GROUP] != nullptr) {
    if (!from.read(IPVS_DAEMON_ATTR_MCAST_GROUP, group)) return false;
    std::memcpy(daemon.group.data(), &group, sizeof group);
    daemon.group_family = AF_INET;
  } else if (from[IPVS_DAEMON_ATTR_MCAST_GROUP6] != nullptr) {
    if (!from.read(IPVS_DAEMON_ATTR_MCAST_GROUP6, daemon.group)) return false;
    daemon.group_family = AF_INET6;
  }
  daemon.ttl = ttl;
  return true;
}

bool decode(nlmsghdr* header, Timeouts& timeouts) {
  timeouts = {};
  const CommandAttributes from(header);
  return from.read(IPVS_CMD_ATTR_TIMEOUT_TCP, timeouts.tcp) &&
         from.read(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, timeouts.tcp_fin) &&
         from.read(IPVS_CMD_ATTR_TIMEOUT_UDP, timeouts.udp);
}

}  // namespace ipvs
