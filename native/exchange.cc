#include "exchange.h"

#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "codec.h"

namespace ipvs {
namespace {

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
  if (genlmsg_hdr(header)->cmd != CTRL_CMD_NEWFAMILY) return false;
  std::array<nlattr*, CTRL_ATTR_MAX + 1> table{};
  if (genlmsg_parse(header, 0, table.data(), CTRL_ATTR_MAX, nullptr) != 0) return false;
  const nlattr* id = table[CTRL_ATTR_FAMILY_ID];
  if (id == nullptr || nla_len(id) != sizeof(uint16_t)) return false;
  family = nla_get_u16(id);
  return true;
}

bool whole(nlmsghdr* header, int size) {
  int rest = size;
  while (nlmsg_ok(header, rest) != 0) header = nlmsg_next(header, &rest);
  return rest <= 0;
}

// What nl_recv() does, into one buffer: that makes a new one of this size for each datagram, and a list of a thousand
// services takes two thousand. -1 also for ENOBUFS: the kernel has applied everything and dropped answers.
ssize_t receive_into(std::vector<unsigned char>& buffer, int fd, sockaddr_nl& from) {
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ssize_t size = 0;
  do size = ::recvmsg(fd, &message, 0);
  while (size < 0 && errno == EINTR);
  const bool whole = (message.msg_flags & MSG_TRUNC) == 0 && message.msg_namelen == sizeof from;
  return whole || size == 0 ? size : -1;
}

}  // namespace

bool reads(uint32_t command) {
  return command == IPVS_CMD_GET_SERVICE || command == IPVS_CMD_GET_DEST || command == IPVS_CMD_GET_DAEMON ||
         command == IPVS_CMD_GET_CONFIG || command == IPVS_CMD_GET_INFO;
}

Exchange Exchange::lookup(Answer* answer, int* family, uint32_t sequence, uint32_t port) {
  Exchange exchange(nullptr, answer, 1, GENL_ID_CTRL, sequence, port);
  exchange.family_ = family;
  return exchange;
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

bool Exchange::understand(nlmsghdr* header) {
  const uint32_t index = header->nlmsg_seq - sequence_;
  if (index >= count_ || header->nlmsg_pid != port_) return false;
  current_ = index;
  if ((header->nlmsg_flags & NLM_F_DUMP_INTR) != 0 && !(dumps() && refuse(-EINTR))) return false;
  switch (header->nlmsg_type) {
    case NLMSG_DONE:
      return end_dump(header);
    case NLMSG_ERROR:
      return take_error(header);
    case NLMSG_NOOP:
    case NLMSG_OVERRUN:
      return false;
    default:
      return take_record(header);
  }
}

bool Exchange::take_record(nlmsghdr* header) {
  if (header->nlmsg_type != message_type_ || genlmsg_valid_hdr(header, 0) == 0) return false;
  if (family_ != nullptr) return read_family(header, *family_);
  return append_reply(header, requests_[current_], answers_[current_]);
}

bool Exchange::end_dump(const nlmsghdr* header) {
  int32_t result = 0;
  if (!dumps() || nlmsg_datalen(header) < static_cast<int>(sizeof result)) return false;
  std::memcpy(&result, nlmsg_data(header), sizeof result);
  complete_ = true;
  return result == 0 || refuse(result);
}

// The errno comes from nlmsgerr itself: libnl's own codes merge ESRCH with ENOENT and ENOBUFS with ENOMEM.
bool Exchange::take_error(const nlmsghdr* header) {
  nlmsgerr error{};
  if (nlmsg_datalen(header) < static_cast<int>(sizeof error)) return false;
  std::memcpy(&error, nlmsg_data(header), sizeof error);
  // Only the last message asks for an acknowledgement, whose arrival proves that all earlier ones are done. A dump does
  // not.
  if (error.error == 0 && (!last() || dumps())) return false;
  complete_ = last();
  return error.error == 0 || refuse(error.error);
}

bool Exchange::understand_all(unsigned char* datagram, int size) {
  auto* header = reinterpret_cast<nlmsghdr*>(datagram);
  // Of a datagram that ends within a message a part of the answer is missing: then nothing of it is believed.
  if (!whole(header, size)) return false;
  for (int rest = size; !complete_ && nlmsg_ok(header, rest) != 0; header = nlmsg_next(header, &rest)) {
    if (!understand(header)) return false;
  }
  return true;
}

bool Exchange::receive(nl_sock* socket, std::vector<unsigned char>& buffer) {
  while (!complete_) {
    sockaddr_nl from{};
    const ssize_t size = receive_into(buffer, nl_socket_get_fd(socket), from);
    if (size < 0) return false;
    // Only the kernel (port 0) may answer; a process with CAP_NET_ADMIN can send here, too, and only such a process
    // sends nothing.
    if (size == 0 || from.nl_pid != 0) continue;
    try {
      if (!understand_all(buffer.data(), static_cast<int>(size))) return false;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }
  return answered();
}

}  // namespace ipvs
