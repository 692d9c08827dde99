// Records what a real kernel answers, as inputs of the fuzzer (input.h): prints a line `NAME HEX` for each. Needs root,
// IPVS and an empty network namespace with lo up, which it fills: test/native/capture.mjs runs it in a guest.
#include <arpa/inet.h>
#include <dlfcn.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "../../native/session.h"
#include "input.h"
#include "messages.h"

namespace {

using hostile::Asked;
using hostile::Bytes;
using ipvs::Destination;
using ipvs::Request;
using ipvs::Service;

// What went over the wire since it was last asked for, in both directions.
struct Wire {
  Bytes sent{};
  hostile::Datagrams received{};
} wire;

template <typename Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

// From the kernel's numbers to those of an input, the reverse of what beneath.cc does; and the family's to kFamily.
void normalize(Bytes& bytes, const nlmsghdr& first) {
  nlmsghdr header;
  for (size_t at = 0; at + sizeof header <= bytes.size(); at += NLMSG_ALIGN(header.nlmsg_len)) {
    std::memcpy(&header, &bytes[at], sizeof header);
    header.nlmsg_seq -= first.nlmsg_seq;
    header.nlmsg_pid -= first.nlmsg_pid;
    if (header.nlmsg_type == first.nlmsg_type && header.nlmsg_type != GENL_ID_CTRL) {
      header.nlmsg_type = hostile::kFamily;
    }
    std::memcpy(&bytes[at], &header, sizeof header);
  }
}

void print(const std::string& name, Asked asked) {
  const nlmsghdr first = hostile::headers(wire.sent).at(0);
  for (hostile::Datagram& datagram : wire.received) normalize(datagram.bytes, first);
  std::printf("%s ", name.c_str());
  for (const uint8_t byte : hostile::serialize({asked, wire.received})) std::printf("%02x", byte);
  std::printf("\n");
}

Request request(uint32_t command, bool dump = false, const Service& service = {}, const Destination& destination = {}) {
  return {command, dump ? 1U : 0U, service, destination, {}, {}};
}

std::array<uint8_t, 16> address(int family, const char* text) {
  std::array<uint8_t, 16> bytes{};
  if (::inet_pton(family, text, bytes.data()) != 1) std::abort();
  return bytes;
}

Service service(int family, const char* at, uint16_t protocol, uint16_t port) {
  Service made{};
  made.family = static_cast<uint16_t>(family);
  made.protocol = protocol;
  made.port = port;
  made.netmask = family == AF_INET ? ~0U : 128;
  made.address = address(family, at);
  made.scheduler = {'r', 'r'};
  return made;
}

Destination real(int family, const char* at, uint32_t forwarding) {
  Destination made{};
  made.family = static_cast<uint16_t>(family);
  made.port = 80;
  made.forwarding = forwarding;
  made.weight = 1;
  made.address = address(family, at);
  return made;
}

Request daemon(uint32_t role, int family, const char* group) {
  Request made = request(IPVS_CMD_NEW_DAEMON);
  made.daemon.role = role;
  made.daemon.group_family = static_cast<uint16_t>(family);
  made.daemon.group = address(family, group);
  made.daemon.interface = {'e', 't', 'h', '0'};
  return made;
}

class Recorder {
 public:
  // Asks, and prints what the last datagram of it was answered with.
  void record(const std::string& name, Asked asked, const std::vector<Request>& requests) {
    session_.carry_out(requests);
    print(name, asked);
  }
  void require(const std::vector<Request>& requests) {
    for (const ipvs::Answer& answer : session_.carry_out(requests)) {
      if (answer.error == 0) continue;
      std::fprintf(stderr, "capture: expected every command to succeed, found errno %d\n", answer.error);
      std::exit(1);
    }
  }

 private:
  ipvs::Session session_{""};
};

std::vector<Service> services() {
  Service persistent = service(AF_INET, "192.0.2.1", IPPROTO_TCP, 443);
  persistent.flags = IP_VS_SVC_F_PERSISTENT;
  persistent.timeout = 300;
  persistent.netmask = 0xffffff00;
  Service engine = service(AF_INET, "192.0.2.1", IPPROTO_UDP, 5060);
  engine.flags = IP_VS_SVC_F_PERSISTENT;
  engine.timeout = 60;
  engine.engine = {'s', 'i', 'p'};
  Service persistent6 = service(AF_INET6, "2001:db8::1", IPPROTO_TCP, 443);
  persistent6.flags = IP_VS_SVC_F_PERSISTENT;
  persistent6.timeout = 60;
  persistent6.netmask = 64;
  Service mark{};
  mark.family = AF_INET;
  mark.firewall_mark = 7;
  mark.netmask = ~0U;
  mark.scheduler = {'w', 'l', 'c'};
  Service mark6 = mark;
  mark6.family = AF_INET6;
  mark6.netmask = 128;
  Service one_packet = service(AF_INET, "192.0.2.1", IPPROTO_UDP, 53);
  one_packet.flags = IP_VS_SVC_F_ONEPACKET;
  return {service(AF_INET, "192.0.2.1", IPPROTO_TCP, 80),     persistent, engine, persistent6, mark, mark6, one_packet,
          service(AF_INET6, "2001:db8::1", IPPROTO_SCTP, 132)};
}

std::vector<Destination> reals() {
  Destination ipip = real(AF_INET, "10.0.0.3", IP_VS_CONN_F_TUNNEL);
  Destination gue = real(AF_INET, "10.0.0.4", IP_VS_CONN_F_TUNNEL);
  gue.tunnel_type = IP_VS_CONN_F_TUNNEL_TYPE_GUE;
  gue.tunnel_port = 6080;
  gue.tunnel_flags = IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM;
  Destination gre = real(AF_INET, "10.0.0.5", IP_VS_CONN_F_TUNNEL);
  gre.tunnel_type = IP_VS_CONN_F_TUNNEL_TYPE_GRE;
  gre.tunnel_flags = IP_VS_TUNNEL_ENCAP_FLAG_CSUM;
  Destination limited = real(AF_INET, "10.0.0.6", IP_VS_CONN_F_DROUTE);
  limited.weight = 0;
  limited.upper = 2000;
  limited.lower = 1000;
  return {real(AF_INET, "10.0.0.1", IP_VS_CONN_F_DROUTE),
          real(AF_INET, "10.0.0.2", IP_VS_CONN_F_MASQ),
          ipip,
          gue,
          gre,
          limited,
          real(AF_INET6, "2001:db8::2", IP_VS_CONN_F_TUNNEL)};
}

void record_all(Recorder& recorder) {
  const Service web = service(AF_INET, "192.0.2.1", IPPROTO_TCP, 80);
  const Destination first = real(AF_INET, "10.0.0.1", IP_VS_CONN_F_DROUTE);
  const std::vector<Request> commands{
      request(IPVS_CMD_NEW_SERVICE, false, web), request(IPVS_CMD_NEW_DEST, false, web, first),
      request(IPVS_CMD_DEL_DEST, false, web, first), request(IPVS_CMD_DEL_SERVICE, false, web)};
  recorder.record("info", Asked::kInfo, {request(IPVS_CMD_GET_INFO)});
  recorder.record("timeouts", Asked::kTimeouts, {request(IPVS_CMD_GET_CONFIG)});
  recorder.record("no-daemons", Asked::kDaemons, {request(IPVS_CMD_GET_DAEMON, true)});
  recorder.require(
      {daemon(IP_VS_STATE_MASTER, AF_INET, "224.0.0.81"), daemon(IP_VS_STATE_BACKUP, AF_INET6, "ff05::81")});
  recorder.record("daemons", Asked::kDaemons, {request(IPVS_CMD_GET_DAEMON, true)});
  for (const uint32_t role : {IP_VS_STATE_MASTER, IP_VS_STATE_BACKUP}) {
    Request stop = request(IPVS_CMD_DEL_DAEMON);
    stop.daemon.role = role;
    recorder.require({stop});
  }
  recorder.record("no-services", Asked::kServices, {request(IPVS_CMD_GET_SERVICE, true)});
  recorder.record("no-service", Asked::kService, {request(IPVS_CMD_GET_SERVICE, false, web)});
  recorder.record("commands", Asked::kCommands, commands);
  recorder.record("commands-all-refused", Asked::kCommands, {commands[3], commands[1], commands[2], commands[3]});
  recorder.require({commands[0]});
  recorder.record("commands-some-refused", Asked::kCommands, {commands[0], commands[1], commands[1], commands[2]});
  recorder.record("no-destinations", Asked::kDestinations, {request(IPVS_CMD_GET_DEST, true, web)});
  for (const Destination& one : reals()) recorder.require({request(IPVS_CMD_NEW_DEST, false, web, one)});
  recorder.record("destinations", Asked::kDestinations, {request(IPVS_CMD_GET_DEST, true, web)});
  recorder.require({commands[3]});
  for (const Service& one : services()) recorder.require({request(IPVS_CMD_NEW_SERVICE, false, one)});
  recorder.record("services", Asked::kServices, {request(IPVS_CMD_GET_SERVICE, true)});
  const std::vector<std::string> names{"ipv4", "persistent", "engine",     "persistent-ipv6",
                                       "mark", "mark-ipv6",  "one-packet", "sctp-ipv6"};
  for (size_t i = 0; i < names.size(); ++i) {
    recorder.record("service-" + names[i], Asked::kService, {request(IPVS_CMD_GET_SERVICE, false, services()[i])});
  }
  for (uint16_t port = 1000; port < 1012; ++port) {
    recorder.require({request(IPVS_CMD_NEW_SERVICE, false, service(AF_INET, "192.0.2.2", IPPROTO_TCP, port))});
  }
  recorder.record("services-in-parts", Asked::kServices, {request(IPVS_CMD_GET_SERVICE, true)});
  // Every request is checked anew, with the sender's capabilities.
  if (::seteuid(65534) != 0) std::abort();
  recorder.record("info-not-permitted", Asked::kInfo, {request(IPVS_CMD_GET_INFO)});
  recorder.record("services-not-permitted", Asked::kServices, {request(IPVS_CMD_GET_SERVICE, true)});
  recorder.record("commands-not-permitted", Asked::kCommands, commands);
}

}  // namespace

extern "C" ssize_t sendto(int fd, const void* data, size_t size, int flags, const sockaddr* to, socklen_t to_size) {
  if (!wire.sent.empty() && hostile::is_lookup(wire.sent)) print("lookup", Asked::kLookup);
  const auto* bytes = static_cast<const uint8_t*>(data);
  wire = {{bytes, bytes + size}, {}};
  return next<decltype(&sendto)>("sendto")(fd, data, size, flags, to, to_size);
}

extern "C" ssize_t recvmsg(int fd, msghdr* message, int flags) {
  const ssize_t size = next<decltype(&recvmsg)>("recvmsg")(fd, message, flags);
  hostile::Datagram datagram;
  if (size < 0) {
    datagram.error = errno;
  } else {
    const auto* bytes = static_cast<const uint8_t*>(message->msg_iov->iov_base);
    datagram.bytes.assign(bytes, bytes + size);
  }
  wire.received.push_back(std::move(datagram));
  return size;
}

int main() {
  Recorder recorder;
  record_all(recorder);
}
