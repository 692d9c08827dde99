#include "survive.h"

#include <linux/ip_vs.h>
#include <netlink/genl/genl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <type_traits>

#include "../../native/codec.h"
#include "../../native/session.h"
#include "kinds.h"
#include "messages.h"

namespace hostile {
namespace {

void must(bool fact, const char* what) {
  if (fact) return;
  std::fprintf(stderr, "expected after any reply: %s\n", what);
  std::abort();
}

ipvs::Request request(uint32_t command, bool dump) {
  ipvs::Request made{};
  made.command = command;
  made.dump = dump ? 1 : 0;
  return made;
}

std::vector<ipvs::Request> requests_of(Asked asked) {
  switch (asked) {
    case Asked::kServices:
      return {request(IPVS_CMD_GET_SERVICE, true)};
    case Asked::kService:
      return {request(IPVS_CMD_GET_SERVICE, false)};
    case Asked::kDestinations:
      return {request(IPVS_CMD_GET_DEST, true)};
    case Asked::kInfo:
      return {request(IPVS_CMD_GET_INFO, false)};
    case Asked::kCommands:
      return {request(IPVS_CMD_NEW_SERVICE, false), request(IPVS_CMD_NEW_DEST, false),
              request(IPVS_CMD_DEL_DEST, false), request(IPVS_CMD_DEL_SERVICE, false)};
    case Asked::kLookup:
      return {request(IPVS_CMD_FLUSH, false)};
    case Asked::kDaemons:
      return {request(IPVS_CMD_GET_DAEMON, true)};
    case Asked::kTimeouts:
      return {request(IPVS_CMD_GET_CONFIG, false)};
  }
  return {};
}

// Answers the first request, or the first lookup, with the input, and is honest before and after.
class Replies : public Kernel {
 public:
  explicit Replies(const Input& input) : input_(input) {}

  Datagrams answer(const Sent& sent) override {
    if (said_ || is_lookup(sent.bytes) != (input_.asked == Asked::kLookup)) return honest_answer(sent.bytes, kFamily);
    said_ = true;
    return input_.datagrams;
  }

 private:
  const Input& input_;
  bool said_ = false;
};

size_t size_of(ipvs::Kind kind) {
  switch (kind) {
    case ipvs::kNothing:
      return 0;
    case ipvs::kServiceEntry:
      return sizeof(ipvs::ServiceEntry);
    case ipvs::kDestinationEntry:
      return sizeof(ipvs::DestinationEntry);
    case ipvs::kInfo:
      return sizeof(ipvs::Info);
    case ipvs::kDaemon:
      return sizeof(ipvs::Daemon);
    case ipvs::kTimeouts:
      return sizeof(ipvs::Timeouts);
    case ipvs::kSysctl:
    case ipvs::kThread:
      break;  // read from /proc, never from a message
  }
  must(false, "a known kind of record");
  return 0;
}

// What a command does not carry and a record needs: numbers that the kernel counts.
Bytes counted(const char* kind) {
  Bytes all;
  for (const Attribute& one : kind_named(kind).attributes.at(0).children) {
    if (one.name == "STATS64" || one.name.find("_CONNS") != std::string::npos) all = join({all, encode({one})});
  }
  return all;
}

// What was read, written as a command, reads as the same again.
template <typename Entry>
void must_be_stable(const uint8_t* record, const ipvs::Request& writing, int nest, const Bytes& counted) {
  Entry entry;
  std::memcpy(&entry, record, sizeof entry);
  ipvs::Request request = writing;
  size_t compared = 0;
  if constexpr (std::is_same_v<Entry, ipvs::ServiceEntry>) {
    if (entry.service.family == 0) return;  // such a request is about the whole table
    request.service = entry.service;
    compared = sizeof entry.service;
  } else {
    request.destination = entry.destination;
    compared = sizeof entry.destination;
  }
  std::vector<uint8_t> message(ipvs::kLongestMessage);
  ipvs::encode(request, {}, message.data());
  nlattr* written = nlmsg_find_attr(reinterpret_cast<nlmsghdr*>(message.data()), GENL_HDRLEN, nest);
  must(written != nullptr, "what was read is written");
  const auto* start = static_cast<const uint8_t*>(nla_data(written));
  Bytes again = reply(0, attribute(nest, join({{start, start + nla_len(written)}, counted})));
  Entry read;
  must(ipvs::decode(reinterpret_cast<nlmsghdr*>(again.data()), read), "what was written can be read");
  must(std::memcmp(&read, &entry, compared) == 0, "what was written reads as the same");
}

void inspect(const ipvs::Answer& answer) {
  const size_t size = size_of(answer.kind);
  must(answer.error >= 0 && answer.error <= 4095, "an error is an errno");
  must(answer.stage <= ipvs::kAnswer, "a stage");
  must(answer.records.size() == answer.count * size, "as many records as it says");
  must(answer.count == 0 || answer.kind != ipvs::kNothing, "records of a kind");
  static const Bytes counted_of_service = counted("service");
  static const Bytes counted_of_destination = counted("destination");
  for (size_t at = 0; at < answer.records.size(); at += size) {
    if (answer.kind == ipvs::kServiceEntry) {
      must_be_stable<ipvs::ServiceEntry>(&answer.records[at], request(IPVS_CMD_NEW_SERVICE, false),
                                         IPVS_CMD_ATTR_SERVICE, counted_of_service);
    } else if (answer.kind == ipvs::kDestinationEntry) {
      must_be_stable<ipvs::DestinationEntry>(&answer.records[at], request(IPVS_CMD_NEW_DEST, false), IPVS_CMD_ATTR_DEST,
                                             counted_of_destination);
    }
  }
}

int lowest_free_descriptor() {
  const int fd = ::dup(STDERR_FILENO);
  ::close(fd);
  return fd;
}

}  // namespace

std::vector<ipvs::Answer> survive(const Input& input) {
  const int free_before = lowest_free_descriptor();
  Replies replies(input);
  use(replies);
  std::vector<ipvs::Answer> answers;
  {
    ipvs::Session session("");
    const std::vector<ipvs::Request> requests = requests_of(input.asked);
    answers = session.carry_out(requests);
    must(answers.size() == requests.size(), "one answer for each request");
    const bool by_key =
        input.asked == Asked::kService || input.asked == Asked::kInfo || input.asked == Asked::kTimeouts;
    for (const ipvs::Answer& answer : answers) {
      inspect(answer);
      must(!by_key || answer.error != 0 || answer.count == 1, "one record for what is asked by key");
    }
    // What was left unread makes the next call fail, which then gets a fresh socket. Only a kernel that foresees the
    // next sequence numbers, as a random one may, spoils as many calls as it left datagrams.
    ipvs::Answer info;
    for (size_t call = 0; call < input.datagrams.size() + 2; ++call) {
      info = session.carry_out({request(IPVS_CMD_GET_INFO, false)})[0];
      if (info.error == 0) break;
    }
    must(info.error == 0 && info.count == 1, "calls work again");
  }
  must(lowest_free_descriptor() == free_before, "no descriptor is left open");
  return answers;
}

}  // namespace hostile
