#include "unix.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "descriptor.h"

namespace ipvs {

int send_to_unix(const void* name, size_t name_size, const void* bytes, size_t size) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (name_size == 0 || name_size > sizeof to.sun_path) return ENAMETOOLONG;
  std::memcpy(to.sun_path, name, name_size);
  const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return errno;
  const auto to_size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_size);
  for (;;) {
    const ssize_t sent =
        sendto(socket.get(), bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&to), to_size);
    if (sent >= 0) return 0;
    if (errno != EINTR) return errno;
  }
}

int peer_of(int fd, Peer& peer) {
  int domain = 0;
  socklen_t size = sizeof domain;
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) return errno;
  // The kernel answers for other sockets, too: with nobody.
  if (domain != AF_UNIX) return EAFNOSUPPORT;
  ucred told{};
  size = sizeof told;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &told, &size) != 0) return errno;
  if (size != sizeof told || told.uid == static_cast<uid_t>(-1)) return ENOTCONN;
  peer = {told.pid, told.uid, told.gid};
  return 0;
}

}  // namespace ipvs
