// Objects of JavaScript that hear when a descriptor is readable: where Node-API meets the event loop.
#pragma once

#include <napi.h>
#include <uv.h>

#include <memory>
#include <utility>

namespace ipvs {

// Hears when a descriptor is readable. Outlives its owner until the event loop lets go of it, for which the environment
// waits.
class Watch {
 public:
  class Owner {
   public:
    virtual void on_readable() = 0;
    // The environment ends: stop the watch.
    virtual void on_end() = 0;

   protected:
    ~Owner() = default;
  };

  // Null when the environment has no event loop, or ends. Does not keep the event loop alive.
  static std::shared_ptr<Watch> start(napi_env env, int fd, Owner* owner) {
    uv_loop_t* loop = nullptr;
    if (napi_get_uv_event_loop(env, &loop) != napi_ok) return nullptr;
    auto watch = std::shared_ptr<Watch>(new Watch(owner));
    watch->poll_.data = watch.get();
    if (uv_poll_init(loop, &watch->poll_, fd) != 0) return nullptr;
    watch->self_ = watch;
    watch->hold(false);
    const auto on_end = [](napi_async_cleanup_hook_handle, void* self) {
      Owner* ended = static_cast<Watch*>(self)->owner_;
      if (ended != nullptr) ended->on_end();
    };
    if (napi_add_async_cleanup_hook(env, on_end, watch.get(), &watch->hook_) != napi_ok || !watch->go_on()) {
      watch->stop();
      return nullptr;
    }
    return watch;
  }

  // Whether it keeps the event loop alive.
  void hold(bool keep_alive) {
    auto* handle = reinterpret_cast<uv_handle_t*>(&poll_);
    keep_alive ? uv_ref(handle) : uv_unref(handle);
  }
  // The owner hears nothing after this, and may close the descriptor.
  void stop() {
    owner_ = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(&poll_), [](uv_handle_t* handle) {
      const auto self = std::move(static_cast<Watch*>(handle->data)->self_);
      if (self->hook_ != nullptr) napi_remove_async_cleanup_hook(self->hook_);
    });
  }

 private:
  explicit Watch(Owner* owner) : owner_(owner) {}

  bool go_on() {
    const auto on_events = [](uv_poll_t* poll, int, int) {
      const auto self = static_cast<Watch*>(poll->data)->self_;
      if (self->owner_ != nullptr) self->owner_->on_readable();
      // libuv stops at POLLERR, which here is an error queue that has been read.
      if (self->owner_ != nullptr) self->go_on();
    };
    return uv_poll_start(&poll_, UV_READABLE, on_events) == 0;
  }

  uv_poll_t poll_{};
  Owner* owner_;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  std::shared_ptr<Watch> self_;  // as long as the event loop holds poll_
};

// As in addon.cc, worker.terminate() may set in between any two lines: hence the plain calls with their status.
template <class Self>
class Watched : public Napi::ObjectWrap<Self>, private Watch::Owner {
 protected:
  explicit Watched(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Self>(info), continuations_(info.Env(), "ipvs") {}
  ~Watched() override = default;

  // What is readable now. Whoever is called hears of it by call().
  virtual void hear() = 0;
  // Closes the descriptor, after unwatch(). For the end of the environment, too.
  virtual void release() = 0;

  // False, with an exception, when there is no event loop.
  bool watch(int fd) {
    watch_ = Watch::start(this->Env(), fd, this);
    if (!watch_) Napi::Error::New(this->Env(), "there is no event loop").ThrowAsJavaScriptException();
    return watch_ != nullptr;
  }
  // The event loop must not watch a descriptor that is closed.
  void unwatch() {
    if (watch_) watch_->stop();
    watch_.reset();
  }

  // While something is awaited, neither the event loop nor the garbage collector may end this.
  void keep(bool wanted) {
    if (wanted == kept_ || (wanted && !watch_)) return;
    kept_ = wanted;
    if (watch_) watch_->hold(wanted);
    wanted ? this->Ref() : this->Unref();
  }

  // Calls this[name](arguments) for each: a property, so that the garbage collector sees it. `next` gives the arguments
  // until there are no more, or the environment is ending.
  template <size_t count, class Next>
  void call(const char* name, Next next) {
    const napi_value self = this->Value();
    napi_value heard = nullptr;
    if (napi_get_named_property(this->Env(), self, name, &heard) != napi_ok) return;
    for (;;) {
      const Napi::HandleScope each(this->Env());
      napi_value arguments[count] = {};
      if (!next(arguments)) return;
      if (napi_call_function(this->Env(), self, heard, count, arguments, nullptr) != napi_ok) return;
    }
  }

 private:
  void on_readable() override {
    const Napi::HandleScope handles(this->Env());
    // Runs the continuations of what is resolved here before the event loop goes on.
    const Napi::CallbackScope scope(this->Env(), continuations_);
    hear();
  }
  void on_end() override { release(); }

  const Napi::AsyncContext continuations_;
  std::shared_ptr<Watch> watch_;
  bool kept_ = false;
};

}  // namespace ipvs
