// The layout that crosses the seam: fixed-size plain records, mirrored field by field by lib/wire.ts. Numbers and
// address bytes only, all in host byte order except addresses; words, defaults and opinions live in TypeScript.
//
// A batch is requests one after another: of each a RequestHead and the records that it names. The reply holds, for each
// request in order, one Outcome followed by `count` records of the kind that the outcome names. layout() describes
// every field; lib/native.ts refuses an addon whose hash of it differs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace ipvs {

struct Service {
  uint16_t family;    // AF_INET, AF_INET6
  uint16_t protocol;  // IPPROTO_*
  uint16_t port;
  uint32_t
      firewall_mark;  // 0: identified by protocol, address and port. The kernel takes a mark of 0 for TCP 0.0.0.0:0
  uint32_t flags;     // IP_VS_SVC_F_*
  uint32_t timeout;   // persistence, seconds
  uint32_t netmask;   // IPv4: the mask as a number (255.255.255.0 = 0xffffff00); IPv6: prefix length
  std::array<uint8_t, 16> address;
  std::array<char, 16> scheduler;  // NUL-terminated
  std::array<char, 16> engine;     // NUL-terminated; empty: none
};

struct Destination {
  uint16_t family;
  uint16_t port;
  uint16_t tunnel_port;
  uint16_t tunnel_flags;  // IP_VS_TUNNEL_ENCAP_FLAG_*
  uint32_t tunnel_type;   // IP_VS_CONN_F_TUNNEL_TYPE_*
  uint32_t forwarding;    // IP_VS_CONN_F_FWD_MASK part of the connection flags
  int32_t weight;
  uint32_t upper;  // connection limits; 0: none
  uint32_t lower;
  std::array<uint8_t, 16> address;
};

// A daemon that synchronizes connections between directors.
struct Daemon {
  uint32_t role;  // IP_VS_STATE_MASTER, IP_VS_STATE_BACKUP
  uint32_t sync_id;
  uint16_t max_length;    // of a message; this and the rest: 0 is the kernel's choice
  uint16_t port;          // of the multicast group
  uint16_t ttl;           // of multicast packets
  uint16_t group_family;  // 0: no group given
  std::array<uint8_t, 16> group;
  std::array<char, 16> interface;  // NUL-terminated
};

struct Timeouts {
  uint32_t tcp, tcp_fin, udp;  // seconds; 0 in a request: keep
};

// What follows a head, in this order.
enum Part : uint32_t {
  kServicePart = 1,
  kDestinationPart = 2,
  kDaemonPart = 4,
  kTimeoutsPart = 8,
  kSameService = 16,  // no record: the service of the request before
};

struct RequestHead {
  uint32_t command;  // IPVS_CMD_*, or Local
  uint16_t dump;     // 1: NLM_F_DUMP
  uint16_t parts;    // Part
};

// A request on this side of the seam. What it lacks is 0.
struct Request {
  uint32_t command;
  bool dump;
  Service service;
  Destination destination;
  Daemon daemon;
  Timeouts timeouts;
};

// Commands that the handle's thread carries out by itself, from the namespace that it is in. Above all of IPVS_CMD_*.
enum Local : uint32_t {
  kReadSysctls = 0x100,  // net.ipv4.vs.*
  kTellThread = 0x101,   // whose /proc/self/task/<id>/net is the namespace's
};

// Where an error comes from.
enum Stage : uint32_t {
  kKernel = 0,     // nlmsgerr of the request itself
  kNamespace = 1,  // opening or entering the network namespace
  kSocket = 2,     // making the netlink socket, or sending on it
  kFamily = 3,     // looking up the generic netlink family "IPVS"
  kAnswer = 4,     // sent, but the answer was lost or made no sense: the kernel may have carried it out
};

enum Kind : uint32_t {
  kNothing = 0,
  kServiceEntry = 1,
  kDestinationEntry = 2,
  kInfo = 3,
  kDaemon = 4,
  kTimeouts = 5,
  kSysctl = 6,
  kThread = 7,
};

struct Outcome {
  int32_t error;   // errno, 0: success
  uint32_t stage;  // Stage
  uint32_t kind;   // Kind of the records that follow
  uint32_t count;
};

struct Stats {
  uint64_t connections, packets_in, packets_out, bytes_in, bytes_out;
  uint64_t connection_rate, packet_in_rate, packet_out_rate, byte_in_rate, byte_out_rate;
};

struct ServiceEntry {
  Service service;
  Stats stats;
};

struct DestinationEntry {
  Destination destination;
  uint32_t active, inactive, persistent;
  Stats stats;
};

struct Info {
  uint32_t version;  // 0x010201: 1.2.1
  uint32_t connection_table_size;
};

struct Sysctl {
  std::array<char, 32> name;  // NUL-terminated, as the value
  std::array<char, 992> value;
};

struct Thread {
  uint32_t id;  // as /proc numbers it
};

// "Service.family@0:2" and so on, one field a line, in the order of the records above; then "Stage.kernel=0" and so on.
std::string layout();

}  // namespace ipvs
