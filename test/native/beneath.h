// What lies beneath libnl, native/session.cc and native/local.cc in these programs: the C library's functions for
// sockets and for the folder of sysctls, which beneath.cc defines in the program itself, so that a Kernel of the test's
// own answers instead of Linux.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace hostile {

using Bytes = std::vector<uint8_t>;

// What one recvmsg() gives. Sequence numbers and ports in its messages count from the conversation's own: 0 is its
// first message, or its port.
struct Datagram {
  Bytes bytes{};
  uint32_t sender = 0;     // nl_pid; 0: the kernel
  int error = 0;           // errno of recvmsg() instead
  bool truncated = false;  // MSG_TRUNC
};
using Datagrams = std::vector<Datagram>;

// What the program sent in one sendto(), with its sequence numbers as it chose them.
struct Sent {
  Bytes bytes;
  int name_space;  // that its socket was made in
};

enum class Call {
  kOpen,
  kSetns,
  kSocket,
  kBind,
  kGetsockname,
  kGetsockopt,
  kBuffer,
  kTimeout,
  kCapAck,
  kSend,
  kReceive,
  kOpenFolder,
  kReadFolder
};

class Kernel {
 public:
  virtual ~Kernel() = default;
  // Before each system call: 0, or the errno that it fails with. From any thread.
  virtual int enter(Call) { return 0; }
  // What the socket receives for a datagram that it sent. From any thread.
  virtual Datagrams answer(const Sent& sent) = 0;
  // The namespace that a path leads to now, or 0: none. Only paths below kNamespaces come here.
  virtual int name_space(const std::string&) { return 0; }
  // The folder that stands for /proc/sys/net/ipv4/vs.
  virtual std::string sysctls() { return {}; }
  // Before a sysctl is opened: 0, or the errno that it fails with.
  virtual int sysctl(const std::string&) { return 0; }
};

constexpr char kNamespaces[] = "/scripted/";

// The kernel of all sockets from now on, and this thread back in namespace 1. It outlives its use.
void use(Kernel& kernel);

// How many descriptors this process has open.
size_t open_descriptors();

}  // namespace hostile
