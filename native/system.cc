// Exports the seam of the second addon: the class EchoSocket, sendToUnix() and peerOf(). Where Node-API meets what the
// operating system has and Node has no call for.

#include <napi.h>
#include <sys/socket.h>
#include <uv.h>

#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "echo.h"
#include "unix.h"

namespace {

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

// Copies the bytes of a Uint8Array of exactly this size.
template <size_t size>
bool read(const Napi::Value& value, std::array<uint8_t, size>& bytes) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) return false;
  const auto array = value.As<Napi::Uint8Array>();
  if (array.ByteLength() != size) return false;
  std::memcpy(bytes.data(), array.Data(), size);
  return true;
}

Napi::Value refuse(Napi::Env env, const char* why) {
  Napi::TypeError::New(env, why).ThrowAsJavaScriptException();
  return env.Undefined();
}

// As in addon.cc, worker.terminate() may set in between any two lines: hence the plain calls with their status.
class Echo : public Napi::ObjectWrap<Echo>, private Watch::Owner {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "EchoSocket",
                       {InstanceAccessor<&Echo::error>("error"), InstanceAccessor<&Echo::raw>("raw"),
                        InstanceMethod<&Echo::send>("send"), InstanceMethod<&Echo::hold>("hold"),
                        InstanceMethod<&Echo::close>("close")});
  }

  // new EchoSocket(version: 4 | 6)
  explicit Echo(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Echo>(info), continuations_(info.Env(), "ipvs") {
    const Napi::Env env = info.Env();
    if (IsEmpty()) return;  // the environment is ending
    const int version = info.Length() > 0 && info[0].IsNumber() ? info[0].As<Napi::Number>().Int32Value() : 0;
    if (version != 4 && version != 6) {
      refuse(env, "EchoSocket: the version of IP must be 4 or 6");
      return;
    }
    socket_ = ipvs::EchoSocket::open(version == 4 ? AF_INET : AF_INET6, error_);
    if (!socket_) return;
    watch_ = Watch::start(env, socket_->fd(), this);
    if (watch_) return;
    socket_.reset();
    Napi::Error::New(env, "EchoSocket: there is no event loop").ThrowAsJavaScriptException();
  }

  // Garbage collection of a socket that nobody closed, or the end of the environment after release().
  ~Echo() override { release(); }

 private:
  // error: number; the errno when there is no socket.
  Napi::Value error(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), error_); }
  Napi::Value raw(const Napi::CallbackInfo& info) {
    return Napi::Boolean::New(info.Env(), socket_ != nullptr && socket_->raw());
  }

  // send(address: Uint8Array, sequence: number, token: Uint8Array): number; 0 or the errno.
  Napi::Value send(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    ipvs::EchoAddress address;
    ipvs::Token token;
    if (info.Length() < 3 || !read(info[0], address) || !info[1].IsNumber() || !read(info[2], token))
      return refuse(env, "send: expected 16 bytes, a number and 16 bytes");
    if (!socket_) return refuse(env, "send: the socket is closed");
    const auto sequence = static_cast<uint16_t>(info[1].As<Napi::Number>().Uint32Value());
    return Napi::Number::New(env, socket_->send(address, sequence, token));
  }

  // hold(keepAlive: boolean): while an answer is awaited, neither the event loop nor the garbage collector may end
  // this.
  Napi::Value hold(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (info.Length() < 1 || !info[0].IsBoolean()) return refuse(env, "hold: expected a boolean");
    const bool wanted = info[0].As<Napi::Boolean>().Value();
    if (!watch_ || wanted == held_) return env.Undefined();
    held_ = wanted;
    watch_->hold(wanted);
    wanted ? Ref() : Unref();
    return env.Undefined();
  }

  // close(): at once.
  Napi::Value close(const Napi::CallbackInfo& info) {
    release();
    if (std::exchange(held_, false)) Unref();
    return info.Env().Undefined();
  }

  // Calls this.heard(error, sequence, address, token?): a property, so that the garbage collector sees it.
  void on_readable() override {
    const Napi::Env env = Env();
    const Napi::HandleScope handles(env);
    // Runs the continuations of what is resolved here before the event loop goes on.
    const Napi::CallbackScope scope(env, continuations_);
    const napi_value self = Value();
    napi_value heard = nullptr;
    const std::vector<ipvs::Heard> all = socket_->receive();
    if (all.empty() || napi_get_named_property(env, self, "heard", &heard) != napi_ok) return;
    for (const ipvs::Heard& about : all) {
      const Napi::HandleScope each(env);
      napi_value arguments[4] = {};
      if (napi_create_int32(env, about.error, &arguments[0]) != napi_ok ||
          napi_create_uint32(env, about.sequence, &arguments[1]) != napi_ok ||
          !copy(env, about.address.data(), about.address.size(), arguments[2]) ||
          !copy(env, about.token.data(), about.has_token ? about.token.size() : 0, arguments[3]) ||
          napi_call_function(env, self, heard, 4, arguments, nullptr) != napi_ok)
        return;
    }
  }

  // As a Uint8Array. False when the environment is ending.
  static bool copy(napi_env env, const void* bytes, size_t size, napi_value& value) {
    void* data = nullptr;
    napi_value buffer = nullptr;
    if (napi_create_arraybuffer(env, size, &data, &buffer) != napi_ok) return false;
    if (size > 0) std::memcpy(data, bytes, size);
    return napi_create_typedarray(env, napi_uint8_array, size, buffer, 0, &value) == napi_ok;
  }

  void on_end() override { release(); }

  // Ends the event loop's part first: it must not watch a descriptor that is closed.
  void release() {
    if (watch_) watch_->stop();
    watch_.reset();
    socket_.reset();
  }

  const Napi::AsyncContext continuations_;
  int error_ = 0;
  std::unique_ptr<ipvs::EchoSocket> socket_;
  std::shared_ptr<Watch> watch_;
  bool held_ = false;
};

// sendToUnix(name: Uint8Array, bytes: Uint8Array): number; 0 or the errno.
Napi::Value send_to_unix(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  for (size_t i = 0; i < 2; i++) {
    if (!info[i].IsTypedArray() || info[i].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
      return refuse(env, "sendToUnix: expected bytes and bytes");
  }
  const auto name = info[0].As<Napi::Uint8Array>();
  const auto bytes = info[1].As<Napi::Uint8Array>();
  return Napi::Number::New(env, ipvs::send_to_unix(name.Data(), name.ByteLength(), bytes.Data(), bytes.ByteLength()));
}

// peerOf(fd: number): [error, pid, uid, gid]
Napi::Value peer_of(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsNumber()) return refuse(env, "peerOf: expected a number");
  ipvs::Peer peer{};
  const int error = ipvs::peer_of(info[0].As<Napi::Number>().Int32Value(), peer);
  const double numbers[] = {static_cast<double>(error), static_cast<double>(peer.pid), static_cast<double>(peer.uid),
                            static_cast<double>(peer.gid)};
  const auto result = Napi::Array::New(env, std::size(numbers));
  for (uint32_t i = 0; i < std::size(numbers); i++) {
    if (result.Set(i, Napi::Number::New(env, numbers[i])).IsNothing()) break;
  }
  return result;
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports.Set("EchoSocket", Echo::define(env));
  exports.Set("sendToUnix", Napi::Function::New(env, send_to_unix, "sendToUnix"));
  exports.Set("peerOf", Napi::Function::New(env, peer_of, "peerOf"));
  return exports;
}

}  // namespace

NODE_API_MODULE(system, initialize)
