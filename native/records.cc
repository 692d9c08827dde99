#include "records.h"

namespace ipvs {
namespace {

struct Field {
  const char* name;
  size_t offset;
  size_t size;
};

#define FIELD(record, field) \
  Field { #record "." #field, offsetof(record, field), sizeof(record::field) }

const Field kFields[] = {
    FIELD(Service, family),
    FIELD(Service, protocol),
    FIELD(Service, port),
    FIELD(Service, firewall_mark),
    FIELD(Service, flags),
    FIELD(Service, timeout),
    FIELD(Service, netmask),
    FIELD(Service, address),
    FIELD(Service, scheduler),
    FIELD(Service, engine),
    FIELD(Destination, family),
    FIELD(Destination, port),
    FIELD(Destination, tunnel_port),
    FIELD(Destination, tunnel_flags),
    FIELD(Destination, tunnel_type),
    FIELD(Destination, forwarding),
    FIELD(Destination, weight),
    FIELD(Destination, upper),
    FIELD(Destination, lower),
    FIELD(Destination, address),
    FIELD(Daemon, role),
    FIELD(Daemon, sync_id),
    FIELD(Daemon, max_length),
    FIELD(Daemon, port),
    FIELD(Daemon, ttl),
    FIELD(Daemon, group_family),
    FIELD(Daemon, group),
    FIELD(Daemon, interface),
    FIELD(Timeouts, tcp),
    FIELD(Timeouts, tcp_fin),
    FIELD(Timeouts, udp),
    FIELD(RequestHead, command),
    FIELD(RequestHead, dump),
    FIELD(RequestHead, parts),
    FIELD(Outcome, error),
    FIELD(Outcome, stage),
    FIELD(Outcome, kind),
    FIELD(Outcome, count),
    FIELD(Stats, connections),
    FIELD(Stats, packets_in),
    FIELD(Stats, packets_out),
    FIELD(Stats, bytes_in),
    FIELD(Stats, bytes_out),
    FIELD(Stats, connection_rate),
    FIELD(Stats, packet_in_rate),
    FIELD(Stats, packet_out_rate),
    FIELD(Stats, byte_in_rate),
    FIELD(Stats, byte_out_rate),
    FIELD(ServiceEntry, service),
    FIELD(ServiceEntry, stats),
    FIELD(DestinationEntry, destination),
    FIELD(DestinationEntry, active),
    FIELD(DestinationEntry, inactive),
    FIELD(DestinationEntry, persistent),
    FIELD(DestinationEntry, stats),
    FIELD(Info, version),
    FIELD(Info, connection_table_size),
    FIELD(Sysctl, name),
    FIELD(Sysctl, value),
    FIELD(Thread, id),
};

#undef FIELD

struct Number {
  const char* name;
  uint32_t value;
};

const Number kNumbers[] = {
    {"Stage.kernel", kKernel},
    {"Stage.namespace", kNamespace},
    {"Stage.socket", kSocket},
    {"Stage.family", kFamily},
    {"Stage.answer", kAnswer},
    {"Kind.services", kServiceEntry},
    {"Kind.destinations", kDestinationEntry},
    {"Kind.infos", kInfo},
    {"Kind.daemons", kDaemon},
    {"Kind.timeouts", kTimeouts},
    {"Kind.sysctls", kSysctl},
    {"Kind.threads", kThread},
    {"Part.service", kServicePart},
    {"Part.destination", kDestinationPart},
    {"Part.daemon", kDaemonPart},
    {"Part.timeouts", kTimeoutsPart},
    {"Part.sameService", kSameService},
    {"Command.readSysctls", kReadSysctls},
    {"Command.tellThread", kTellThread},
};

}  // namespace

std::string layout() {
  std::string text;
  for (const Field& field : kFields) {
    text += std::string(field.name) + '@' + std::to_string(field.offset) + ':' + std::to_string(field.size) + '\n';
  }
  for (const Number& number : kNumbers) text += std::string(number.name) + '=' + std::to_string(number.value) + '\n';
  return text;
}

}  // namespace ipvs
