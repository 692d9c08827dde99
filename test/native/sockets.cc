// System calls that fail, the family's number, the namespace.
#include <linux/genetlink.h>
#include <linux/ip_vs.h>

#include <cerrno>

#include "kinds.h"
#include "messages.h"
#include "stories.h"

namespace hostile {
namespace {

using ipvs::Answer;
using ipvs::kFamily;
using ipvs::kNamespace;
using ipvs::kSocket;

const ipvs::Request kAdd = request(IPVS_CMD_NEW_SERVICE);
const ipvs::Request kList = request(IPVS_CMD_GET_SERVICE, true);
constexpr char kPath[] = "/scripted/a";

template <typename Tell>
void story(Tap& tap, const std::string& name, Tell tell, const std::string& path = {}) {
  Script script;
  script.name_spaces[kPath] = 2;
  Stage stage(script, path);
  tell(script, stage);
  const std::string wrong = stage.verdict();
  tap.result(wrong.empty(), name, wrong);
}

// Nothing was sent: both requests have failed there, nothing is left open, and the next call works.
void tell_failures(Tap& tap) {
  struct Failure {
    const char* name;
    Call call;
    int error;
    Answer expected;
    size_t held = 0;
  };
  const Failure failures[] = {
      {"the namespace's path is gone", Call::kOpen, ENOENT, failed(ENOENT, kNamespace)},
      {"no descriptor for the namespace", Call::kOpen, EMFILE, failed(EMFILE, kNamespace)},
      {"the namespace may not be entered", Call::kSetns, EPERM, failed(EPERM, kNamespace)},
      {"the path is no namespace", Call::kSetns, EINVAL, failed(EINVAL, kNamespace)},
      {"no descriptor for the socket", Call::kSocket, EMFILE, failed(EMFILE, kSocket)},
      {"a kernel without generic netlink", Call::kSocket, EPROTONOSUPPORT, failed(EPROTONOSUPPORT, kSocket)},
      {"bind() fails", Call::kBind, ENOMEM, failed(ENOMEM, kSocket)},
      {"getsockname() fails", Call::kGetsockname, ENOBUFS, failed(ENOMEM, kSocket)},
      {"getsockopt() fails", Call::kGetsockopt, ENOPROTOOPT, failed(ENOMEM, kSocket)},
      {"the receive timeout cannot be set", Call::kTimeout, EDOM, failed(EDOM, kSocket)},
      {"short acknowledgements cannot be had", Call::kCapAck, ENOPROTOOPT, failed(ENOPROTOOPT, kSocket)},
      {"the lookup of the family cannot be sent", Call::kSend, ENOBUFS, failed(ENOBUFS, kFamily)},
      {"the lookup of the family is lost", Call::kReceive, ENOBUFS, failed(EPROTO, kFamily)},
  };
  for (const Failure& failure : failures) {
    story(
        tap, std::string(failure.name) + ", and the next call works",
        [&](Script& script, Stage& stage) {
          script.errors[failure.call] = {failure.error};
          stage.expects({kAdd, kAdd}, {failure.expected, failure.expected}).holds(0).works().holds(1);
          stage.is(script.name_spaces_of_requests == std::vector<int>{2, 2}, "all of it in the namespace");
        },
        kPath);
  }
  story(tap, "a larger receive buffer is not granted, and nothing is missed", [](Script& script, Stage& stage) {
    script.errors[Call::kBuffer] = {EPERM};
    stage.expects({kAdd}, {success()}).works().holds(1);
  });
  for (const int error : {EPERM, ENOBUFS, EMSGSIZE, ECONNREFUSED}) {
    story(tap, "a command cannot be sent, errno " + std::to_string(error), [&](Script& script, Stage& stage) {
      script.errors[Call::kSend] = {0, error};
      const Answer unsent = failed(error, kSocket);
      stage.expects({kAdd, kAdd}, {unsent, unsent}).holds(0).works().holds(1);
      script.errors[Call::kSend] = {error};
      stage.expects({kAdd, kList}, {unsent, success()}).holds(1);
    });
  }
}

void tell_lookups(Tap& tap) {
  struct Lookup {
    const char* name;
    Datagrams answers;
    Answer expected;
  };
  const Bytes ack = acknowledgement();
  const Bytes plain(family_reply(hostile::kFamily));
  Bytes of_another_command = plain;
  of_another_command.at(NLMSG_HDRLEN) = CTRL_CMD_NEWMCAST_GRP;
  const auto id_of = [](const Bytes& value) {
    return message(GENL_ID_CTRL,
                   join({bytes_of(genlmsghdr{CTRL_CMD_NEWFAMILY, 2, 0}), attribute(CTRL_ATTR_FAMILY_ID, value)}));
  };
  const Answer nonsense = failed(EPROTO, kFamily);
  const Lookup lookups[] = {
      {"there is no IPVS", {{refusal(ENOENT)}}, failed(ENOENT, kFamily)},
      {"the lookup is not allowed", {{refusal(EPERM)}}, failed(EPERM, kFamily)},
      {"the lookup is not answered", {}, nonsense},
      {"the lookup is acknowledged only", {{ack}}, nonsense},
      {"the lookup is answered without acknowledgement", {{plain}}, nonsense},
      {"the family has the number 0", {{family_reply(0)}, {ack}}, nonsense},
      {"the family has no number", {{id_of({})}, {ack}}, nonsense},
      {"the family's number is too short", {{id_of({1})}, {ack}}, nonsense},
      {"the family's number is too long", {{id_of({1, 0, 0, 0})}, {ack}}, nonsense},
      {"the lookup is answered by another family", {{reply(CTRL_CMD_NEWFAMILY, {})}, {ack}}, nonsense},
      {"the lookup is answered with another command", {{of_another_command}, {ack}}, nonsense},
      {"the lookup is answered with rubbish", {{Bytes(64, 0xff)}, {ack}}, nonsense},
      {"the lookup is answered as a dump", {{plain}, {done()}}, nonsense},
      {"the lookup is answered by a stranger", {{plain, 4711}, {ack, 4711}}, nonsense},
      {"the lookup's answer is cut", {{Bytes(plain.begin(), plain.end() - 4)}, {ack}}, nonsense},
  };
  for (const Lookup& lookup : lookups) {
    story(tap, std::string(lookup.name) + ", and the next call works", [&](Script& script, Stage& stage) {
      script.lookups = {lookup.answers};
      stage.expects({kAdd, kList}, {lookup.expected, success()}).holds(1).works().holds(1);
      stage.is(script.lookups_seen == 2, "one more lookup");
    });
  }
}

void tell_reloads(Tap& tap) {
  const Answer none = refused(ENOENT);
  story(tap, "a refusal as without the family, in a datagram that ends within a message, is a lost answer",
        [](Script& script, Stage& stage) {
          stage.works();
          script.answers = {{{join({refusal(ENOENT), Bytes(7, 0xff)})}}};
          stage.expects({kAdd}, {lost()}).holds(0).works().holds(1);
        });
  for (const auto& asked : {kAdd, kList}) {
    const std::string what = asked.dump != 0 ? "a dump" : "a command";
    story(tap, "the module was loaded anew: the family's number is looked up again for " + what,
          [&](Script& script, Stage& stage) {
            stage.works();
            ++script.family;
            stage.expects({asked}, {success()});
            stage.is(script.lookups_seen == 2, "one more lookup").works().holds(1);
            stage.is(script.lookups_seen == 2 && script.calls(Call::kSocket) == 1, "no more, on the same socket");
          });
    story(tap, "what does not exist is looked up once, with the family, for " + what,
          [&](Script& script, Stage& stage) {
            stage.works();
            script.answers = {{{refusal(ENOENT)}}};
            stage.expects({asked}, {none}).works().holds(1);
            stage.is(script.lookups_seen == 2, "one more lookup");
          });
    story(tap, "the module was loaded anew twice: looked up once for " + what, [&](Script& script, Stage& stage) {
      stage.works();
      script.lookups = {{{family_reply(hostile::kFamily + 1)}, {acknowledgement()}}};
      script.family = hostile::kFamily + 2;
      stage.expects({asked}, {none}).expects({asked}, {success()}).works().holds(1);
    });
    story(tap, "the module is gone, for " + what, [&](Script& script, Stage& stage) {
      stage.works();
      script.answers = {{{refusal(ENOENT)}}};
      script.lookups = {{{refusal(ENOENT)}}};
      stage.expects({asked}, {failed(ENOENT, kFamily)}).works().holds(1);
    });
    story(tap, "the second lookup is lost, for " + what, [&](Script& script, Stage& stage) {
      stage.works();
      script.answers = {{{refusal(ENOENT)}}};
      script.lookups = {{}};
      stage.expects({asked}, {failed(EPROTO, kFamily)}).holds(0).works().holds(1);
    });
    story(tap, "the second lookup cannot be sent, for " + what, [&](Script& script, Stage& stage) {
      stage.works();
      script.answers = {{{refusal(ENOENT)}}};
      const auto sent = static_cast<size_t>(script.calls(Call::kSend));
      script.errors[Call::kSend] = {0, ENOBUFS};
      stage.expects({asked}, {failed(ENOBUFS, kFamily)}).works().holds(1);
      stage.is(static_cast<size_t>(script.calls(Call::kSend)) > sent + 1, "it was tried");
    });
    story(tap, "the answer is lost after the second lookup, for " + what, [&](Script& script, Stage& stage) {
      stage.works();
      ++script.family;
      script.answers = {{{refusal(ENOENT)}}, {}};
      stage.expects({asked}, {lost()}).holds(0).works().holds(1);
    });
  }
  story(tap, "one of two does not exist: nothing is looked up or sent again", [&](Script& script, Stage& stage) {
    stage.works();
    script.answers = {{{refusal(ENOENT, 0)}, {acknowledgement(1)}}};
    stage.expects({kAdd, kAdd}, {none, success()});
    stage.is(script.lookups_seen == 1, "no lookup").works();
  });
  story(tap, "the module was loaded anew: all of a datagram is sent again", [&](Script& script, Stage& stage) {
    stage.works();
    ++script.family;
    stage.expects({kAdd, kAdd, kAdd}, {success(), success(), success()});
    stage.is(script.messages_in_datagrams == std::vector<size_t>{2, 1, 3, 3}, "the same three twice").works();
  });
}

void tell_namespaces(Tap& tap) {
  story(
      tap, "after a lost answer the fresh socket is in the same namespace, whoever has its name now",
      [](Script& script, Stage& stage) {
        stage.works();
        script.name_spaces[kPath] = 3;
        script.answers = {{}};
        stage.expects({kAdd}, {lost()}).holds(0).works().holds(1);
        script.name_spaces.clear();
        script.answers = {{{acknowledgement(9)}}};
        stage.expects({kAdd}, {lost()}).holds(0).works().holds(1);
        stage.is(script.name_spaces_of_requests == std::vector<int>(8, 2), "every request in the first namespace");
        stage.is(script.calls(Call::kOpen) == 1 && script.calls(Call::kSetns) == 1, "its path opened and entered once");
        stage.is(script.calls(Call::kSocket) == 3, "three sockets");
      },
      kPath);
  story(tap, "another thread takes what one datagram asks of an open socket", [](Script& script, Stage& stage) {
    ipvs::Request local{};
    local.command = ipvs::kTellThread;
    const std::vector<ipvs::Request> most(512, kAdd);
    stage.elsewhere({kAdd}, false).works();
    stage.elsewhere({kAdd}, true).elsewhere({kList}, true).elsewhere(most, true);
    stage.elsewhere(std::vector<ipvs::Request>(513, kAdd), false);
    stage.elsewhere(std::vector<ipvs::Request>(128, request(IPVS_CMD_GET_SERVICE, false)), true);
    stage.elsewhere(std::vector<ipvs::Request>(129, request(IPVS_CMD_GET_SERVICE, false)), false);
    stage.elsewhere({kAdd, kList}, false).elsewhere({kList, kList}, false).elsewhere({local}, false);
    script.answers = {{}};
    stage.expects({kAdd}, {lost()}).elsewhere({kAdd}, false).works().elsewhere({kAdd}, true);
  });
  story(tap, "without a path nothing is opened or entered", [](Script& script, Stage& stage) {
    stage.works();
    stage.is(script.calls(Call::kOpen) == 0 && script.calls(Call::kSetns) == 0, "neither open() nor setns()");
  });
}

}  // namespace

void tell_sockets(Tap& tap) {
  tell_failures(tap);
  tell_lookups(tap);
  tell_reloads(tap);
  tell_namespaces(tap);
}

}  // namespace hostile
