#include "echo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <sys/random.h>

#include <cstring>

namespace ipvs {

namespace {

constexpr size_t kHeaderBytes = 8;
constexpr size_t kPacketBytes = kHeaderBytes + kTokenBytes;
// Room for an IPv4 header with all its options before a packet; what is longer is no packet of ours.
constexpr size_t kBufferBytes = 128;
constexpr int kDatagramsAtOnce = 256;
// A thousand replies wait in this while the event loop is busy.
constexpr int kReceiveBuffer = 1 << 20;

// RFC 1071. For ICMPv6, and for SOCK_DGRAM, the kernel fills it in.
uint16_t checksum(const uint8_t* bytes, size_t size) {
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < size; i += 2) sum += static_cast<uint32_t>(bytes[i] << 8 | bytes[i + 1]);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

void put16(uint8_t* at, uint16_t value) {
  at[0] = static_cast<uint8_t>(value >> 8);
  at[1] = static_cast<uint8_t>(value);
}
uint16_t get16(const uint8_t* at) { return static_cast<uint16_t>(at[0] << 8 | at[1]); }

bool set(int fd, int level, int option, const void* value, socklen_t size) {
  return setsockopt(fd, level, option, value, size) == 0;
}

// The errno that the kernel tells about a request; 0 when there is none.
int told_error(msghdr& message) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    const bool error = (part->cmsg_level == SOL_IP && part->cmsg_type == IP_RECVERR) ||
                       (part->cmsg_level == SOL_IPV6 && part->cmsg_type == IPV6_RECVERR);
    if (!error || part->cmsg_len < CMSG_LEN(sizeof(sock_extended_err))) continue;
    sock_extended_err told;
    std::memcpy(&told, CMSG_DATA(part), sizeof told);
    return static_cast<int>(told.ee_errno);
  }
  return 0;
}

// Bytes before the ICMP header; more than there are when there can be none.
size_t ip_header_bytes(int family, bool raw, bool error, const uint8_t* bytes, size_t size) {
  if (size == 0) return 1;
  const int version = bytes[0] >> 4;
  // A raw socket of IPv4 reads the IP header, too.
  if (family == AF_INET && raw && !error) return version == 4 ? (bytes[0] & 0xfU) * 4U : size + 1;
  // Linux gives a raw socket of IPv6 what was quoted with its IP header. No type of echo begins like one.
  return family == AF_INET6 && error && version == 6 ? 40 : 0;
}

}  // namespace

std::unique_ptr<EchoSocket> EchoSocket::open(int family, int& error) {
  const int protocol = family == AF_INET ? static_cast<int>(IPPROTO_ICMP) : static_cast<int>(IPPROTO_ICMPV6);
  bool raw = false;
  int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (fd < 0 && (errno == EACCES || errno == EPERM || errno == EPROTONOSUPPORT)) {
    raw = true;
    fd = socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  }
  if (fd < 0) {
    error = errno;
    return nullptr;
  }
  std::unique_ptr<EchoSocket> opened(new EchoSocket(family, fd, raw));
  error = opened->prepare();
  if (error != 0) opened.reset();
  return opened;
}

int EchoSocket::prepare() {
  const int on = 1;
  const bool v4 = family_ == AF_INET;
  if (!set(fd(), v4 ? SOL_IP : SOL_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR, &on, sizeof on)) return errno;
  if (raw_ && v4) {
    icmp_filter filter;
    filter.data = ~(1U << ICMP_ECHOREPLY);
    if (!set(fd(), SOL_RAW, ICMP_FILTER, &filter, sizeof filter)) return errno;
  }
  if (raw_ && !v4) {
    icmp6_filter filter;
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
    if (!set(fd(), IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter)) return errno;
  }
  // As much as is allowed: the first takes CAP_NET_ADMIN.
  if (!set(fd(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer)) {
    set(fd(), SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
  }
  return take_id();
}

// The id of a SOCK_DGRAM is its port, which the kernel gives; it delivers what has this id, and nothing else.
int EchoSocket::take_id() {
  if (raw_) return getrandom(&id_, sizeof id_, 0) == static_cast<ssize_t>(sizeof id_) ? 0 : EAGAIN;
  Name name = name_of(family_, Address{});
  socklen_t size = size_of_name(family_);
  if (bind(fd(), &name.any, size) != 0 || getsockname(fd(), &name.any, &size) != 0) return errno;
  id_ = ntohs(family_ == AF_INET ? name.v4.sin_port : name.v6.sin6_port);
  return 0;
}

int EchoSocket::send(const Address& address, uint16_t sequence, const Token& token) {
  uint8_t packet[kPacketBytes] = {};
  packet[0] = family_ == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
  put16(packet + 4, id_);
  put16(packet + 6, sequence);
  std::memcpy(packet + kHeaderBytes, token.data(), token.size());
  if (family_ == AF_INET) put16(packet + 2, checksum(packet, sizeof packet));
  const Name name = name_of(family_, address);
  const auto send_once = [&]() -> int {
    for (;;) {
      if (sendto(fd(), packet, sizeof packet, MSG_NOSIGNAL, &name.any, size_of_name(family_)) >= 0) return 0;
      if (errno != EINTR) return errno;
    }
  };
  // With IP_RECVERR a call may fail with what was learnt of an earlier request, once. The error queue has it as well.
  const int error = send_once();
  return error == 0 || error == EAGAIN ? error : send_once();
}

std::vector<Heard> EchoSocket::receive() {
  std::vector<Heard> heard;
  for (int i = 0; i < kDatagramsAtOnce && receive_one(MSG_ERRQUEUE, heard); i++) continue;
  for (int i = 0; i < kDatagramsAtOnce && receive_one(0, heard); i++) continue;
  // Or the socket would stay "in error", of which the error queue has told.
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  return heard;
}

// False when there is nothing more. Appends nothing for what cannot be about a request of this socket.
bool EchoSocket::receive_one(int flags, std::vector<Heard>& heard) {
  uint8_t bytes[kBufferBytes];
  alignas(cmsghdr) char control[256];
  Name name = name_of(family_, Address{});
  iovec part{bytes, sizeof bytes};
  msghdr message{};
  message.msg_name = &name;
  message.msg_namelen = sizeof name;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t received = recvmsg(fd(), &message, flags);
  if (received < 0) return errno != EAGAIN && errno != EWOULDBLOCK;  // EINTR, or an error of an earlier request

  const bool error = flags != 0;
  const auto size = static_cast<size_t>(received);
  const size_t skipped = ip_header_bytes(family_, raw_, error, bytes, size);
  if (message.msg_namelen < size_of_name(family_) || size < skipped + kHeaderBytes) return true;
  const uint8_t* icmp = bytes + skipped;
  const size_t icmp_size = size - skipped;
  const uint8_t request = family_ == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
  const uint8_t reply = family_ == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
  const bool whole = (message.msg_flags & MSG_TRUNC) == 0 && icmp_size == kPacketBytes;
  if (icmp[0] != (error ? request : reply) || icmp[1] != 0 || get16(icmp + 4) != id_ || (!error && !whole)) return true;

  Heard about;
  about.error = error ? told_error(message) : 0;
  if (error && about.error == 0) return true;
  about.sequence = get16(icmp + 6);
  about.address = address_of(family_, name);
  about.has_token = icmp_size >= kPacketBytes;
  if (about.has_token) std::memcpy(about.token.data(), icmp + kHeaderBytes, kTokenBytes);
  heard.push_back(about);
  return true;
}

}  // namespace ipvs
