// What the thread tells of its namespace without netlink: sysctls that cannot be read, and the order among other
// requests.
#include <linux/ip_vs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "messages.h"
#include "stories.h"

namespace hostile {
namespace {

using ipvs::Answer;

const ipvs::Request kAdd = request(IPVS_CMD_NEW_SERVICE);
const ipvs::Request kRead = request(ipvs::kReadSysctls);
constexpr char kPath[] = "/scripted/a";

// A folder with two sysctls, as long as it lives.
class Folder {
 public:
  Folder() {
    char name[] = "/tmp/ipvs-sysctls-XXXXXX";
    path_ = ::mkdtemp(name);
    for (const char* sysctl : kNames) std::ofstream(path_ / sysctl) << "1\n";
  }
  ~Folder() {
    for (const char* sysctl : kNames) std::filesystem::remove(path_ / sysctl);
    std::filesystem::remove(path_);
  }
  std::string path() const { return path_; }

 private:
  static constexpr const char* kNames[] = {"conntrack", "flush"};
  std::filesystem::path path_;
};

template <typename Tell>
void story(Tap& tap, const std::string& name, Tell tell) {
  const Folder folder;
  Script script;
  script.name_spaces[kPath] = 2;
  script.folder = folder.path();
  Stage stage(script, kPath);
  tell(script, stage);
  const std::string wrong = stage.verdict();
  tap.result(wrong.empty(), name, wrong);
}

Answer sysctl(const std::string& name, const std::string& value) {
  ipvs::Sysctl record{};
  std::strcpy(record.name.data(), name.c_str());
  std::strcpy(record.value.data(), value.c_str());
  Answer answer;
  answer.add(ipvs::kSysctl, record);
  return answer;
}

}  // namespace

void tell_locals(Tap& tap) {
  for (const int error : {EACCES, EPERM}) {
    story(tap, "a sysctl that may not be read, errno " + std::to_string(error) + ", loses no other",
          [&](Script& script, Stage& stage) {
            script.sysctl_errors["flush"] = error;
            stage.expects({kRead}, {sysctl("conntrack", "1")}).works().holds(1);
          });
  }
  story(tap, "without a descriptor for a sysctl the list is not short, but an error", [](Script& script, Stage& stage) {
    script.sysctl_errors["flush"] = EMFILE;
    stage.expects({kRead}, {refused(EMFILE)}).works().holds(1);
  });
  for (const size_t entries : {0, 1, 2, 3}) {
    story(tap, "a folder of sysctls whose reading ends in an error after " + std::to_string(entries) + " entries",
          [&](Script& script, Stage& stage) {
            script.errors[Call::kReadFolder].assign(entries, 0);
            script.errors[Call::kReadFolder].push_back(EIO);
            stage.expects({kRead}, {refused(EIO)}).works().holds(1);
          });
  }
  story(tap, "no folder of sysctls, among requests that are carried out all the same",
        [](Script& script, Stage& stage) {
          script.errors[Call::kOpenFolder] = {ENOENT};
          stage.expects({kAdd, kRead, kAdd}, {success(), refused(ENOENT), success()});
          stage.is(script.messages_in_datagrams == std::vector<size_t>{1, 1}, "in order, not in one datagram").works();
        });
  story(tap, "a sysctl is asked for before there is a socket, and none is made", [](Script& script, Stage& stage) {
    script.sysctl_errors["flush"] = EACCES;
    stage.expects({kRead}, {sysctl("conntrack", "1")}).holds(0);
    stage.is(script.calls(Call::kSetns) == 1, "in the namespace").works().holds(1);
  });
  story(tap, "a namespace that cannot be entered has no sysctls, but the next call", [](Script& script, Stage& stage) {
    script.sysctl_errors["flush"] = EACCES;
    script.errors[Call::kSetns] = {EPERM};
    stage.expects({kRead}, {failed(EPERM, ipvs::kNamespace)}).expects({kRead}, {sysctl("conntrack", "1")});
    stage.is(script.calls(Call::kOpenFolder) == 1, "not those of another namespace");
  });
}

}  // namespace hostile
