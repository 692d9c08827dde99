#include "session.h"

#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>

#include "codec.h"
#include "descriptor.h"
#include "local.h"

namespace ipvs {
namespace {

// Each datagram costs a wake-up of the kernel's work and of its answers; beyond some hundred messages little is gained.
// All of them may be refused, at about 1 KiB of the receive buffer each, and one that reads is answered with 4 KiB: the
// buffer must hold that, because answers that do not fit are dropped.
constexpr size_t kDatagram = 512;
constexpr size_t kReadingCountsAs = 4;
constexpr int kReceiveBuffer = 1 << 20;
// The kernel has queued the answer when the send returns, so a silence this long means that it was lost.
constexpr timeval kSilence{5, 0};

struct MessageDeleter {
  void operator()(nl_msg* message) const noexcept { nlmsg_free(message); }
};

// How many requests from that one on share a datagram: a socket carries one dump at a time.
size_t datagram_from(const std::vector<Request>& requests, size_t start, size_t most) {
  const auto shares = [](const Request& request) { return !request.dump && !is_local(request); };
  const auto counts = [](const Request& request) { return reads(request.command) ? kReadingCountsAs : 1; };
  size_t end = start + 1;
  if (shares(requests[start])) {
    size_t count = counts(requests[start]);
    for (; end < requests.size() && shares(requests[end]); ++end) {
      count += counts(requests[end]);
      if (count > most) break;
    }
  }
  return end - start;
}

}  // namespace

std::vector<Answer> Session::carry_out(const std::vector<Request>& requests) {
  std::vector<Answer> answers(requests.size());
  for (size_t at = 0; at < requests.size();) {
    const size_t count = datagram_from(requests, at, most_in_datagram_);
    carry_out(&requests[at], &answers[at], count);
    at += count;
  }
  return answers;
}

bool Session::takes_elsewhere(const std::vector<Request>& requests) const {
  return socket_ != nullptr && !is_local(requests[0]) &&
         datagram_from(requests, 0, most_in_datagram_) == requests.size();
}

void Session::carry_out(const Request* requests, Answer* answers, size_t count) {
  const auto fail = [&](const Failure& failure) {
    for (size_t i = 0; i < count; ++i) {
      answers[i] = {};
      answers[i].error = failure.error;
      answers[i].stage = failure.stage;
    }
  };
  if (is_local(*requests)) {
    if (const Failure failure = enter_namespace()) return fail(failure);
    *answers = answer_locally(*requests);
    return;
  }
  // A sync daemon that is stopped before its thread ran once is stopped with EINTR (kthread_stop), to which netlink
  // says nothing at all: the acknowledgement is asked of a request after it.
  if (requests[count - 1].command == IPVS_CMD_DEL_DAEMON && !requests[count - 1].dump) {
    std::vector<Request> all(requests, requests + count);
    all.emplace_back().command = IPVS_CMD_GET_INFO;
    std::vector<Answer> answered(all.size());
    carry_out(all.data(), answered.data(), all.size());
    std::move(answered.begin(), answered.end() - 1, answers);
    return;
  }
  if (const Failure failure = open()) return fail(failure);
  if (const Failure failure = exchange(requests, answers, count)) return fail(failure);
  // generic netlink answers ENOENT to everything for a family number that is gone because the module was unloaded and
  // loaded again. Then nothing was carried out, and all of it may be sent anew.
  const bool none_found =
      std::all_of(answers, answers + count, [](const Answer& answer) { return answer.error == ENOENT; });
  // Nor is anything asked where what came with the refusal made no sense: the socket is closed then.
  if (!none_found || socket_ == nullptr) return;
  const int before = family_;
  if (const Failure failure = resolve_family()) return fail(failure);
  if (family_ == before) return;
  std::fill_n(answers, count, Answer{});
  if (const Failure failure = exchange(requests, answers, count)) return fail(failure);
}

Session::Failure Session::open() {
  if (socket_ != nullptr) return {};
  if (const Failure failure = enter_namespace()) return failure;
  if (const Failure failure = connect()) return failure;
  const Failure failure = resolve_family();
  if (failure) close();
  return failure;
}

Session::Failure Session::enter_namespace() {
  if (entered_ || namespace_path_.empty()) return {};
  const Descriptor target(::open(namespace_path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (target.get() < 0 || ::setns(target.get(), CLONE_NEWNET) != 0) return {errno, kNamespace};
  entered_ = true;
  return {};
}

Session::Failure Session::connect() {
  // Bound here with port 0 instead of by nl_connect(): libnl keeps a process-wide map of the ports that it chooses
  // itself, and aborts the process when the map is wrong (sockets made in other namespaces, or by a forked child).
  Descriptor fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC));
  if (fd.get() < 0) return {errno, kSocket};
  sockaddr_nl local{};
  local.nl_family = AF_NETLINK;
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&local), sizeof local) != 0) return {errno, kSocket};
  // Without the capability (every command will be refused anyway) the default buffer stays.
  const int size = kReceiveBuffer;
  const bool large = ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) == 0;
  most_in_datagram_ = large ? kDatagram : kDatagramOfUsualBuffer;
  const int on = 1;
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kSilence, sizeof kSilence) != 0 ||
      ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on) != 0) {
    return {errno, kSocket};
  }
  Socket socket(nl_socket_alloc());
  if (!socket || nl_socket_set_fd(socket.get(), NETLINK_GENERIC, fd.get()) != 0) return {ENOMEM, kSocket};
  fd.release();
  nl_socket_disable_auto_ack(socket.get());
  socket_ = std::move(socket);
  return {};
}

// Makes the kernel load ip_vs when it is not there (alias net-pf-16-proto-16-family-IPVS).
Session::Failure Session::resolve_family() {
  const std::unique_ptr<nl_msg, MessageDeleter> message(nlmsg_alloc());
  if (!message || genlmsg_put(message.get(), 0, 0, GENL_ID_CTRL, 0, 0, CTRL_CMD_GETFAMILY, 1) == nullptr ||
      nla_put_string(message.get(), CTRL_ATTR_FAMILY_NAME, IPVS_GENL_NAME) != 0) {
    return {ENOMEM, kFamily};
  }
  nlmsghdr* header = nlmsg_hdr(message.get());
  header->nlmsg_seq = nl_socket_use_seq(socket_.get());
  header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  header->nlmsg_pid = nl_socket_get_local_port(socket_.get());
  if (nl_sendto(socket_.get(), header, header->nlmsg_len) < 0) return {errno, kFamily};
  Answer answer;
  int family = 0;
  if (!Exchange::lookup(&answer, &family, header->nlmsg_seq, header->nlmsg_pid).receive(socket_.get(), buffer_)) {
    close();
    return {EPROTO, kFamily};
  }
  if (answer.error != 0) return {answer.error, kFamily};
  if (family == 0) return {EPROTO, kFamily};
  family_ = family;
  return {};
}

// One datagram out, its answers in. A failure means that nothing was sent; lost answers are marked one by one.
Session::Failure Session::exchange(const Request* requests, Answer* answers, size_t count) {
  const uint32_t port = nl_socket_get_local_port(socket_.get());
  uint32_t first_sequence = 0;
  datagram_.assign(count * kLongestMessage, 0);
  size_t size = 0;
  for (size_t i = 0; i < count; ++i) {
    nlmsghdr header{};
    header.nlmsg_type = static_cast<uint16_t>(family_);
    header.nlmsg_seq = nl_socket_use_seq(socket_.get());
    if (i == 0) first_sequence = header.nlmsg_seq;
    header.nlmsg_pid = port;
    header.nlmsg_flags = NLM_F_REQUEST;
    if (requests[i].dump) {
      header.nlmsg_flags |= NLM_F_DUMP;
    } else if (i + 1 == count) {
      header.nlmsg_flags |= NLM_F_ACK;
    }
    size += encode(requests[i], header, &datagram_[size]);
  }
  if (nl_sendto(socket_.get(), datagram_.data(), size) < 0) {
    const Failure failure{errno, kSocket};
    close();
    return failure;
  }
  Exchange exchange(requests, answers, count, static_cast<uint16_t>(family_), first_sequence, port);
  if (exchange.receive(socket_.get(), buffer_)) return {};
  // A socket after a protocol error may hold late answers: the next call gets a fresh one in the same namespace.
  close();
  for (size_t i = 0; i < count; ++i) {
    if (answers[i].error != 0) continue;  // a refusal that did arrive stands
    answers[i] = {};
    answers[i].error = EPROTO;
    answers[i].stage = kAnswer;
  }
  return {};
}

}  // namespace ipvs
