// The private thread of one handle. Takes a batch, gives back replies; knows nothing of Node.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "records.h"

namespace ipvs {

using Bytes = std::vector<uint8_t>;

class Worker {
 public:
  // Starts the thread. `notify` is called on it, without any lock held, when replies can be taken and when it has
  // ended.
  Worker(std::string namespace_path, std::function<void()> notify);
  // Leaves a thread that still waits in the kernel to itself: it ends when the kernel answers, and frees what it holds.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // One batch at a time: the next one after take() gave the replies.
  void submit(std::vector<Request> batch);
  // The same, and the replies, where they come within microseconds. That is waited for only where it is likely: when
  // the thread has not gone to sleep since the batch before, and this one is short. Otherwise `notify` tells of them.
  std::optional<Bytes> submit_and_watch(std::vector<Request> batch);
  // The replies, once.
  std::optional<Bytes> take();
  // Carries out a batch on the calling thread, which then waits in the kernel. Nothing where only the private thread
  // can: when it has no socket yet, or no longer, or when more than one datagram is needed. Between take() and submit()
  // only.
  std::optional<Bytes> carry_out(const std::vector<Request>& batch);
  // Asks the thread to end after the batch in hand.
  void stop();
  bool ended() const;

 private:
  struct Mailbox;
  using Watch = std::chrono::steady_clock::duration;
  // How long the owner watches for the replies: the thread is awake. Zero: it is not, or the owner does not want to.
  Watch post(std::vector<Request> batch, bool owner_waits);
  static void run(std::shared_ptr<Mailbox> mailbox) noexcept;

  std::shared_ptr<Mailbox> mailbox_;
  std::thread thread_;
};

}  // namespace ipvs
