#include "exchange.h"

#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>

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

bool read_family(nlmsghdr* header, int& family) {
  std::array<nlattr*, CTRL_ATTR_MAX + 1> table{};
  if (genlmsg_parse(header, 0, table.data(), CTRL_ATTR_MAX, nullptr) != 0) return false;
  const nlattr* id = table[CTRL_ATTR_FAMILY_ID];
  if (id == nullptr || nla_len(id) != sizeof(uint16_t)) return false;
  family = nla_get_u16(id);
  return true;
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

// Only the kernel (port 0) may answer; a process with CAP_NET_ADMIN can send here, too.
int Exchange::on_message(nl_msg* message, void*) noexcept {
  return nlmsg_get_src(message)->nl_pid == 0 ? NL_OK : NL_SKIP;
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
  // Only the last message asks for it, and its arrival proves that all earlier ones are done.
  if (!exchange.last()) return exchange.fail();
  return exchange.complete();
}

int Exchange::on_dump_done(nl_msg* message, void* self) noexcept {
  auto& exchange = *static_cast<Exchange*>(self);
  const nlmsghdr* header = nlmsg_hdr(message);
  int32_t result = 0;
  if (nlmsg_datalen(header) >= static_cast<int>(sizeof result)) {
    std::memcpy(&result, nlmsg_data(header), sizeof result);
  }
  if (result < 0) exchange.answers_[exchange.current_].error = -result;
  return exchange.complete();
}

int Exchange::on_interrupted(nl_msg*, void* self) noexcept {
  auto& exchange = *static_cast<Exchange*>(self);
  exchange.answers_[exchange.current_].error = EINTR;
  return NL_OK;
}

int Exchange::on_unusable(nl_msg*, void* self) noexcept { return static_cast<Exchange*>(self)->fail(); }

// From nlmsgerr itself: libnl's own codes merge ESRCH with ENOENT and ENOBUFS with ENOMEM.
int Exchange::on_error(sockaddr_nl*, nlmsgerr* error, void* self) noexcept {
  auto& exchange = *static_cast<Exchange*>(self);
  exchange.answers_[exchange.current_].error = -error->error;
  if (!exchange.last()) return NL_SKIP;
  return exchange.complete();
}

bool Exchange::receive(nl_sock* socket) {
  const Callbacks callbacks(nl_cb_alloc(NL_CB_CUSTOM));
  if (!callbacks) return false;
  const auto set = [&](nl_cb_type type, nl_recvmsg_msg_cb_t callback) {
    nl_cb_set(callbacks.get(), type, NL_CB_CUSTOM, callback, this);
  };
  set(NL_CB_MSG_IN, on_message);
  set(NL_CB_SEQ_CHECK, on_sequence);
  set(NL_CB_VALID, on_valid);
  set(NL_CB_ACK, on_acknowledged);
  set(NL_CB_FINISH, on_dump_done);
  set(NL_CB_DUMP_INTR, on_interrupted);
  set(NL_CB_INVALID, on_unusable);
  set(NL_CB_OVERRUN, on_unusable);
  set(NL_CB_SKIPPED, on_unusable);
  nl_cb_err(callbacks.get(), NL_CB_CUSTOM, on_error, this);
  while (!complete_ && !broken_) {
    // Also -NLE_NOMEM, which is what ENOBUFS becomes: the kernel has applied everything and dropped answers. 0 is a
    // datagram without a message, which only a stranger sends.
    if (nl_recvmsgs_report(socket, callbacks.get()) < 0) break;
  }
  return complete_ && !broken_;
}

}  // namespace ipvs
