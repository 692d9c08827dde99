// Replays inputs of the fuzzer, each as one test: the real replies that it starts from (corpus/), which must be
// understood, and what once was a bug (regressions/).
#include <linux/ip_vs.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "survive.h"
#include "tap.h"

namespace {

hostile::Bytes content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What a real kernel says is never a protocol error.
std::string understood(const std::vector<ipvs::Answer>& answers) {
  for (const ipvs::Answer& answer : answers) {
    if (answer.stage != ipvs::kKernel) return "expected an answer of the kernel, found " + std::to_string(answer.error);
  }
  return {};
}

}  // namespace

int main(int count, char** folders) {
  hostile::Tap tap;
  for (int i = 1; i < count; ++i) {
    const std::filesystem::path folder(folders[i]);
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
      std::fprintf(stderr, "replaying %s\n", file.c_str());  // the last one is the culprit if the program ends here
      const hostile::Bytes bytes = content_of(file);
      const auto answers = hostile::survive(hostile::parse(bytes.data(), bytes.size()));
      const std::string wrong = folder.filename() == "corpus" ? understood(answers) : "";
      tap.result(wrong.empty(), file.string(), wrong);
    }
  }
  return tap.end();
}
