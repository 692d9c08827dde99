// What test/run.mjs counts.
#pragma once

#include <cstdio>
#include <string>

namespace hostile {

class Tap {
 public:
  // `why` is shown when it is not ok.
  void result(bool ok, const std::string& name, const std::string& why = {}) {
    std::printf("%sok %d - %s\n", ok ? "" : "not ", ++count_, name.c_str());
    if (!ok) {
      ++failed_;
      std::printf("  ---\n  why: |\n    %s\n  ...\n", why.c_str());
    }
    std::fflush(stdout);
  }
  // The exit status.
  int end() {
    std::printf("1..%d\n", count_);
    return failed_ == 0 && count_ > 0 ? 0 : 1;
  }

 private:
  int count_ = 0;
  int failed_ = 0;
};

}  // namespace hostile
