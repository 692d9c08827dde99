// native/worker.cc and what is below it, with a slow kernel: owners start, ask, stop and leave their threads at any
// moment. Run under ThreadSanitizer, which reports any race.
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "../../native/worker.h"
#include "messages.h"
#include "tap.h"

namespace {

using hostile::Bytes;
using hostile::Call;
using ipvs::Worker;

constexpr int kOwners = 6;
constexpr int kRounds = 300;

// Every call takes up to a millisecond, so that owners meet their threads in every state, unless it is to be quick.
class SlowKernel : public hostile::Kernel {
 public:
  std::atomic<bool> quick{false};

  int enter(Call) override {
    if (quick) return 0;
    static thread_local auto state = std::hash<std::thread::id>{}(std::this_thread::get_id());
    state = state * 6364136223846793005U + 1442695040888963407U;
    std::this_thread::sleep_for(std::chrono::microseconds((state >> 33) % 1000));
    return 0;
  }
  hostile::Datagrams answer(const hostile::Sent& sent) override {
    return hostile::honest_answer(sent.bytes, hostile::kFamily);
  }
};

// Where a thread tells its owner that there is something to look at. Shared, because either may go first.
class Bell {
 public:
  void ring() {
    const std::lock_guard lock(mutex_);
    ++rung_;
    changed_.notify_one();
  }
  template <typename Fact>
  void wait_until(Fact fact) {
    std::unique_lock lock(mutex_);
    while (!fact()) {
      changed_.wait(lock, [&] { return rung_ != heard_; });
      heard_ = rung_;
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int rung_ = 0;
  int heard_ = 0;
};

std::vector<ipvs::Request> batch() {
  std::vector<ipvs::Request> requests(3);
  requests[0].command = IPVS_CMD_GET_INFO;
  requests[1].command = IPVS_CMD_GET_SERVICE;
  requests[1].dump = 1;
  requests[2].command = IPVS_CMD_FLUSH;
  return requests;
}

const Bytes kExpected =
    hostile::join({hostile::bytes_of(ipvs::Outcome{0, 0, ipvs::kInfo, 1}), hostile::bytes_of(hostile::kHonestInfo),
                   hostile::bytes_of(ipvs::Outcome{}), hostile::bytes_of(ipvs::Outcome{})});

// One handle's life; false when an answer was wrong.
bool live(int round) {
  const auto bell = std::make_shared<Bell>();
  Worker worker("", [bell] { bell->ring(); });
  std::optional<ipvs::Bytes> replies;
  const auto answered = [&] { return (replies = worker.take()).has_value(); };
  switch (round % 8) {
    case 0:  // leaves at once
      return true;
    case 1:  // leaves with a request in hand
      worker.submit(batch());
      return true;
    case 2:  // stops with a request in hand, and leaves
      worker.submit(batch());
      worker.stop();
      return true;
    case 3:  // stops with a request in hand, which is answered all the same
      worker.submit(batch());
      worker.stop();
      bell->wait_until(answered);
      break;
    case 4:  // asks twice, and leaves an idle thread
      worker.submit(batch());
      bell->wait_until(answered);
      if (*replies != kExpected) return false;
      worker.submit(batch());
      bell->wait_until(answered);
      return *replies == kExpected;
    case 5: {  // asks from here between two requests
      std::vector<ipvs::Request> one(1);
      one[0].command = IPVS_CMD_FLUSH;
      if (worker.carry_out(one)) return false;
      worker.submit(batch());
      bell->wait_until(answered);
      if (*replies != kExpected || worker.carry_out(batch())) return false;
      if (worker.carry_out(one) != hostile::bytes_of(ipvs::Outcome{})) return false;
      worker.submit(batch());
      bell->wait_until(answered);
      return *replies == kExpected;
    }
    case 6: {  // asks again and again, as long as the thread has not gone to sleep and later
      std::vector<ipvs::Request> one(1);
      one[0].command = IPVS_CMD_FLUSH;
      for (int i = 0; i < 3; ++i) {
        replies = worker.submit_and_watch(one);
        if (!replies) bell->wait_until(answered);
        if (*replies != hostile::bytes_of(ipvs::Outcome{})) return false;
        if (i == 1) std::this_thread::sleep_for(std::chrono::microseconds(round % 100));
      }
      return true;
    }
    default:  // asks, stops, and waits for the end
      worker.submit(batch());
      bell->wait_until(answered);
      worker.stop();
  }
  bell->wait_until([&] { return worker.ended(); });
  return *replies == kExpected;
}

// Whether one of many requests is answered before submit_and_watch() returns.
bool comes_at_once() {
  const auto bell = std::make_shared<Bell>();
  Worker worker("", [bell] { bell->ring(); });
  std::vector<ipvs::Request> one(1);
  one[0].command = IPVS_CMD_FLUSH;
  for (int i = 0; i < 10000; ++i) {
    if (worker.submit_and_watch(one)) return true;
    bell->wait_until([&] { return worker.take().has_value(); });
  }
  return false;
}

// How many private threads there are, known by their name. A thread may end while it is looked at.
size_t private_threads() {
  size_t count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(task.path() / "comm"), name);
    count += name == "ipvs" ? 1 : 0;
  }
  return count;
}

}  // namespace

int main() {
  SlowKernel kernel;
  hostile::use(kernel);
  hostile::Tap tap;
  const size_t descriptors_before = hostile::open_descriptors();
  std::array<int, kOwners> wrong{};
  std::vector<std::thread> owners;
  for (int owner = 0; owner < kOwners; ++owner) {
    owners.emplace_back([&wrong, owner] {
      for (int round = 0; round < kRounds; ++round) wrong[static_cast<size_t>(owner)] += live(round) ? 0 : 1;
    });
  }
  for (std::thread& owner : owners) owner.join();
  for (const int number : wrong)
    tap.result(number == 0, "every answer of an owner is right", std::to_string(number) + " are wrong");
  kernel.quick = true;
  tap.result(comes_at_once() || std::thread::hardware_concurrency() == 1,
             "a quick answer comes at once while the thread has not gone to sleep");
  // Threads that were left with a request in hand end by themselves.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (private_threads() > 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  tap.result(private_threads() == 0, "no thread is left", std::to_string(private_threads()) + " are there");
  tap.result(hostile::open_descriptors() == descriptors_before, "no descriptor is left",
             std::to_string(hostile::open_descriptors()) + " descriptors");
  return tap.end();
}
