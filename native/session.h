// One netlink socket to IPVS in one network namespace. Synchronous: every call may wait in the kernel for as long as
// any process on the host holds the IPVS mutex. Used by one thread only, which enters the namespace and stays there.
#pragma once

#include <netlink/netlink.h>

#include <memory>
#include <string>
#include <vector>

#include "records.h"

namespace ipvs {

// What came back for one request.
struct Answer {
  int32_t error = 0;  // errno
  Stage stage = kKernel;
  Kind kind = kNothing;
  uint32_t count = 0;
  std::vector<uint8_t> records{};
};

class Session {
 public:
  // An empty path means the namespace that the process is in.
  explicit Session(std::string namespace_path) : namespace_path_(std::move(namespace_path)) {}

  // Carries out the requests in order and answers each. Opens what is not open; a refused request does not stop the
  // next.
  std::vector<Answer> carry_out(const std::vector<Request>& requests);

 private:
  struct Failure {
    int error = 0;  // errno
    Stage stage = kKernel;
    explicit operator bool() const { return error != 0; }
  };
  struct SocketDeleter {
    void operator()(nl_sock* socket) const noexcept { nl_socket_free(socket); }
  };
  struct Exchange;
  using Socket = std::unique_ptr<nl_sock, SocketDeleter>;

  Failure open();
  Failure enter_namespace();
  Failure connect();
  Failure resolve_family();
  void close() { socket_.reset(); }

  void carry_out(const Request* requests, Answer* answers, size_t count);
  Failure exchange(const Request* requests, Answer* answers, size_t count);
  // Receives until `exchange` is complete; false when answers are lost.
  bool receive(Exchange& exchange);

  const std::string namespace_path_;
  bool entered_ = false;
  Socket socket_;
  int family_ = 0;
};

}  // namespace ipvs
