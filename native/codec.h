// Records <-> netlink attributes. No socket, no Node: bytes in, bytes out, every length checked.
#pragma once

#include <netlink/msg.h>

#include <cstddef>
#include <cstdint>

#include "records.h"

namespace ipvs {

// A service and a destination with all that they may have, names at their longest, take 240.
constexpr size_t kLongestMessage = 256;

// Writes the generic netlink message for a request where there is room for the longest and all is 0; its header is
// given but for the length, which is returned.
size_t encode(const Request& request, const nlmsghdr& header, uint8_t* at);

// Each returns false when the kernel's message lacks what the record needs, or holds it in a wrong length.
bool decode(nlmsghdr* header, ServiceEntry& entry);
bool decode(nlmsghdr* header, DestinationEntry& entry);
bool decode(nlmsghdr* header, Info& info);
bool decode(nlmsghdr* header, Daemon& daemon);
bool decode(nlmsghdr* header, Timeouts& timeouts);

}  // namespace ipvs
