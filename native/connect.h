// Attempts to connect by TCP, as many as there are descriptors: each is closed as soon as it is known how it ends.
// Knows nothing of Node.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "descriptor.h"
#include "name.h"

namespace ipvs {

// How an attempt has ended.
struct Ended {
  uint32_t id = 0;
  // 0: there was a connection.
  int32_t error = 0;
  // Where there was none: the address that the kernel sent from.
  Address from{};
};

class Connects {
 public:
  // Null, with an errno, when there is no descriptor.
  static std::unique_ptr<Connects> open(int& error);

  // Readable when an attempt has ended.
  int fd() const { return epoll_.get(); }
  bool empty() const { return attempts_.empty(); }
  // Begins an attempt under an id that no other has. 0, or the errno with which the kernel refuses at once: then
  // nothing was sent, and there is no attempt. Never waits.
  int start(uint32_t id, int family, const Address& address, uint16_t port);
  // Ends an attempt without waiting for the target, and tells from where the kernel sent; zeros for an attempt that is
  // not there.
  Address cancel(uint32_t id);
  // All that has ended since: whoever has waited must not hear of its deadline before.
  std::vector<Ended> take();

 private:
  explicit Connects(int epoll) : epoll_(epoll) {}

  const Descriptor epoll_;
  std::unordered_map<uint32_t, Descriptor> attempts_;
};

}  // namespace ipvs
