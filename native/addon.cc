// Exports the seam: `layoutHash` and the class Handle with request(batch), requestHere(batch) and close(). The one
// place where Node-API and the private thread meet.
//
// The thread rings a uv_async_t, not a napi_threadsafe_function: see docs/adr/0001-one-private-thread-per-handle.md.

#include <napi.h>
#include <uv.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "batch.h"
#include "records.h"
#include "worker.h"

namespace {

using ipvs::Bytes;
using ipvs::Request;
using ipvs::Worker;

// FNV-1a, 32 bit, of layout(): a stale build differs from lib/wire.ts and is refused there.
std::string layout_hash() {
  uint32_t hash = 0x811c9dc5U;
  for (const char character : ipvs::layout()) {
    hash ^= static_cast<uint8_t>(character);
    hash *= 0x01000193U;
  }
  char text[9];
  std::snprintf(text, sizeof text, "%08" PRIx32, hash);
  return text;
}

// Wakes the event loop from the private thread. Outlives its owner when the thread or the event loop does: silence()
// comes first, under the same lock as the ringing, so that a closed uv_async_t is never touched, and the environment
// waits for the event loop to let go of it.
class Bell {
 public:
  class Owner {
   public:
    virtual void on_ring() = 0;
    // The environment ends: silence the bell.
    virtual void on_end() = 0;

   protected:
    ~Owner() = default;
  };

  // Null when the environment has no event loop.
  static std::shared_ptr<Bell> hang(napi_env env, Owner* owner) {
    uv_loop_t* loop = nullptr;
    if (napi_get_uv_event_loop(env, &loop) != napi_ok) return nullptr;
    auto bell = std::shared_ptr<Bell>(new Bell(owner));
    bell->async_.data = bell.get();
    const auto on_ring = [](uv_async_t* async) {
      Owner* ringing_for = static_cast<Bell*>(async->data)->owner_;
      if (ringing_for != nullptr) ringing_for->on_ring();
    };
    if (uv_async_init(loop, &bell->async_, on_ring) != 0) return nullptr;
    bell->self_ = bell;
    bell->hold(false);
    const auto on_end = [](napi_async_cleanup_hook_handle, void* self) {
      Owner* ended = static_cast<Bell*>(self)->owner_;
      if (ended != nullptr) ended->on_end();
    };
    if (napi_add_async_cleanup_hook(env, on_end, bell.get(), &bell->hook_) != napi_ok) {
      bell->silence();
      return nullptr;
    }
    return bell;
  }

  // From any thread.
  void ring() {
    const std::lock_guard lock(mutex_);
    if (!silent_) uv_async_send(&async_);
  }
  // The rest on the event loop's thread. Whether the bell keeps the event loop alive.
  void hold(bool keep_alive) {
    auto* handle = reinterpret_cast<uv_handle_t*>(&async_);
    keep_alive ? uv_ref(handle) : uv_unref(handle);
  }
  // The owner hears nothing after this.
  void silence() {
    owner_ = nullptr;
    {
      const std::lock_guard lock(mutex_);
      silent_ = true;
    }
    uv_close(reinterpret_cast<uv_handle_t*>(&async_), [](uv_handle_t* handle) {
      const auto self = std::move(static_cast<Bell*>(handle->data)->self_);
      if (self->hook_ != nullptr) napi_remove_async_cleanup_hook(self->hook_);
    });
  }

 private:
  explicit Bell(Owner* owner) : owner_(owner) {}

  std::mutex mutex_;
  bool silent_ = false;
  uv_async_t async_{};
  Owner* owner_;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  std::shared_ptr<Bell> self_;  // as long as the event loop holds async_
};

// worker.terminate() sets in between any two lines of this class: from then on Node-API refuses what could run
// JavaScript, also while the event loop still turns. Nothing can be thrown or resolved then, and nobody is left to hear
// it; on_end() follows. Hence the plain calls with their status wherever node-addon-api would go on with a value that
// it did not get.
class Handle : public Napi::ObjectWrap<Handle>, private Bell::Owner {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Handle",
                       {InstanceMethod<&Handle::request>("request"),
                        InstanceMethod<&Handle::request_here>("requestHere"), InstanceMethod<&Handle::close>("close")});
  }

  // new Handle(namespacePath: string): an empty path means the process's own namespace.
  explicit Handle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Handle>(info), continuations_(info.Env(), "ipvs") {
    const Napi::Env env = info.Env();
    if (IsEmpty()) return;  // the environment is ending
    if (info.Length() < 1 || !info[0].IsString()) {
      Napi::TypeError::New(env, "Handle: the namespace path must be a string").ThrowAsJavaScriptException();
      return;
    }
    bell_ = Bell::hang(env, this);
    if (!bell_) {
      Napi::Error::New(env, "Handle: there is no event loop").ThrowAsJavaScriptException();
      return;
    }
    try {
      worker_.emplace(info[0].As<Napi::String>().Utf8Value(), [bell = bell_] { bell->ring(); });
    } catch (const std::exception& error) {
      release();
      Napi::Error::New(env, std::string("Handle: no thread could be started: ") + error.what())
          .ThrowAsJavaScriptException();
    }
  }

  // Garbage collection of a handle that nobody closed, or the end of the environment after release().
  ~Handle() override { release(); }

 private:
  // request(batch: Uint8Array): Promise<ArrayBuffer | null> | ArrayBuffer | null. One at a time. null: each request
  // succeeded, and none has records. No promise where the replies came within microseconds.
  Napi::Value request(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    std::vector<Request> requests = read_batch(info);
    if (requests.empty()) return env.Undefined();
    // A program that awaits one after the other lets the event loop turn now and then.
    if (at_once_ < kAtOnce) {
      if (const auto replies = worker_->submit_and_watch(std::move(requests))) {
        ++at_once_;
        return Napi::Value(env, value_of(env, *replies));
      }
    } else {
      worker_->submit(std::move(requests));
    }
    const Napi::Value answered = promise(env, pending_);
    if (pending_ != nullptr) keep_alive();
    return answered;
  }

  // requestHere(batch: Uint8Array): ArrayBuffer | null | undefined. On the calling thread; undefined: request() it.
  Napi::Value request_here(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const std::vector<Request> requests = read_batch(info);
    if (requests.empty()) return env.Undefined();
    const auto replies = worker_->carry_out(requests);
    return replies ? Napi::Value(env, value_of(env, *replies)) : env.Undefined();
  }

  // Empty, with an exception, for what is no batch and when another is in hand.
  std::vector<Request> read_batch(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    napi_typedarray_type type{};
    size_t size = 0;
    void* data = nullptr;
    // All at once: what node-addon-api asks piece by piece takes as long as a tenth of all that happens on this side.
    if (napi_get_typedarray_info(env, info[0], &type, &size, &data, nullptr, nullptr) != napi_ok ||
        type != napi_uint8_array) {
      refuse(env, "request: a batch is a Uint8Array");
      return {};
    }
    if (!worker_ || pending_ != nullptr || closing_ != nullptr) {
      refuse(env, "request: the handle is busy or closed");
      return {};
    }
    std::vector<Request> requests = ipvs::read_batch(static_cast<const uint8_t*>(data), size);
    if (requests.empty()) refuse(env, "request: a batch is one or more whole requests");
    return requests;
  }

  // The replies, copied; null where all of their bytes are 0. Nothing when the environment is ending.
  static napi_value value_of(napi_env env, const Bytes& replies) {
    napi_value value = nullptr;
    const auto is_zero = [](uint8_t byte) { return byte == 0; };
    if (!replies.empty() && std::all_of(replies.begin(), replies.end(), is_zero)) {
      return napi_get_null(env, &value) == napi_ok ? value : nullptr;
    }
    void* data = nullptr;
    if (napi_create_arraybuffer(env, replies.size(), &data, &value) != napi_ok) return nullptr;
    if (!replies.empty()) std::memcpy(data, replies.data(), replies.size());
    return value;
  }

  // close(): Promise<void>, when the request in hand is answered and the thread has ended. Once.
  Napi::Value close(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!worker_ || closing_ != nullptr) return refuse(env, "close: the handle is closing or closed");
    const Napi::Value closed = promise(env, closing_);
    if (closing_ == nullptr) return closed;
    keep_alive();
    worker_->stop();
    return closed;
  }

  void on_ring() override {
    const Napi::Env env = Env();
    const Napi::HandleScope handles(env);
    // Runs the continuations of what is resolved here before the event loop goes on.
    const Napi::CallbackScope scope(env, continuations_);
    at_once_ = 0;
    const auto replies = worker_->take();
    // Nobody waits for them where the environment ended before there was a promise.
    if (replies && pending_ != nullptr) {
      const napi_value value = value_of(env, *replies);
      if (value == nullptr) return;
      resolve(env, pending_, value);
      Unref();
      if (closing_ == nullptr) bell_->hold(false);
    }
    if (closing_ != nullptr && worker_->ended()) {
      resolve(env, closing_, env.Undefined());
      release();
      Unref();
    }
  }

  void on_end() override { release(); }

  Napi::Value refuse(Napi::Env env, const char* why) {
    Napi::TypeError::New(env, why).ThrowAsJavaScriptException();
    return env.Undefined();
  }

  // Leaves `deferred` null when the environment is ending.
  static Napi::Value promise(napi_env env, napi_deferred& deferred) {
    napi_value made = nullptr;
    return napi_create_promise(env, &deferred, &made) == napi_ok ? Napi::Value(env, made) : Napi::Value();
  }
  static void resolve(napi_env env, napi_deferred& deferred, napi_value value) {
    napi_resolve_deferred(env, std::exchange(deferred, nullptr), value);
  }

  // While an answer is awaited, neither the event loop nor the garbage collector may end this.
  void keep_alive() {
    Ref();
    bell_->hold(true);
  }

  // Ends the thread's part and the event loop's: at close, at the end of the environment, or by garbage collection.
  // Never waits for a thread that is still in the kernel.
  void release() {
    if (!bell_) return;
    worker_.reset();
    bell_->silence();
    bell_.reset();
  }

  const Napi::AsyncContext continuations_;
  std::shared_ptr<Bell> bell_;
  std::optional<Worker> worker_;
  // So many replies in a row are given at once: 3 ms at most.
  static constexpr int kAtOnce = 16;
  int at_once_ = 0;
  napi_deferred pending_ = nullptr;
  napi_deferred closing_ = nullptr;
};

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports.Set("layoutHash", layout_hash());
  exports.Set("Handle", Handle::define(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(ipvs, initialize)
