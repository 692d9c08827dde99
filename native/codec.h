// Records <-> netlink attributes. No socket, no Node: bytes in, bytes out, every length checked.
#pragma once

#include <netlink/msg.h>

#include <memory>

#include "records.h"

namespace ipvs {

struct MessageDeleter {
  void operator()(nl_msg* message) const noexcept { nlmsg_free(message); }
};
using Message = std::unique_ptr<nl_msg, MessageDeleter>;

// The generic netlink message for a request, without sequence number and flags. Null when memory is short.
Message encode(const Request& request, int family);

// Each returns false when the kernel's message lacks what the record needs, or holds it in a wrong length.
bool decode(nlmsghdr* header, ServiceEntry& entry);
bool decode(nlmsghdr* header, DestinationEntry& entry);
bool decode(nlmsghdr* header, Info& info);
bool decode(nlmsghdr* header, Daemon& daemon);
bool decode(nlmsghdr* header, Timeouts& timeouts);

}  // namespace ipvs
