// The class EchoSocket: echo.h for JavaScript.

#include <sys/socket.h>

#include <memory>
#include <vector>

#include "classes.h"
#include "echo.h"
#include "values.h"
#include "watch.h"

namespace ipvs {

namespace {

class Echo : public Watched<Echo> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "EchoSocket",
                       {InstanceAccessor<&Echo::error>("error"), InstanceAccessor<&Echo::raw>("raw"),
                        InstanceMethod<&Echo::send>("send"), InstanceMethod<&Echo::hold>("hold"),
                        InstanceMethod<&Echo::close>("close")});
  }

  // new EchoSocket(version: 4 | 6)
  explicit Echo(const Napi::CallbackInfo& info) : Watched(info) {
    const Napi::Env env = info.Env();
    if (IsEmpty()) return;  // the environment is ending
    const int version = info.Length() > 0 && info[0].IsNumber() ? info[0].As<Napi::Number>().Int32Value() : 0;
    if (version != 4 && version != 6) {
      refuse(env, "EchoSocket: the version of IP must be 4 or 6");
      return;
    }
    socket_ = EchoSocket::open(version == 4 ? AF_INET : AF_INET6, error_);
    if (socket_ && !watch(socket_->fd())) socket_.reset();
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
    Address address;
    Token token;
    if (info.Length() < 3 || !read(info[0], address) || !info[1].IsNumber() || !read(info[2], token))
      return refuse(env, "send: expected 16 bytes, a number and 16 bytes");
    if (!socket_) return refuse(env, "send: the socket is closed");
    const auto sequence = static_cast<uint16_t>(info[1].As<Napi::Number>().Uint32Value());
    return Napi::Number::New(env, socket_->send(address, sequence, token));
  }

  // hold(keepAlive: boolean): while an answer is awaited.
  Napi::Value hold(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (info.Length() < 1 || !info[0].IsBoolean()) return refuse(env, "hold: expected a boolean");
    keep(info[0].As<Napi::Boolean>().Value());
    return env.Undefined();
  }

  // close(): at once.
  Napi::Value close(const Napi::CallbackInfo& info) {
    release();
    keep(false);
    return info.Env().Undefined();
  }

  // Calls this.heard(error, sequence, address, token).
  void hear() override {
    const std::vector<Heard> all = socket_->receive();
    auto about = all.begin();
    call<4>("heard", [&](napi_value* arguments) {
      if (about == all.end()) return false;
      const Heard& one = *about++;
      return napi_create_int32(Env(), one.error, &arguments[0]) == napi_ok &&
             napi_create_uint32(Env(), one.sequence, &arguments[1]) == napi_ok &&
             copy(Env(), one.address.data(), one.address.size(), arguments[2]) &&
             copy(Env(), one.token.data(), one.has_token ? one.token.size() : 0, arguments[3]);
    });
  }

  void release() override {
    unwatch();
    socket_.reset();
  }

  int error_ = 0;
  std::unique_ptr<EchoSocket> socket_;
};

}  // namespace

Napi::Function echo_class(Napi::Env env) { return Echo::define(env); }

}  // namespace ipvs
