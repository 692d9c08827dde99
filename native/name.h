// Addresses of sockets, between the kernel's forms and the 16 bytes that cross the seam.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace ipvs {

// Network order; IPv4 takes the first four bytes, and the rest is 0.
using Address = std::array<uint8_t, 16>;

union Name {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

// The port is in host order.
inline Name name_of(int family, const Address& address, uint16_t port = 0) {
  Name name;
  std::memset(&name, 0, sizeof name);
  name.any.sa_family = static_cast<sa_family_t>(family);
  if (family == AF_INET) {
    std::memcpy(&name.v4.sin_addr, address.data(), sizeof name.v4.sin_addr);
    name.v4.sin_port = htons(port);
  } else {
    std::memcpy(&name.v6.sin6_addr, address.data(), sizeof name.v6.sin6_addr);
    name.v6.sin6_port = htons(port);
  }
  return name;
}

inline Address address_of(int family, const Name& name) {
  Address address{};
  if (family == AF_INET) {
    std::memcpy(address.data(), &name.v4.sin_addr, sizeof name.v4.sin_addr);
  } else {
    std::memcpy(address.data(), &name.v6.sin6_addr, sizeof name.v6.sin6_addr);
  }
  return address;
}

inline socklen_t size_of_name(int family) { return family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6); }

}  // namespace ipvs
