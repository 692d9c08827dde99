// One netlink socket to IPVS in one network namespace. Synchronous: every call may wait in the kernel for as long as
// any process on the host holds the IPVS mutex. Used by one thread at a time. What opens is the first, which enters the
// namespace and stays there.
#pragma once

#include <netlink/netlink.h>

#include <memory>
#include <string>
#include <vector>

#include "exchange.h"
#include "records.h"

namespace ipvs {

class Session {
 public:
  // An empty path means the namespace that the process is in.
  explicit Session(std::string namespace_path) : namespace_path_(std::move(namespace_path)) {}

  // Carries out the requests in order and answers each. Opens what is not open; a refused request does not stop the
  // next.
  std::vector<Answer> carry_out(const std::vector<Request>& requests);

  // Whether another thread may carry them out: it must open nothing, since it is not in the namespace. A socket is
  // there and is asked once.
  bool takes_elsewhere(const std::vector<Request>& requests) const;

 private:
  struct Failure {
    int error = 0;  // errno
    Stage stage = kKernel;
    explicit operator bool() const { return error != 0; }
  };
  struct SocketDeleter {
    void operator()(nl_sock* socket) const noexcept { nl_socket_free(socket); }
  };
  using Socket = std::unique_ptr<nl_sock, SocketDeleter>;

  Failure open();
  Failure enter_namespace();
  Failure connect();
  Failure resolve_family();
  void close() { socket_.reset(); }

  void carry_out(const Request* requests, Answer* answers, size_t count);
  Failure exchange(const Request* requests, Answer* answers, size_t count);

  const std::string namespace_path_;
  bool entered_ = false;
  Socket socket_;
  int family_ = 0;
  // One dump part is at most 32 KiB whatever the buffer; a smaller read after a larger one would truncate silently.
  std::vector<unsigned char> buffer_ = std::vector<unsigned char>(32768);
  // What is sent: kept, since memory of this size is the kernel's to clear each time.
  std::vector<uint8_t> datagram_;
  // The receive buffer that every socket has holds so many refusals: 221 on Linux 6.12.
  static constexpr size_t kDatagramOfUsualBuffer = 128;
  size_t most_in_datagram_ = kDatagramOfUsualBuffer;
};

}  // namespace ipvs
