// Records <-> netlink attributes. No socket, no Node: bytes in, bytes out, every length checked.
#pragma once

#include <netlink/msg.h>

#include <vector>

#include "records.h"

namespace ipvs {

// Appends the generic netlink message for a request; its header is given but for the length.
void encode(const Request& request, const nlmsghdr& header, std::vector<uint8_t>& datagram);

// Each returns false when the kernel's message lacks what the record needs, or holds it in a wrong length.
bool decode(nlmsghdr* header, ServiceEntry& entry);
bool decode(nlmsghdr* header, DestinationEntry& entry);
bool decode(nlmsghdr* header, Info& info);
bool decode(nlmsghdr* header, Daemon& daemon);
bool decode(nlmsghdr* header, Timeouts& timeouts);

}  // namespace ipvs
