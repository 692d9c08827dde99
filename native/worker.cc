#include "worker.h"

#include <pthread.h>
#include <signal.h>

#include <new>
#include <utility>

#include "session.h"

namespace ipvs {

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
  std::function<void()> notify;
};

namespace {

// No reply at all when there is no memory for it: the other side takes the outcome as unknown.
Bytes carry_out_with(Session& session, const std::vector<Request>& batch) noexcept try {
  const std::vector<Answer> answers = session.carry_out(batch);
  Bytes replies;
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

void Worker::submit(std::vector<Request> batch) {
  {
    const std::lock_guard lock(mailbox_->mutex);
    mailbox_->batch = std::move(batch);
  }
  // Without the lock, or the thread would wake only to wait for that.
  mailbox_->changed.notify_one();
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
      mailbox->changed.wait(lock, [&] { return mailbox->stop || mailbox->batch.has_value(); });
      if (!mailbox->batch.has_value()) break;
      const std::vector<Request> batch = *std::exchange(mailbox->batch, std::nullopt);
      lock.unlock();
      Bytes replies = carry_out_with(*mailbox->session, batch);
      lock.lock();
      mailbox->replies = std::move(replies);
      lock.unlock();
      mailbox->notify();
      lock.lock();
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
