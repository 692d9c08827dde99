#include "session.h"

#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/genl/genl.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "codec.h"

namespace ipvs {
namespace {

// One dump part is at most 32 KiB whatever the buffer; a smaller read after a larger one would truncate silently.
constexpr size_t kMessageBuffer = 32768;
// Beyond 64 messages in a datagram nothing is gained. All of them may fail, or answer with a 4 KiB skb each: the
// receive buffer must hold that, because answers that do not fit are dropped.
constexpr size_t kDatagram = 64;
constexpr int kReceiveBuffer = 1 << 20;
// The kernel has queued the answer when the send returns, so a silence this long means that it was lost.
constexpr timeval kSilence{5, 0};

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

struct CallbacksDeleter {
  void operator()(nl_cb* callbacks) const noexcept { nl_cb_put(callbacks); }
};
using Callbacks = std::unique_ptr<nl_cb, CallbacksDeleter>;

template <typename Record>
bool append(nlmsghdr* header, Kind kind, Answer& answer) {
  Record record;
  if (!decode(header, record)) return false;
  const auto* bytes = reinterpret_cast<const uint8_t*>(&record);
  answer.records.insert(answer.records.end(), bytes, bytes + sizeof record);
  answer.kind = kind;
  ++answer.count;
  return true;
}

// The kernel answers GET_* with messages of the command that would create the object.
bool append_reply(nlmsghdr* header, const Request& request, Answer& answer) {
  const int replied = genlmsg_hdr(header)->cmd;
  switch (request.command) {
    case IPVS_CMD_GET_SERVICE:
      return replied == IPVS_CMD_NEW_SERVICE && append<ServiceEntry>(header, kServiceEntry, answer);
    case IPVS_CMD_GET_DEST:
      return replied == IPVS_CMD_NEW_DEST && append<DestinationEntry>(header, kDestinationEntry, answer);
    case IPVS_CMD_GET_INFO:
      return replied == IPVS_CMD_SET_INFO && append<Info>(header, kInfo, answer);
    default:
      return false;
  }
}

bool read_family(nlmsghdr* header, int& family) {
  std::array<nlattr*, CTRL_ATTR_MAX + 1> table{};
  if (genlmsg_parse(header, 0, table.data(), CTRL_ATTR_MAX, nullptr) != 0) return false;
  const nlattr* id = table[CTRL_ATTR_FAMILY_ID];
  if (id == nullptr || nla_len(id) != sizeof(uint16_t)) return false;
  family = nla_get_u16(id);
  return true;
}

}  // namespace

// The state of one datagram's conversation. The callbacks are called from C: none may throw, and what they find wrong
// is kept in `broken`.
struct Session::Exchange {
  // The family lookup is a conversation of one message without a request record.
  const Request* requests = nullptr;
  Answer* answers = nullptr;
  int* family = nullptr;
  size_t count = 0;
  uint32_t first_sequence = 0;
  uint32_t port = 0;
  uint16_t message_type = 0;
  size_t current = 0;  // index of the request that the message in hand answers
  bool complete = false;
  bool broken = false;

  bool last() const { return current + 1 == count; }
  int fail() {
    broken = true;
    return NL_STOP;
  }

  // Only the kernel (port 0) may answer; a process with CAP_NET_ADMIN can send here, too.
  static int on_message(nl_msg* message, void*) noexcept {
    return nlmsg_get_src(message)->nl_pid == 0 ? NL_OK : NL_SKIP;
  }
  static int on_sequence(nl_msg* message, void* self) noexcept {
    auto& exchange = *static_cast<Exchange*>(self);
    const nlmsghdr* header = nlmsg_hdr(message);
    const uint32_t index = header->nlmsg_seq - exchange.first_sequence;
    if (index >= exchange.count || header->nlmsg_pid != exchange.port) return exchange.fail();
    exchange.current = index;
    return NL_OK;
  }
  static int on_valid(nl_msg* message, void* self) noexcept {
    auto& exchange = *static_cast<Exchange*>(self);
    nlmsghdr* header = nlmsg_hdr(message);
    if (header->nlmsg_type != exchange.message_type || !genlmsg_valid_hdr(header, 0)) return exchange.fail();
    try {
      const bool understood = exchange.family != nullptr ? read_family(header, *exchange.family)
                                                         : append_reply(header, exchange.requests[exchange.current],
                                                                        exchange.answers[exchange.current]);
      return understood ? NL_OK : exchange.fail();
    } catch (const std::bad_alloc&) {
      return exchange.fail();
    }
  }
  static int on_acknowledged(nl_msg*, void* self) noexcept {
    auto& exchange = *static_cast<Exchange*>(self);
    // Only the last message asks for it, and its arrival proves that all earlier ones are done.
    if (!exchange.last()) return exchange.fail();
    exchange.complete = true;
    return NL_STOP;
  }
  static int on_dump_done(nl_msg* message, void* self) noexcept {
    auto& exchange = *static_cast<Exchange*>(self);
    const nlmsghdr* header = nlmsg_hdr(message);
    int32_t result = 0;
    if (nlmsg_datalen(header) >= static_cast<int>(sizeof result)) {
      std::memcpy(&result, nlmsg_data(header), sizeof result);
    }
    if (result < 0) exchange.answers[exchange.current].error = -result;
    exchange.complete = true;
    return NL_STOP;
  }
  static int on_interrupted(nl_msg*, void* self) noexcept {
    auto& exchange = *static_cast<Exchange*>(self);
    exchange.answers[exchange.current].error = EINTR;
    return NL_OK;
  }
  static int on_unusable(nl_msg*, void* self) noexcept { return static_cast<Exchange*>(self)->fail(); }
  // From nlmsgerr itself: libnl's own codes merge ESRCH with ENOENT and ENOBUFS with ENOMEM.
  static int on_error(sockaddr_nl*, nlmsgerr* error, void* self) noexcept {
    auto& exchange = *static_cast<Exchange*>(self);
    exchange.answers[exchange.current].error = -error->error;
    if (!exchange.last()) return NL_SKIP;
    exchange.complete = true;
    return NL_STOP;
  }
};

std::vector<Answer> Session::carry_out(const std::vector<Request>& requests) {
  std::vector<Answer> answers(requests.size());
  for (size_t at = 0; at < requests.size();) {
    // A socket carries one dump at a time; commands without dump share a datagram.
    size_t end = at + 1;
    if (!requests[at].dump) {
      while (end < requests.size() && end - at < kDatagram && !requests[end].dump) ++end;
    }
    carry_out(&requests[at], &answers[at], end - at);
    at = end;
  }
  return answers;
}

void Session::carry_out(const Request* requests, Answer* answers, size_t count) {
  const auto fail = [&](const Failure& failure) {
    for (size_t i = 0; i < count; ++i) {
      answers[i] = {};
      answers[i].error = failure.error;
      answers[i].stage = failure.stage;
    }
  };
  if (const Failure failure = open()) return fail(failure);
  if (const Failure failure = exchange(requests, answers, count)) return fail(failure);
  // generic netlink answers ENOENT to everything for a family number that is gone because the module was unloaded and
  // loaded again. Then nothing was carried out, and all of it may be sent anew.
  const bool none_found =
      std::all_of(answers, answers + count, [](const Answer& answer) { return answer.error == ENOENT; });
  if (!none_found) return;
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
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  const int on = 1;
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kSilence, sizeof kSilence) != 0 ||
      ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on) != 0) {
    return {errno, kSocket};
  }
  Socket socket(nl_socket_alloc());
  if (!socket || nl_socket_set_fd(socket.get(), NETLINK_GENERIC, fd.get()) != 0) return {ENOMEM, kSocket};
  fd.release();
  nl_socket_disable_auto_ack(socket.get());
  nl_socket_disable_msg_peek(socket.get());
  nl_socket_set_msg_buf_size(socket.get(), kMessageBuffer);
  socket_ = std::move(socket);
  return {};
}

// Makes the kernel load ip_vs when it is not there (alias net-pf-16-proto-16-family-IPVS).
Session::Failure Session::resolve_family() {
  const Message message(nlmsg_alloc());
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
  Exchange lookup;
  lookup.answers = &answer;
  lookup.family = &family;
  lookup.count = 1;
  lookup.first_sequence = header->nlmsg_seq;
  lookup.port = header->nlmsg_pid;
  lookup.message_type = GENL_ID_CTRL;
  if (!receive(lookup)) {
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
  Exchange exchange;
  exchange.requests = requests;
  exchange.answers = answers;
  exchange.count = count;
  exchange.port = nl_socket_get_local_port(socket_.get());
  exchange.message_type = static_cast<uint16_t>(family_);
  std::vector<uint8_t> datagram;
  for (size_t i = 0; i < count; ++i) {
    const Message message = encode(requests[i], family_);
    if (!message) return {ENOMEM, kSocket};
    nlmsghdr* header = nlmsg_hdr(message.get());
    header->nlmsg_seq = nl_socket_use_seq(socket_.get());
    if (i == 0) exchange.first_sequence = header->nlmsg_seq;
    header->nlmsg_pid = exchange.port;
    header->nlmsg_flags = NLM_F_REQUEST;
    if (requests[i].dump) {
      header->nlmsg_flags |= NLM_F_DUMP;
    } else if (i + 1 == count) {
      header->nlmsg_flags |= NLM_F_ACK;
    }
    const auto* bytes = reinterpret_cast<const uint8_t*>(header);
    datagram.insert(datagram.end(), bytes, bytes + header->nlmsg_len);
    datagram.resize(NLMSG_ALIGN(datagram.size()));
  }
  if (nl_sendto(socket_.get(), datagram.data(), datagram.size()) < 0) {
    const Failure failure{errno, kSocket};
    close();
    return failure;
  }
  if (receive(exchange)) return {};
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

bool Session::receive(Exchange& exchange) {
  const Callbacks callbacks(nl_cb_alloc(NL_CB_CUSTOM));
  if (!callbacks) return false;
  const auto set = [&](nl_cb_type type, nl_recvmsg_msg_cb_t callback) {
    nl_cb_set(callbacks.get(), type, NL_CB_CUSTOM, callback, &exchange);
  };
  set(NL_CB_MSG_IN, Exchange::on_message);
  set(NL_CB_SEQ_CHECK, Exchange::on_sequence);
  set(NL_CB_VALID, Exchange::on_valid);
  set(NL_CB_ACK, Exchange::on_acknowledged);
  set(NL_CB_FINISH, Exchange::on_dump_done);
  set(NL_CB_DUMP_INTR, Exchange::on_interrupted);
  set(NL_CB_INVALID, Exchange::on_unusable);
  set(NL_CB_OVERRUN, Exchange::on_unusable);
  set(NL_CB_SKIPPED, Exchange::on_unusable);
  nl_cb_err(callbacks.get(), NL_CB_CUSTOM, Exchange::on_error, &exchange);
  while (!exchange.complete && !exchange.broken) {
    // Also -NLE_NOMEM, which is what ENOBUFS becomes: the kernel has applied everything and dropped answers.
    if (nl_recvmsgs_report(socket_.get(), callbacks.get()) <= 0) break;
  }
  return exchange.complete && !exchange.broken;
}

}  // namespace ipvs
