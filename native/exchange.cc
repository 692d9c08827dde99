#include "exchange.h"

#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "codec.h"

namespace ipvs {
namespace {

struct CallbacksDeleter {
  void operator()(nl_cb* callbacks) const noexcept { nl_cb_put(callbacks); }
};
using Callbacks = std::unique_ptr<nl_cb, CallbacksDeleter>;

template <typename Record>
bool append(nlmsghdr* header, Kind kind, Answer& answer) {
  Record record;
  if (!decode(header, record)) return false;
  answer.add(kind, record);
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
    case IPVS_CMD_GET_DAEMON:
      return replied == IPVS_CMD_NEW_DAEMON && append<Daemon>(header, kDaemon, answer);
    case IPVS_CMD_GET_CONFIG:
      return replied == IPVS_CMD_SET_CONFIG && append<Timeouts>(header, kTimeouts, answer);
    default:
      return false;
  }
}

// Answered with one message, or as a dump with any number.
bool reads(uint32_t command) {
  return command == IPVS_CMD_GET_SERVICE || command == IPVS_CMD_GET_DEST || command == IPVS_CMD_GET_DAEMON ||
         command == IPVS_CMD_GET_CONFIG || command == IPVS_CMD_GET_INFO;
}

bool read_family(nlmsghdr* header, int& family) {
  if (genlmsg_hdr(header)->cmd != CTRL_CMD_NEWFAMILY) return false;
  std::array<nlattr*, CTRL_ATTR_MAX + 1> table{};
  if (genlmsg_parse(header, 0, table.data(), CTRL_ATTR_MAX, nullptr) != 0) return false;
  const nlattr* id = table[CTRL_ATTR_FAMILY_ID];
  if (id == nullptr || nla_len(id) != sizeof(uint16_t)) return false;
  family = nla_get_u16(id);
  return true;
}

// libnl passes over what follows the last whole message: then a part of the answer would be missing unseen.
bool whole(unsigned char* datagram, int size) {
  int rest = size;
  for (auto* header = reinterpret_cast<nlmsghdr*>(datagram); nlmsg_ok(header, rest);)
    header = nlmsg_next(header, &rest);
  return rest <= 0;
}

// Only the kernel (port 0) may answer; a process with CAP_NET_ADMIN can send here, too. Only such a process sends
// nothing.
int receive_from_kernel(nl_sock* socket, sockaddr_nl* from, unsigned char** datagram, ucred** credentials) noexcept {
  for (;;) {
    const int size = nl_recv(socket, from, datagram, credentials);
    if (size < 0) return size;
    if (size == 0) continue;
    if (from->nl_pid == 0 && whole(*datagram, size)) return size;
    std::free(std::exchange(*datagram, nullptr));
    if (from->nl_pid == 0) return -NLE_MSG_TRUNC;
  }
}

}  // namespace

Exchange Exchange::lookup(Answer* answer, int* family, uint32_t sequence, uint32_t port) {
  Exchange exchange(nullptr, answer, 1, GENL_ID_CTRL, sequence, port);
  exchange.family_ = family;
  return exchange;
}

int Exchange::fail() {
  broken_ = true;
  return NL_STOP;
}

int Exchange::complete() {
  complete_ = true;
  return NL_STOP;
}

bool Exchange::dumps() const { return requests_ != nullptr && requests_[current_].dump != 0; }

bool Exchange::refuse(int error) {
  constexpr int kLargestErrno = 4095;
  if (error >= 0 || error < -kLargestErrno) return false;
  answers_[current_].error = -error;
  return true;
}

bool Exchange::answered() const {
  for (size_t i = 0; requests_ != nullptr && i < count_; ++i) {
    if (requests_[i].dump != 0 || answers_[i].error != 0) continue;
    if (answers_[i].count != (reads(requests_[i].command) ? 1U : 0U)) return false;
  }
  return true;
}

int Exchange::on_sequence(nl_msg* message, void* self) noexcept {
  auto& exchange = *static_cast<Exchange*>(self);
  const nlmsghdr* header = nlmsg_hdr(message);
  const uint32_t index = header->nlmsg_seq - exchange.sequence_;
  if (index >= exchange.count_ || header->nlmsg_pid != exchange.port_) return exchange.fail();
  exchange.current_ = index;
  return NL_OK;
}

int Exchange::on_valid(nl_msg* message, void* self) noexcept {
  auto& exchange = *static_cast<Exchange*>(self);
  nlmsghdr* header = nlmsg_hdr(message);
  if (header->nlmsg_type != exchange.message_type_ || !genlmsg_valid_hdr(header, 0)) return exchange.fail();
  try {
    const bool understood = exchange.family_ != nullptr ? read_family(header, *exchange.family_)
                                                        : append_reply(header, exchange.requests_[exchange.current_],
                                                                       exchange.answers_[exchange.current_]);
    return understood ? NL_OK : exchange.fail();
  } catch (const std::bad_alloc&) {
    return exchange.fail();
  }
}

int Exchange::on_acknowledged(nl_msg*, void* self) noexcept {
  auto& exchange = *static_cast<Exchange*>(self);
  // Only the last message asks for it, and its arrival proves that all earlier ones are done. A dump does not.
  if (!exchange.last() || exchange.dumps()) return exchange.fail();
  return exchange.complete();
}

int Exchange::on_dump_done(nl_msg* message, void* self) noexcept {
  auto& exchange = *static_cast<Exchange*>(self);
  const nlmsghdr* header = nlmsg_hdr(message);
  int32_t result = 0;
  if (!exchange.dumps() || nlmsg_datalen(header) < static_cast<int>(sizeof result)) return exchange.fail();
  std::memcpy(&result, nlmsg_data(header), sizeof result);
  if (result != 0 && !exchange.refuse(result)) return exchange.fail();
  return exchange.complete();
}

int Exchange::on_interrupted(nl_msg*, void* self) noexcept {
  auto& exchange = *static_cast<Exchange*>(self);
  return exchange.dumps() && exchange.refuse(-EINTR) ? NL_OK : exchange.fail();
}

int Exchange::on_unusable(nl_msg*, void* self) noexcept { return static_cast<Exchange*>(self)->fail(); }

// From nlmsgerr itself: libnl's own codes merge ESRCH with ENOENT and ENOBUFS with ENOMEM.
int Exchange::on_error(sockaddr_nl*, nlmsgerr* error, void* self) noexcept {
  auto& exchange = *static_cast<Exchange*>(self);
  if (!exchange.refuse(error->error)) return exchange.fail();
  return exchange.last() ? exchange.complete() : NL_SKIP;
}

bool Exchange::receive(nl_sock* socket) {
  const Callbacks callbacks(nl_cb_alloc(NL_CB_CUSTOM));
  if (!callbacks) return false;
  const auto set = [&](nl_cb_type type, nl_recvmsg_msg_cb_t callback) {
    nl_cb_set(callbacks.get(), type, NL_CB_CUSTOM, callback, this);
  };
  set(NL_CB_SEQ_CHECK, on_sequence);
  set(NL_CB_VALID, on_valid);
  set(NL_CB_ACK, on_acknowledged);
  set(NL_CB_FINISH, on_dump_done);
  set(NL_CB_DUMP_INTR, on_interrupted);
  set(NL_CB_INVALID, on_unusable);
  set(NL_CB_OVERRUN, on_unusable);
  set(NL_CB_SKIPPED, on_unusable);
  nl_cb_err(callbacks.get(), NL_CB_CUSTOM, on_error, this);
  nl_cb_overwrite_recv(callbacks.get(), receive_from_kernel);
  while (!complete_ && !broken_) {
    // Also -NLE_NOMEM, which is what ENOBUFS becomes: the kernel has applied everything and dropped answers.
    if (nl_recvmsgs_report(socket, callbacks.get()) < 0) break;
  }
  return complete_ && !broken_ && answered();
}

}  // namespace ipvs
