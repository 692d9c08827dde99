#include "connect.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>

namespace ipvs {

namespace {

constexpr int kEventsAtOnce = 256;

int pending_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

// The kernel chooses it with the route, when it connects, and keeps it until the socket is closed.
Address source_of(int fd) {
  Name name;
  std::memset(&name, 0, sizeof name);
  socklen_t size = sizeof name;
  return getsockname(fd, &name.any, &size) == 0 ? address_of(name.any.sa_family, name) : Address{};
}

// From now on the target's answer is acknowledged with data, or after 40 ms or more: until then its kernel wakes no
// program, and the reset takes half a connection back. That spares both sides most of the work.
void acknowledge_late(int fd) {
  const int off = 0;
  setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off);
}

// From now on close() resets the connection: whoever closes by FIN first keeps the connection for a minute in
// TIME_WAIT, and with it one of the local ports.
void close_by_reset(int fd) {
  const linger at_once{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace

std::unique_ptr<Connects> Connects::open(int& error) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  error = epoll < 0 ? errno : 0;
  return epoll < 0 ? nullptr : std::unique_ptr<Connects>(new Connects(epoll));
}

int Connects::start(uint32_t id, int family, const Address& address, uint16_t port) {
  Descriptor socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (socket.get() < 0) return errno;
  acknowledge_late(socket.get());
  const Name name = name_of(family, address, port);
  // EINTR leaves it under way, as EINPROGRESS does.
  if (connect(socket.get(), &name.any, size_of_name(family)) != 0 && errno != EINPROGRESS && errno != EINTR)
    return errno;
  // By the id, not by the descriptor: what a child process still has of a closed one between fork and exec finds
  // nobody.
  epoll_event event{};
  event.events = EPOLLOUT;
  event.data.u32 = id;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket.get(), &event) != 0) return errno;
  attempts_.emplace(id, socket.release());
  return 0;
}

Address Connects::cancel(uint32_t id) {
  const auto attempt = attempts_.find(id);
  if (attempt == attempts_.end()) return Address{};
  const int fd = attempt->second.get();
  const Address from = source_of(fd);
  close_by_reset(fd);
  attempts_.erase(attempt);
  return from;
}

std::vector<Ended> Connects::take() {
  std::vector<Ended> all;
  std::array<epoll_event, kEventsAtOnce> events;
  for (int count = kEventsAtOnce; count == kEventsAtOnce;) {
    count = epoll_wait(epoll_.get(), events.data(), kEventsAtOnce, 0);
    for (int i = 0; i < count; i++) {
      const uint32_t id = events[static_cast<size_t>(i)].data.u32;
      const auto attempt = attempts_.find(id);
      if (attempt == attempts_.end()) continue;
      const int fd = attempt->second.get();
      const int error = pending_error(fd);
      all.push_back({id, error, error == 0 ? Address{} : source_of(fd)});
      if (error == 0) close_by_reset(fd);
      attempts_.erase(attempt);
    }
  }
  return all;
}

}  // namespace ipvs
