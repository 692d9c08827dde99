// One story: what the program asks, what the kernel answers, and what must come of it.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "../../native/exchange.h"
#include "../../native/session.h"
#include "beneath.h"
#include "tap.h"

namespace hostile {

// Answers the first datagrams as told, the rest honestly.
class Script : public Kernel {
 public:
  std::deque<Datagrams> answers{};           // to requests
  std::deque<Datagrams> lookups{};           // to CTRL_CMD_GETFAMILY
  std::map<Call, std::deque<int>> errors{};  // of the first calls of a kind; 0: it succeeds
  std::map<std::string, int> name_spaces{};  // where each path leads to
  std::string folder{};                      // of sysctls
  std::map<std::string, int> sysctl_errors{};
  uint16_t family;

  Script();
  int enter(Call call) override;
  Datagrams answer(const Sent& sent) override;
  int name_space(const std::string& path) override;
  std::string sysctls() override;
  int sysctl(const std::string& name) override;

  // What happened.
  int calls(Call call) const;
  int lookups_seen = 0;
  std::vector<size_t> messages_in_datagrams{};
  std::vector<int> name_spaces_of_requests{};

 private:
  std::map<Call, int> calls_{};
};

enum class Socket { kKept, kClosed };

struct Story {
  std::string name;
  std::vector<ipvs::Request> requests;
  std::deque<Datagrams> kernel;
  std::vector<ipvs::Answer> expected;
  Socket after = Socket::kKept;
};

// Carries it out on a session of its own. Then the next call must work, on a fresh socket if the story closed it, and
// no descriptor may be left. What was wrong, or nothing.
std::string verdict_of(const Story& story);
void tell(Tap& tap, const Story& story);

// A session that is looked at between its calls; finds nothing wrong, or tells the first thing that was.
class Stage {
 public:
  explicit Stage(Script& script, const std::string& name_space = {});
  ~Stage();

  Stage& expects(const std::vector<ipvs::Request>& requests, const std::vector<ipvs::Answer>& expected);
  // Anything asked of an honest kernel.
  Stage& works();
  // Whether another thread than the one that opens may carry that out.
  Stage& elsewhere(const std::vector<ipvs::Request>& requests, bool expected);
  // How many sockets are open.
  Stage& holds(size_t sockets);
  Stage& is(bool fact, const std::string& what);
  // Ends the session.
  std::string verdict();

 private:
  size_t descriptors_before_;
  std::unique_ptr<ipvs::Session> session_;
  std::string wrong_;
};

ipvs::Request request(uint32_t command, bool dump = false);

ipvs::Answer success();
ipvs::Answer refused(int error);
ipvs::Answer failed(int error, ipvs::Stage stage);
ipvs::Answer lost();

}  // namespace hostile
