// What Node has no call for about Unix sockets. Knows nothing of Node.
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace ipvs {

// One datagram to a Unix socket, by its path, or by its abstract name after a NUL. 0 or an errno. Never waits.
int send_to_unix(const void* name, size_t name_size, const void* bytes, size_t size);

struct Peer {
  pid_t pid;
  uid_t uid;
  gid_t gid;
};

// Who is at the other end of a connected Unix socket: who it was when it connected or listened. 0 or an errno; ENOTSOCK
// or EAFNOSUPPORT for what is no Unix socket, ENOTCONN for one without a peer.
int peer_of(int fd, Peer& peer);

}  // namespace ipvs
