#include "worker.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <new>
#include <utility>

#include "session.h"

namespace ipvs {
namespace {

using Clock = std::chrono::steady_clock;

// A program that awaits one change after the other sends the next within microseconds of the answer. So who sleeps
// first looks out for it, for as long as waking would take: what is waited in vain at most doubles what it costs. How
// long that is depends on the machine: from microseconds on. A thread without anything to do must not turn longer than
// the longest of these, nor must the event loop stand still.
constexpr Clock::duration kShortestWatch = std::chrono::microseconds(20);
constexpr Clock::duration kLongestWatch = std::chrono::milliseconds(2);
constexpr Clock::duration kLongestWatchOfOwner = std::chrono::microseconds(200);

}  // namespace

// Shared by the thread and its owner, so that either may go first.
struct Worker::Mailbox {
  explicit Mailbox(std::string namespace_path) : session(std::in_place, std::move(namespace_path)) {}

  // Used without the lock while the thread carries out a batch; otherwise with it.
  std::optional<Session> session;
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<std::vector<Request>> batch;
  std::optional<Bytes> replies;
  bool stop = false;
  bool ended = false;
  bool owner_waits = false;     // for the replies: it is not notified
  bool thread_watches = false;  // for the next batch: it need not be woken
  Clock::time_point posted_at;
  // What it took to wake the thread, in the mean of the last times.
  Clock::duration waking = kShortestWatch;
  std::function<void()> notify;

  // Looked at without the lock, by who waits without sleeping.
  std::atomic<bool> posted{false};    // there is a batch, or an order to stop
  std::atomic<bool> answered{false};  // there are replies
};

namespace {

// No reply at all when there is no memory for it: the other side takes the outcome as unknown.
Bytes carry_out_with(Session& session, const std::vector<Request>& batch) noexcept try {
  const std::vector<Answer> answers = session.carry_out(batch);
  Bytes replies;
  size_t most = 0;
  for (const Answer& answer : answers) most += sizeof(Outcome) + answer.records.size();
  replies.reserve(most);
  const auto append = [&](const void* data, size_t size) {
    const auto* bytes = static_cast<const uint8_t*>(data);
    replies.insert(replies.end(), bytes, bytes + size);
  };
  for (const Answer& answer : answers) {
    // A failed request has no records, also when some had arrived before the failure.
    const bool failed = answer.error != 0;
    const Outcome outcome{answer.error, answer.stage, failed ? kNothing : answer.kind, failed ? 0 : answer.count};
    append(&outcome, sizeof outcome);
    if (!failed) append(answer.records.data(), answer.records.size());
  }
  return replies;
} catch (const std::bad_alloc&) {
  return {};
}

// What the kernel may carry out within a watch of the owner.
constexpr size_t kShort = 4;

// Whether somebody else can run meanwhile.
bool may_watch() {
  static const bool several = [] {
    cpu_set_t usable;
    return sched_getaffinity(0, sizeof usable, &usable) == 0 && CPU_COUNT(&usable) > 1;
  }();
  return several;
}

// Until it is so, or for as long as that.
void watch(const std::atomic<bool>& fact, Clock::duration time) {
  const auto end = Clock::now() + time;
  while (!fact.load(std::memory_order_acquire) && Clock::now() < end) {
  }
}

Clock::duration mean_with(Clock::duration before, Clock::duration now) {
  return std::clamp((before * 3 + now) / 4, kShortestWatch, kLongestWatch);
}

// Signals are Node's business: the thread inherits a full mask.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

Worker::Worker(std::string namespace_path, std::function<void()> notify)
    : mailbox_(std::make_shared<Mailbox>(std::move(namespace_path))) {
  mailbox_->notify = std::move(notify);
  const BlockedSignals blocked;
  thread_ = std::thread([mailbox = mailbox_] { run(mailbox); });
}

Worker::~Worker() {
  stop();
  if (ended()) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

Worker::Watch Worker::post(std::vector<Request> batch, bool owner_waits) {
  const std::lock_guard lock(mailbox_->mutex);
  mailbox_->batch = std::move(batch);
  mailbox_->answered.store(false, std::memory_order_relaxed);
  mailbox_->owner_waits = owner_waits && mailbox_->thread_watches;
  mailbox_->posted_at = Clock::now();
  mailbox_->posted.store(true, std::memory_order_release);
  return mailbox_->owner_waits ? std::min(mailbox_->waking, kLongestWatchOfOwner) : Watch::zero();
}

void Worker::submit(std::vector<Request> batch) {
  post(std::move(batch), false);
  // Without the lock, or the thread would wake only to wait for that.
  mailbox_->changed.notify_one();
}

std::optional<Bytes> Worker::submit_and_watch(std::vector<Request> batch) {
  const bool is_short = batch.size() <= kShort;
  const Watch watches = post(std::move(batch), is_short);
  if (watches == Watch::zero()) {
    mailbox_->changed.notify_one();
    return std::nullopt;
  }
  watch(mailbox_->answered, watches);
  const std::lock_guard lock(mailbox_->mutex);
  mailbox_->owner_waits = false;
  return std::exchange(mailbox_->replies, std::nullopt);
}

std::optional<Bytes> Worker::take() {
  const std::lock_guard lock(mailbox_->mutex);
  return std::exchange(mailbox_->replies, std::nullopt);
}

std::optional<Bytes> Worker::carry_out(const std::vector<Request>& batch) {
  const std::lock_guard lock(mailbox_->mutex);
  if (!mailbox_->session || !mailbox_->session->takes_elsewhere(batch)) return std::nullopt;
  return carry_out_with(*mailbox_->session, batch);
}

void Worker::stop() {
  const std::lock_guard lock(mailbox_->mutex);
  mailbox_->stop = true;
  mailbox_->posted.store(true, std::memory_order_release);
  mailbox_->changed.notify_one();
}

bool Worker::ended() const {
  const std::lock_guard lock(mailbox_->mutex);
  return mailbox_->ended;
}

void Worker::run(std::shared_ptr<Mailbox> mailbox) noexcept {
  pthread_setname_np(pthread_self(), "ipvs");
  {
    std::unique_lock lock(mailbox->mutex);
    for (;;) {
      const auto is_due = [&] { return mailbox->stop || mailbox->batch.has_value(); };
      const bool sleeps = !is_due();
      mailbox->changed.wait(lock, is_due);
      if (!mailbox->batch.has_value()) break;
      if (sleeps) mailbox->waking = mean_with(mailbox->waking, Clock::now() - mailbox->posted_at);
      const std::vector<Request> batch = *std::exchange(mailbox->batch, std::nullopt);
      mailbox->posted.store(mailbox->stop, std::memory_order_relaxed);
      lock.unlock();
      Bytes replies = carry_out_with(*mailbox->session, batch);
      lock.lock();
      mailbox->replies = std::move(replies);
      const bool notifies = !mailbox->owner_waits;
      // Who is told of the answer has to wake, too, before the next batch comes.
      const auto watches = may_watch() ? std::min(mailbox->waking * 2, kLongestWatch) : Clock::duration::zero();
      mailbox->thread_watches = watches > Clock::duration::zero();
      mailbox->answered.store(true, std::memory_order_release);
      lock.unlock();
      if (notifies) mailbox->notify();
      watch(mailbox->posted, watches);
      lock.lock();
      mailbox->thread_watches = false;
    }
  }
  {
    const std::lock_guard lock(mailbox->mutex);
    mailbox->session.reset();
    mailbox->ended = true;
  }
  mailbox->notify();
}

}  // namespace ipvs
