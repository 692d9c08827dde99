// Messages that are lost, late, foreign, repeated or senseless.
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <sys/socket.h>

#include <cerrno>
#include <climits>
#include <cstring>

#include "kinds.h"
#include "messages.h"
#include "stories.h"

namespace hostile {
namespace {

using ipvs::Answer;

const ipvs::Request kAdd = request(IPVS_CMD_NEW_SERVICE);
const ipvs::Request kAddReal = request(IPVS_CMD_NEW_DEST);
const ipvs::Request kRemoveReal = request(IPVS_CMD_DEL_DEST);

Bytes ack(uint32_t index = 0) { return acknowledgement(index); }

Bytes service(uint32_t index = 0) { return reply_of(kind_named("service"), index, NLM_F_MULTI); }
const ipvs::Request& list() { return kind_named("service").request; }
Answer services(uint32_t count) { return answer_of(kind_named("service"), count); }
Answer services(uint32_t count, int error) {
  Answer answer = services(count);
  answer.error = error;
  return answer;
}

Bytes info(uint32_t index = 0) { return reply_of(kind_named("info"), index); }
const ipvs::Request& ask_info() { return kind_named("info").request; }
Answer the_info() { return answer_of(kind_named("info")); }

Datagram failure(int error) {
  Datagram datagram;
  datagram.error = error;
  return datagram;
}
Datagram truncated(const Bytes& bytes) {
  Datagram datagram{bytes};
  datagram.truncated = true;
  return datagram;
}
Datagram from_stranger(const Bytes& bytes) { return {bytes, 4711}; }

Bytes with_length(Bytes message, uint32_t length) {
  std::memcpy(message.data(), &length, sizeof length);
  return message;
}
Bytes with_type(Bytes message, uint16_t type) {
  std::memcpy(message.data() + offsetof(nlmsghdr, nlmsg_type), &type, sizeof type);
  return message;
}
Bytes with_flags(Bytes message, uint16_t flags) {
  nlmsghdr header;
  std::memcpy(&header, message.data(), sizeof header);
  header.nlmsg_flags |= flags;
  std::memcpy(message.data(), &header, sizeof header);
  return message;
}
Bytes with_port(Bytes message, uint32_t port) {
  std::memcpy(message.data() + offsetof(nlmsghdr, nlmsg_pid), &port, sizeof port);
  return message;
}

Bytes acknowledgement_with_text() {
  const nlmsgerr body{0, {NLMSG_HDRLEN, kFamily, NLM_F_REQUEST, 0, 0}};
  return message(NLMSG_ERROR, join({bytes_of(body), attribute(NLMSGERR_ATTR_MSG, text("a warning"))}), 0,
                 NLM_F_CAPPED | NLM_F_ACK_TLVS);
}
Bytes refusal_with_text(int error) {
  const nlmsgerr body{-error, {NLMSG_HDRLEN, kFamily, NLM_F_REQUEST, 0, 0}};
  return message(NLMSG_ERROR,
                 join({bytes_of(body), attribute(NLMSGERR_ATTR_MSG, text("Attribute failed policy validation")),
                       attribute(NLMSGERR_ATTR_OFFS, bytes_of(uint32_t{20}))}),
                 0, NLM_F_CAPPED | NLM_F_ACK_TLVS);
}
// Without NETLINK_CAP_ACK: the request comes back in it.
Bytes refusal_with_request(int error) {
  const nlmsgerr body{-error, {100, kFamily, NLM_F_REQUEST, 0, 0}};
  return message(NLMSG_ERROR, join({bytes_of(body), Bytes(84, 0xff)}));
}

// Services in one datagram: as many as fit into 32 KiB, the most that Linux puts into one, and some more.
const auto kFullPart = static_cast<uint32_t>(32768 / service().size());
Bytes full_part(uint32_t more) { return join(std::vector<Bytes>(kFullPart + more, service())); }

std::vector<Story> honest() {
  return {
      {"a dump in one datagram", {list()}, {{{join({service(), service(), done()})}}}, {services(2)}},
      {"a dump in three datagrams", {list()}, {{{service()}, {join({service(), service()})}, {done()}}}, {services(3)}},
      {"an answer and its acknowledgement in one datagram", {ask_info()}, {{{join({info(), ack()})}}}, {the_info()}},
      {"answers to the first and the last of three",
       {ask_info(), kAdd, ask_info()},
       {{{info(0)}, {join({info(2), ack(2)})}}},
       {the_info(), success(), the_info()}},
      {"a refusal of the middle one and the acknowledgement of the last, in one datagram",
       {kAdd, kAddReal, kRemoveReal},
       {{{join({refusal(EEXIST, 1), ack(2)})}}},
       {success(), refused(EEXIST), success()}},
      {"a refusal of the last one ends the wait",
       {kAdd, kAddReal},
       {{{refusal(ENOMEM, 1)}}},
       {success(), refused(ENOMEM)}},
      {"all refused, each for its own reason",
       {kAdd, kAddReal, kRemoveReal},
       {{{refusal(EEXIST, 0)}, {refusal(ERANGE, 1)}, {refusal(ESRCH, 2)}}},
       {refused(EEXIST), refused(ERANGE), refused(ESRCH)}},
      {"a sync daemon that is stopped before it ran, which the kernel does not answer",
       {kAdd, request(IPVS_CMD_DEL_DAEMON)},
       {{{join({info(2), ack(2)})}}},
       {success(), success()}},
      {"a sync daemon that does not run",
       {request(IPVS_CMD_DEL_DAEMON)},
       {{{refusal(ESRCH, 0)}, {info(1)}, {ack(1)}}},
       {refused(ESRCH)}},
      {"ESRCH and ENOBUFS of the kernel stay what they are",
       {kAdd, kAddReal},
       {{{refusal(ESRCH, 0)}, {refusal(ENOBUFS, 1)}}},
       {refused(ESRCH), refused(ENOBUFS)}},
      {"a refusal with an extended acknowledgement", {kAdd}, {{{refusal_with_text(EINVAL)}}}, {refused(EINVAL)}},
      {"the largest dump part", {list()}, {{{full_part(0)}, {done()}}}, {services(kFullPart)}},
      {"a refusal that holds the request", {kAdd}, {{{refusal_with_request(EINVAL)}}}, {refused(EINVAL)}},
      {"an acknowledgement with a warning", {kAdd}, {{{acknowledgement_with_text()}}}, {success()}},
      {"a dump that another one keeps waiting", {list()}, {{{refusal(EBUSY)}}}, {refused(EBUSY)}},
      {"a dump that ends with an errno", {list()}, {{{service()}, {done(-ENOMEM)}}}, {services(1, ENOMEM)}},
      {"a dump that a change interrupted",
       {list()},
       {{{service()}, {with_flags(service(), NLM_F_DUMP_INTR)}, {done()}}},
       {services(2, EINTR)}},
      {"a dump that a change interrupted at its end",
       {list()},
       {{{service()}, {with_flags(done(), NLM_F_DUMP_INTR)}}},
       {services(1, EINTR)}},
      {"a signal during the receiving",
       {list()},
       {{failure(EINTR), {service()}, failure(EINTR), failure(EINTR), {done()}}},
       {services(1)}},
      {"attributes of newer kernels",
       {ask_info()},
       {{{reply(IPVS_CMD_SET_INFO,
                join({encode(kind_named("info").attributes), attribute(99, Bytes(7)), attribute(0, Bytes(3))}))},
         {ack()}}},
       {the_info()}},
      {"dumps and commands in turn",
       {kAdd, list(), kAddReal, kRemoveReal},
       {{{ack()}}, {{service()}, {done()}}, {{refusal(ESRCH, 0)}, {ack(1)}}},
       {success(), services(1), refused(ESRCH), success()}},
  };
}

std::vector<Story> strangers() {
  const Datagram refusal_of_a_stranger = from_stranger(refusal(EPERM));
  return {
      {"a stranger's refusal before, between and after the kernel's answers",
       {list()},
       {{refusal_of_a_stranger, {service()}, refusal_of_a_stranger, {service()}, from_stranger(done()), {done()}}},
       {services(2)}},
      {"a stranger's acknowledgement is not the kernel's", {kAdd}, {{from_stranger(ack())}}, {lost()}, Socket::kClosed},
      {"a stranger's end of a dump", {list()}, {{{service()}, from_stranger(done())}}, {lost()}, Socket::kClosed},
      {"a stranger's wrong sequence, wrong port and rubbish",
       {kAdd},
       {{from_stranger(ack(7)),
         from_stranger(with_port(ack(), 1)),
         from_stranger({1, 2, 3}),
         from_stranger(Bytes(100, 0xff)),
         {ack()}}},
       {success()}},
      {"an empty datagram", {kAdd}, {{from_stranger({}), {ack()}}}, {success()}},
      {"nothing but empty datagrams", {kAdd}, {{from_stranger({}), from_stranger({})}}, {lost()}, Socket::kClosed},
  };
}

std::vector<Story> losses() {
  const std::vector<ipvs::Request> three{kAdd, kAddReal, kRemoveReal};
  const auto closed = Socket::kClosed;
  return {
      {"silence", {kAdd}, {Datagrams{}}, {lost()}, closed},
      {"a dump without its end", {list()}, {{{service()}, {service()}}}, {lost()}, closed},
      {"no answer but the acknowledgement", {ask_info()}, {{{ack()}}}, {lost()}, closed},
      {"no answer to the first of two", {ask_info(), ask_info()}, {{{info(1)}, {ack(1)}}}, {lost(), lost()}, closed},
      {"the answer without its acknowledgement", {ask_info()}, {{{info()}}}, {lost()}, closed},
      {"answers dropped at once", {kAdd}, {{failure(ENOBUFS), {ack()}}}, {lost()}, closed},
      {"answers dropped at the second receive",
       {list()},
       {{{service()}, failure(ENOBUFS), {done()}}},
       {lost()},
       closed},
      {"answers dropped after a refusal, which stands",
       three,
       {{{refusal(EEXIST, 1)}, failure(ENOBUFS), {ack(2)}}},
       {lost(), refused(EEXIST), lost()},
       closed},
      {"a truncated datagram", {list()}, {{truncated(service()), {done()}}}, {lost()}, closed},
      {"a dump part larger than any kernel's", {list()}, {{{full_part(1)}, {done()}}}, {lost()}, closed},
      {"out of memory while receiving", {list()}, {{{service()}, failure(ENOMEM)}}, {lost()}, closed},
  };
}

std::vector<Story> headers_of_messages() {
  const auto closed = Socket::kClosed;
  std::vector<Story> all{
      {"the sequence before", {kAdd}, {{{ack(UINT32_MAX)}}}, {lost()}, closed},
      {"the sequence after", {kAdd}, {{{ack(1)}}}, {lost()}, closed},
      {"the sequence far away", {list()}, {{{service(0x80000000U)}, {done()}}}, {lost()}, closed},
      {"the port of another", {kAdd}, {{{with_port(ack(), 1)}}}, {lost()}, closed},
      {"a reply to the port of another", {list()}, {{{with_port(service(), 1)}, {done()}}}, {lost()}, closed},
      {"a reply of another family", {list()}, {{{with_type(service(), kFamily + 1)}, {done()}}}, {lost()}, closed},
      {"a reply without the generic header", {list()}, {{{message(kFamily, {1, 1})}, {done()}}}, {lost()}, closed},
      {"a reply to a command that has none", {kAdd}, {{{service()}, {ack()}}}, {lost()}, closed},
      {"two replies to what has one", {ask_info()}, {{{info()}, {info()}, {ack()}}}, {lost()}, closed},
      {"an unused type", {list()}, {{{message(NLMSG_MIN_TYPE - 1, {0, 0, 0, 0})}, {done()}}}, {lost()}, closed},
      {"NLMSG_NOOP", {list()}, {{{message(NLMSG_NOOP, {})}, {done()}}}, {lost()}, closed},
      {"NLMSG_OVERRUN", {list()}, {{{message(NLMSG_OVERRUN, {})}, {done()}}}, {lost()}, closed},
      {"an acknowledgement that nobody asked for", {kAdd, kAddReal}, {{{ack(0)}, {ack(1)}}}, {lost(), lost()}, closed},
      {"an acknowledgement of a dump", {list()}, {{{service()}, {ack()}}}, {lost()}, closed},
      {"the end of a dump that there was not", {kAdd}, {{{done()}}}, {lost()}, closed},
      {"the end of a dump in the middle of commands",
       {kAdd, kAddReal},
       {{{done(0, 0)}, {ack(1)}}},
       {lost(), lost()},
       closed},
      {"an interrupted dump that there was not", {kAdd}, {{{with_flags(ack(), NLM_F_DUMP_INTR)}}}, {lost()}, closed},
      {"an end without its result", {list()}, {{{message(NLMSG_DONE, {0, 0})}}}, {lost()}, closed},
      {"an end with a result that is no errno", {list()}, {{{done(1)}}}, {lost()}, closed},
      {"an end with the smallest number", {list()}, {{{done(INT_MIN)}}}, {lost()}, closed},
      {"a refusal cut short", {kAdd}, {{{message(NLMSG_ERROR, bytes_of(-EEXIST))}}}, {lost()}, closed},
      {"a refusal that is no errno", {kAdd}, {{{refusal(-EEXIST)}}}, {lost()}, closed},
      {"a refusal with an errno beyond all", {kAdd}, {{{refusal(4096)}}}, {lost()}, closed},
      {"a refusal with the smallest number",
       {kAdd},
       {{{message(NLMSG_ERROR, bytes_of(nlmsgerr{INT_MIN, {}}))}}},
       {lost()},
       closed},
  };
  for (const Kind& kind : kinds()) {
    const Bytes other = reply(IPVS_CMD_ZERO, encode(kind.attributes));
    all.push_back({kind.name + ": of another command", {kind.request}, {conversation(kind, other)}, {lost()}, closed});
  }
  for (const uint32_t length : {0U, 1U, 15U, 17U, 0x7fffffffU, 0x80000000U, 0xfffffff0U, 0xffffffffU}) {
    const std::string name = "a message that says it has " + std::to_string(length) + " bytes";
    all.push_back({name, {list()}, {{{with_length(message(NLMSG_NOOP, {}), length)}, {done()}}}, {lost()}, closed});
    all.push_back({name + ", after a good one",
                   {list()},
                   {{{join({service(), with_length(message(NLMSG_NOOP, {}), length)})}, {done()}}},
                   {lost()},
                   closed});
  }
  for (const uint32_t length : {16U, 17U, 19U}) {
    all.push_back({"a reply that says it has " + std::to_string(length) + " bytes",
                   {list()},
                   {{{with_length(service(), length)}, {done()}}},
                   {lost()},
                   closed});
  }
  all.push_back({"a message beyond its datagram by a byte",
                 {list()},
                 {{{with_length(service(), static_cast<uint32_t>(service().size()) + 1)}, {done()}}},
                 {lost()},
                 closed});
  all.push_back(
      {"bytes behind the last message", {list()}, {{{join({service(), {0, 0, 0, 0}})}, {done()}}}, {lost()}, closed});
  return all;
}

// What was left on the socket of a complete conversation: the next one is lost, and the one after it on a fresh socket.
void late(Tap& tap, const std::string& name, const Datagram& left_over) {
  Script script;
  script.answers = {{{ack()}, left_over}};
  Stage stage(script);
  stage.expects({kAdd}, {success()}).holds(1);
  stage.expects({list()}, {lost()}).holds(0).works().holds(1);
  const std::string wrong = stage.verdict();
  tap.result(wrong.empty(), name, wrong);
}

void lost_between(Tap& tap) {
  Script script;
  script.answers = {{}, {{service()}, {done()}}};
  Stage stage(script);
  stage.expects({kAdd, list(), kAddReal}, {lost(), services(1), success()}).works().holds(1);
  stage.is(script.calls(Call::kSocket) == 2, "a fresh socket for the second datagram");
  const std::string wrong = stage.verdict();
  tap.result(wrong.empty(), "a lost answer in the first datagram of three does not touch the others", wrong);
}

std::vector<size_t> datagrams_of(const Script& script, size_t count) {
  const auto first = script.messages_in_datagrams.end() - static_cast<std::ptrdiff_t>(count);
  return {first, script.messages_in_datagrams.end()};
}

// More requests than a datagram takes: a refusal in each, found again by its place.
void many(Tap& tap) {
  Script script;
  script.answers = {{{ack()}}, {{refusal(EEXIST, 511)}}, {{refusal(ERANGE, 0)}, {ack(511)}}, {{refusal(EINVAL, 1)}}};
  std::vector<Answer> expected(1026, success());
  expected[511] = refused(EEXIST);
  expected[512] = refused(ERANGE);
  expected[1025] = refused(EINVAL);
  Stage stage(script);
  stage.expects({kAdd}, {success()}).expects(std::vector<ipvs::Request>(1026, kAddReal), expected);
  stage.is(datagrams_of(script, 3) == std::vector<size_t>{512, 512, 2}, "datagrams of 512, 512 and 2 messages");
  stage.works();
  const std::string wrong = stage.verdict();
  tap.result(wrong.empty(), "1026 commands in three datagrams, each refusal where it belongs", wrong);
}

// Where the receive buffer stays small it must hold the refusals all the same.
void many_in_small_buffer(Tap& tap) {
  Script script;
  script.errors[Call::kBuffer] = {EPERM};
  script.answers = {{{ack()}}, {{ack(127)}}, {{refusal(EPERM, 0)}, {ack(1)}}};
  std::vector<Answer> expected(130, success());
  expected[128] = refused(EPERM);
  Stage stage(script);
  stage.expects({kAdd}, {success()}).expects(std::vector<ipvs::Request>(130, kAddReal), expected);
  stage.is(datagrams_of(script, 2) == std::vector<size_t>{128, 2}, "datagrams of 128 and 2 messages");
  const std::string wrong = stage.verdict();
  tap.result(wrong.empty(), "130 commands in two datagrams where a larger receive buffer is refused", wrong);
}

}  // namespace

void tell_conversations(Tap& tap) {
  for (const auto& stories : {honest(), strangers(), losses(), headers_of_messages()}) {
    for (const Story& story : stories) tell(tap, story);
  }
  late(tap, "a late acknowledgement", {ack()});
  late(tap, "a late refusal", {refusal(ESRCH)});
  late(tap, "a late reply", {info()});
  late(tap, "a late end of a dump", {done()});
  late(tap, "a late loss", failure(ENOBUFS));
  lost_between(tap);
  many(tap);
  many_in_small_buffer(tap);
}

}  // namespace hostile
