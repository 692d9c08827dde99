#include "messages.h"

#include <linux/genetlink.h>
#include <linux/ip_vs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace hostile {
namespace {

uint8_t command_of(const Bytes& datagram, size_t at) { return datagram.at(at + NLMSG_HDRLEN); }

template <typename Visit>
void each_message(const Bytes& datagram, Visit visit) {
  nlmsghdr header;
  for (size_t at = 0; at + sizeof header <= datagram.size(); at += NLMSG_ALIGN(header.nlmsg_len)) {
    std::memcpy(&header, &datagram[at], sizeof header);
    visit(header, at);
  }
}

Bytes generic(uint16_t type, uint8_t command, const Bytes& attributes, uint32_t index, uint16_t flags) {
  return message(type, join({bytes_of(genlmsghdr{command, 1, 0}), attributes}), index, flags);
}

}  // namespace

Bytes join(const std::vector<Bytes>& parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Bytes text(const std::string& value) { return {value.c_str(), value.c_str() + value.size() + 1}; }

Bytes attribute(int type, const Bytes& value) {
  const nlattr header{static_cast<uint16_t>(NLA_HDRLEN + value.size()), static_cast<uint16_t>(type)};
  Bytes whole = join({bytes_of(header), value});
  whole.resize(NLA_ALIGN(whole.size()));
  return whole;
}

Bytes message(uint16_t type, const Bytes& payload, uint32_t index, uint16_t flags, uint32_t port) {
  const nlmsghdr header{static_cast<uint32_t>(NLMSG_HDRLEN + payload.size()), type, flags, index, port};
  Bytes whole = join({bytes_of(header), payload});
  whole.resize(NLMSG_ALIGN(whole.size()));
  return whole;
}

Bytes reply(uint8_t command, const Bytes& attributes, uint32_t index, uint16_t flags) {
  return generic(kFamily, command, attributes, index, flags);
}

// With NETLINK_CAP_ACK: of the request, its header only.
Bytes refusal(int error, uint32_t index) {
  const nlmsgerr body{-error, {NLMSG_HDRLEN, kFamily, NLM_F_REQUEST, index, 0}};
  return message(NLMSG_ERROR, bytes_of(body), index, NLM_F_CAPPED);
}

Bytes acknowledgement(uint32_t index) { return refusal(0, index); }

Bytes done(int result, uint32_t index) { return message(NLMSG_DONE, bytes_of(result), index, NLM_F_MULTI); }

Bytes family_reply(uint16_t family) {
  return generic(
      GENL_ID_CTRL, CTRL_CMD_NEWFAMILY,
      join({attribute(CTRL_ATTR_FAMILY_NAME, text(IPVS_GENL_NAME)), attribute(CTRL_ATTR_FAMILY_ID, bytes_of(family)),
            attribute(CTRL_ATTR_VERSION, bytes_of(uint32_t{IPVS_GENL_VERSION}))}),
      0, 0);
}

std::vector<nlmsghdr> headers(const Bytes& datagram) {
  std::vector<nlmsghdr> all;
  each_message(datagram, [&](const nlmsghdr& header, size_t) { all.push_back(header); });
  return all;
}

bool is_lookup(const Bytes& datagram) { return headers(datagram).at(0).nlmsg_type == GENL_ID_CTRL; }

Datagrams honest_answer(const Bytes& datagram, uint16_t family) {
  Datagrams answers;
  const uint32_t first = headers(datagram).at(0).nlmsg_seq;
  each_message(datagram, [&](const nlmsghdr& header, size_t at) {
    const uint32_t index = header.nlmsg_seq - first;
    if (header.nlmsg_type == GENL_ID_CTRL) {
      answers.push_back({family_reply(family)});
    } else if (header.nlmsg_type != family) {
      answers.push_back({refusal(ENOENT, index)});
      return;
    } else if ((header.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP) {
      answers.push_back({done(0, index)});
      return;
    } else if (command_of(datagram, at) == IPVS_CMD_GET_INFO) {
      answers.push_back(
          {generic(family, IPVS_CMD_SET_INFO,
                   join({attribute(IPVS_INFO_ATTR_VERSION, bytes_of(kHonestInfo.version)),
                         attribute(IPVS_INFO_ATTR_CONN_TAB_SIZE, bytes_of(kHonestInfo.connection_table_size))}),
                   index, 0)});
    }
    if ((header.nlmsg_flags & NLM_F_ACK) != 0) answers.push_back({acknowledgement(index)});
  });
  return answers;
}

}  // namespace hostile
