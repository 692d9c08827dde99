// A socket for ICMP echo: requests out; replies, and what the kernel learnt of requests that did not arrive, in. Knows
// nothing of Node.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "descriptor.h"
#include "name.h"

namespace ipvs {

constexpr size_t kTokenBytes = 16;

using Token = std::array<uint8_t, kTokenBytes>;

// What has become of a request.
struct Heard {
  // 0: it was answered.
  int error = 0;
  uint16_t sequence = 0;
  // Who has answered, or where the request was sent.
  Address address{};
  // The quotation in an error may end before the token.
  bool has_token = false;
  Token token{};
};

class EchoSocket {
 public:
  // SOCK_DGRAM where net.ipv4.ping_group_range allows it, else SOCK_RAW, which takes CAP_NET_RAW. AF_INET or AF_INET6.
  // Null, with an errno, when there is none.
  static std::unique_ptr<EchoSocket> open(int family, int& error);

  int fd() const { return socket_.get(); }
  bool raw() const { return raw_; }
  // 0 or an errno. Never waits.
  int send(const Address& address, uint16_t sequence, const Token& token);
  // What has come since, as far as it can be about a request of this socket; bounded, so call it again while the socket
  // is readable.
  std::vector<Heard> receive();

 private:
  EchoSocket(int family, int fd, bool raw) : family_(family), socket_(fd), raw_(raw) {}
  int prepare();
  int take_id();
  bool receive_one(int flags, std::vector<Heard>& heard);

  const int family_;
  const Descriptor socket_;
  const bool raw_;
  // Of all requests of this socket, host order.
  uint16_t id_ = 0;
};

}  // namespace ipvs
