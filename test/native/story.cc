#include "story.h"

#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <sstream>

#include "kinds.h"
#include "messages.h"

namespace hostile {
namespace {

std::string text_of(const ipvs::Answer& answer) {
  std::ostringstream text;
  text << "{error " << answer.error << ", stage " << answer.stage << ", kind " << answer.kind << ", " << answer.count
       << " records in " << answer.records.size() << " bytes:";
  for (const uint8_t byte : answer.records) text << ' ' << static_cast<int>(byte);
  text << '}';
  return text.str();
}

bool same(const ipvs::Answer& one, const ipvs::Answer& other) {
  return one.error == other.error && one.stage == other.stage && one.kind == other.kind && one.count == other.count &&
         one.records == other.records;
}

template <typename T>
std::optional<T> take(std::deque<T>& from) {
  if (from.empty()) return std::nullopt;
  T first = std::move(from.front());
  from.pop_front();
  return first;
}

}  // namespace

Script::Script() : family(kFamily) {}

int Script::enter(Call call) {
  ++calls_[call];
  return take(errors[call]).value_or(0);
}

int Script::calls(Call call) const {
  const auto found = calls_.find(call);
  return found == calls_.end() ? 0 : found->second;
}

Datagrams Script::answer(const Sent& sent) {
  if (is_lookup(sent.bytes)) {
    ++lookups_seen;
    return take(lookups).value_or(honest_answer(sent.bytes, family));
  }
  messages_in_datagrams.push_back(headers(sent.bytes).size());
  name_spaces_of_requests.push_back(sent.name_space);
  return take(answers).value_or(honest_answer(sent.bytes, family));
}

int Script::name_space(const std::string& path) { return name_spaces[path]; }

std::string Script::sysctls() { return folder; }

int Script::sysctl(const std::string& name) { return sysctl_errors[name]; }

Stage::Stage(Script& script, const std::string& name_space) : descriptors_before_(open_descriptors()) {
  use(script);
  session_ = std::make_unique<ipvs::Session>(name_space);
}

Stage::~Stage() = default;

Stage& Stage::is(bool fact, const std::string& what) {
  if (!fact && wrong_.empty()) wrong_ = "expected: " + what;
  return *this;
}

Stage& Stage::expects(const std::vector<ipvs::Request>& requests, const std::vector<ipvs::Answer>& expected) {
  const std::vector<ipvs::Answer> answers = session_->carry_out(requests);
  is(answers.size() == requests.size() && expected.size() == requests.size(), "one answer for each request");
  for (size_t i = 0; i < answers.size() && i < expected.size(); ++i) {
    is(same(answers[i], expected[i]),
       "answer " + std::to_string(i) + " " + text_of(expected[i]) + "\n    found: " + text_of(answers[i]));
  }
  return *this;
}

Stage& Stage::works() {
  return expects({request(IPVS_CMD_GET_INFO), request(IPVS_CMD_NEW_DEST), request(IPVS_CMD_GET_SERVICE, true)},
                 {answer_of(kind_named("info")), success(), success()});
}

Stage& Stage::elsewhere(const std::vector<ipvs::Request>& requests, bool expected) {
  return is(
      session_->takes_elsewhere(requests) == expected,
      std::to_string(requests.size()) + " requests " + (expected ? "may" : "may not") + " be carried out elsewhere");
}

Stage& Stage::holds(size_t sockets) {
  const size_t open = open_descriptors() - descriptors_before_;
  return is(open == sockets, std::to_string(sockets) + " open sockets, found " + std::to_string(open));
}

std::string Stage::verdict() {
  session_.reset();
  holds(0);
  return wrong_;
}

std::string verdict_of(const Story& story) {
  Script script;
  script.answers = story.kernel;
  Stage stage(script);
  stage.expects(story.requests, story.expected).holds(story.after == Socket::kKept ? 1 : 0);
  stage.is(script.answers.empty(), "all that the kernel had to say was asked for");
  stage.works().holds(1);
  stage.is(script.calls(Call::kSocket) == (story.after == Socket::kKept ? 1 : 2), "a fresh socket only when needed");
  return stage.verdict();
}

void tell(Tap& tap, const Story& story) {
  const std::string wrong = verdict_of(story);
  tap.result(wrong.empty(), story.name, wrong);
}

ipvs::Request request(uint32_t command, bool dump) {
  ipvs::Request made{};
  made.command = command;
  made.dump = dump ? 1 : 0;
  made.service.family = AF_INET;
  made.service.protocol = IPPROTO_TCP;
  made.service.port = 80;
  made.service.address = {192, 0, 2, 1};
  made.service.scheduler = {'r', 'r'};
  made.destination.family = AF_INET;
  made.destination.port = 80;
  made.destination.address = {10, 0, 0, 1};
  return made;
}

ipvs::Answer success() { return {}; }

ipvs::Answer failed(int error, ipvs::Stage stage) {
  ipvs::Answer answer;
  answer.error = error;
  answer.stage = stage;
  return answer;
}

ipvs::Answer refused(int error) { return failed(error, ipvs::kKernel); }
ipvs::Answer lost() { return failed(EPROTO, ipvs::kAnswer); }

}  // namespace hostile
