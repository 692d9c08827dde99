// The kernel's side of the conversation: its messages, byte by byte, and an honest kernel that answers with them.
#pragma once

#include <netlink/netlink.h>

#include <string>
#include <type_traits>

#include "../../native/records.h"
#include "beneath.h"

namespace hostile {

// Below the dynamic numbers' end, and neither nlctrl's (16) nor one that was ever seen for IPVS on a kernel of the rig.
constexpr uint16_t kFamily = 64;

Bytes join(const std::vector<Bytes>& parts);

template <typename T>
Bytes bytes_of(const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  const auto* start = reinterpret_cast<const uint8_t*>(&value);
  return {start, start + sizeof value};
}
Bytes text(const std::string& value);  // with its NUL

// With padding.
Bytes attribute(int type, const Bytes& value);

// A message with any payload. `index` is that of the request that it answers, `port` what is added to the right one.
Bytes message(uint16_t type, const Bytes& payload, uint32_t index = 0, uint16_t flags = 0, uint32_t port = 0);
// A generic netlink message of the family, as GET_* is answered with.
Bytes reply(uint8_t command, const Bytes& attributes, uint32_t index = 0, uint16_t flags = 0);
Bytes acknowledgement(uint32_t index = 0);
Bytes refusal(int error, uint32_t index = 0);
Bytes done(int result = 0, uint32_t index = 0);
// nlctrl's answer to CTRL_CMD_GETFAMILY.
Bytes family_reply(uint16_t family);

// The messages of a datagram.
std::vector<nlmsghdr> headers(const Bytes& datagram);
bool is_lookup(const Bytes& datagram);

// What Linux answers when IPVS is empty and every command succeeds.
Datagrams honest_answer(const Bytes& datagram, uint16_t family);
constexpr ipvs::Info kHonestInfo{0x010201, 4096};

}  // namespace hostile
