#include "beneath.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>

namespace hostile {
namespace {

Kernel* kernel = nullptr;
thread_local int current_namespace = 1;
thread_local DIR* sysctls = nullptr;  // while it is open

[[noreturn]] void stop(const char* why) {
  std::fprintf(stderr, "beneath: %s\n", why);
  std::abort();
}

// A descriptor that stands for a netlink socket or for a namespace. A real one (an eventfd) holds its number, so that
// close() needs no stand-in and what is left open shows in /proc/self/fd.
struct Slot {
  std::mutex mutex;  // of its own, so that it orders no other threads before ThreadSanitizer
  bool used = false;
  bool socket = false;
  bool bounded = false;  // SO_RCVTIMEO is set
  int name_space = 0;
  uint32_t port = 0;
  std::deque<Datagram> queue{};
};
// Never destroyed: a thread that was left to itself may outlive main().
std::array<Slot, 1024>& slots = *new std::array<Slot, 1024>;

int make(bool socket, int name_space) {
  const int fd = ::eventfd(0, EFD_CLOEXEC);
  if (fd < 0) return fd;
  Slot& slot = slots.at(static_cast<size_t>(fd));
  const std::lock_guard lock(slot.mutex);
  slot.used = true;
  slot.socket = socket;
  slot.bounded = false;
  slot.name_space = name_space;
  slot.port = 0;
  slot.queue.clear();
  return fd;
}

// Only descriptors of ours come in: neither libnl nor the code under test touches another one.
Slot& socket_of(int fd) {
  Slot& slot = slots.at(static_cast<size_t>(fd));
  if (!slot.used || !slot.socket) stop("a socket call on what is no socket");
  return slot;
}

int fail(int error) {
  errno = error;
  return -1;
}

// From numbers that count from the conversation's own to those that its socket expects.
void address(Bytes& bytes, uint32_t first_sequence, uint32_t port) {
  nlmsghdr header;
  for (size_t at = 0; at + sizeof header <= bytes.size();) {
    std::memcpy(&header, &bytes[at], sizeof header);
    header.nlmsg_seq += first_sequence;
    header.nlmsg_pid += port;
    std::memcpy(&bytes[at], &header, sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > bytes.size() - at) break;
    at += NLMSG_ALIGN(header.nlmsg_len);
  }
}

}  // namespace

void use(Kernel& chosen) {
  kernel = &chosen;
  current_namespace = 1;
}

size_t open_descriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), ::closedir);
  size_t count = 0;
  while (::readdir(folder.get()) != nullptr) ++count;
  return count;
}

}  // namespace hostile

using hostile::Call;
using hostile::kernel;

extern "C" {

int open(const char* path, int flags, ...) {
  if (std::strncmp(path, hostile::kNamespaces, std::strlen(hostile::kNamespaces)) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    const int mode = va_arg(arguments, int);
    va_end(arguments);
    return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
  }
  if ((flags & O_CLOEXEC) == 0) hostile::stop("a descriptor that a child process would inherit");
  if (const int error = kernel->enter(Call::kOpen)) return hostile::fail(error);
  const int name_space = kernel->name_space(path);
  return name_space == 0 ? hostile::fail(ENOENT) : hostile::make(false, name_space);
}

DIR* opendir(const char* path) {
  const bool of_sysctls = std::strcmp(path, "/proc/sys/net/ipv4/vs") == 0;
  if (of_sysctls) {
    if (const int error = kernel->enter(Call::kOpenFolder)) {
      errno = error;
      return nullptr;
    }
  }
  const std::string chosen = of_sysctls ? kernel->sysctls() : path;
  const int fd = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, chosen.c_str(), O_DIRECTORY | O_CLOEXEC));
  DIR* folder = fd < 0 ? nullptr : ::fdopendir(fd);
  if (of_sysctls) hostile::sysctls = folder;
  return folder;
}

dirent* readdir(DIR* folder) {
  if (folder == hostile::sysctls) {
    if (const int error = kernel->enter(Call::kReadFolder)) {
      errno = error;
      return nullptr;
    }
  }
  return reinterpret_cast<dirent* (*)(DIR*)>(::dlsym(RTLD_NEXT, "readdir"))(folder);
}

int closedir(DIR* folder) {
  if (folder == hostile::sysctls) hostile::sysctls = nullptr;
  return reinterpret_cast<int (*)(DIR*)>(::dlsym(RTLD_NEXT, "closedir"))(folder);
}

int openat(int folder, const char* name, int flags, ...) {
  if (hostile::sysctls != nullptr && folder == ::dirfd(hostile::sysctls)) {
    if ((flags & O_CLOEXEC) == 0) hostile::stop("a descriptor that a child process would inherit");
    if (const int error = kernel->sysctl(name)) return hostile::fail(error);
  }
  return static_cast<int>(::syscall(SYS_openat, folder, name, flags));
}

int setns(int fd, int type) noexcept {
  if (const int error = kernel->enter(Call::kSetns)) return hostile::fail(error);
  if (type != CLONE_NEWNET) return hostile::fail(EINVAL);
  hostile::Slot& slot = hostile::slots.at(static_cast<size_t>(fd));
  const std::lock_guard lock(slot.mutex);
  hostile::current_namespace = slot.name_space;
  return 0;
}

int socket(int domain, int type, int protocol) noexcept {
  if (domain != AF_NETLINK) return static_cast<int>(::syscall(SYS_socket, domain, type, protocol));
  if ((type & SOCK_CLOEXEC) == 0) hostile::stop("a descriptor that a child process would inherit");
  if (protocol != NETLINK_GENERIC) return hostile::fail(EPROTONOSUPPORT);
  if (const int error = kernel->enter(Call::kSocket)) return hostile::fail(error);
  return hostile::make(true, hostile::current_namespace);
}

int bind(int fd, const sockaddr* local, socklen_t) noexcept {
  hostile::Slot& slot = hostile::socket_of(fd);
  if (const int error = kernel->enter(Call::kBind)) return hostile::fail(error);
  const std::lock_guard lock(slot.mutex);
  const uint32_t wanted = reinterpret_cast<const sockaddr_nl*>(local)->nl_pid;
  slot.port = wanted != 0 ? wanted : 0x80000000U + static_cast<uint32_t>(fd);
  return 0;
}

int getsockname(int fd, sockaddr* local, socklen_t* size) noexcept {
  hostile::Slot& slot = hostile::socket_of(fd);
  if (const int error = kernel->enter(Call::kGetsockname)) return hostile::fail(error);
  const std::lock_guard lock(slot.mutex);
  sockaddr_nl name{};
  name.nl_family = AF_NETLINK;
  name.nl_pid = slot.port;
  std::memcpy(local, &name, std::min<size_t>(*size, sizeof name));
  *size = sizeof name;
  return 0;
}

int getsockopt(int fd, int level, int option, void* value, socklen_t* size) noexcept {
  hostile::socket_of(fd);
  if (const int error = kernel->enter(Call::kGetsockopt)) return hostile::fail(error);
  if (level != SOL_SOCKET || (option != SO_TYPE && option != SO_PROTOCOL)) return hostile::fail(ENOPROTOOPT);
  const int known = option == SO_TYPE ? SOCK_RAW : NETLINK_GENERIC;
  std::memcpy(value, &known, sizeof known);
  *size = sizeof known;
  return 0;
}

int setsockopt(int fd, int level, int option, const void* value, socklen_t) noexcept {
  hostile::Slot& slot = hostile::socket_of(fd);
  if (level == SOL_SOCKET && option == SO_RCVBUFFORCE) {
    if (const int error = kernel->enter(Call::kBuffer)) return hostile::fail(error);
  } else if (level == SOL_SOCKET && option == SO_RCVTIMEO) {
    if (const int error = kernel->enter(Call::kTimeout)) return hostile::fail(error);
    const auto* limit = static_cast<const timeval*>(value);
    const std::lock_guard lock(slot.mutex);
    slot.bounded = limit->tv_sec > 0 || limit->tv_usec > 0;
  } else if (level == SOL_NETLINK && option == NETLINK_CAP_ACK) {
    if (const int error = kernel->enter(Call::kCapAck)) return hostile::fail(error);
  } else {
    return hostile::fail(ENOPROTOOPT);
  }
  return 0;
}

ssize_t sendto(int fd, const void* data, size_t size, int, const sockaddr* to, socklen_t) {
  hostile::Slot& slot = hostile::socket_of(fd);
  if (const int error = kernel->enter(Call::kSend)) return hostile::fail(error);
  const std::lock_guard lock(slot.mutex);
  if (to == nullptr || reinterpret_cast<const sockaddr_nl*>(to)->nl_pid != 0) return hostile::fail(ECONNREFUSED);
  nlmsghdr first{};
  if (size < sizeof first) return hostile::fail(EINVAL);
  std::memcpy(&first, data, sizeof first);
  const auto* bytes = static_cast<const uint8_t*>(data);
  for (hostile::Datagram& datagram : kernel->answer({{bytes, bytes + size}, slot.name_space})) {
    hostile::address(datagram.bytes, first.nlmsg_seq, slot.port);
    slot.queue.push_back(std::move(datagram));
  }
  return static_cast<ssize_t>(size);
}

ssize_t recvmsg(int fd, msghdr* message, int) {
  hostile::Slot& slot = hostile::socket_of(fd);
  if (const int error = kernel->enter(Call::kReceive)) return hostile::fail(error);
  const std::lock_guard lock(slot.mutex);
  if (slot.queue.empty()) {
    if (!slot.bounded) hostile::stop("a receive that would wait for ever");
    return hostile::fail(EAGAIN);  // as after SO_RCVTIMEO, without the wait
  }
  const hostile::Datagram datagram = std::move(slot.queue.front());
  slot.queue.pop_front();
  if (datagram.error != 0) return hostile::fail(datagram.error);
  sockaddr_nl sender{};
  sender.nl_family = AF_NETLINK;
  sender.nl_pid = datagram.sender;
  std::memcpy(message->msg_name, &sender, sizeof sender);
  message->msg_namelen = sizeof sender;
  const size_t size = std::min(datagram.bytes.size(), message->msg_iov->iov_len);
  if (size > 0) std::copy_n(datagram.bytes.begin(), size, static_cast<uint8_t*>(message->msg_iov->iov_base));
  message->msg_flags = datagram.truncated || size < datagram.bytes.size() ? MSG_TRUNC : 0;
  return static_cast<ssize_t>(size);
}

}  // extern "C"
