// The class Connects: connect.h for JavaScript.

#include <sys/socket.h>

#include <memory>
#include <vector>

#include "classes.h"
#include "connect.h"
#include "values.h"
#include "watch.h"

namespace ipvs {

namespace {

static_assert(sizeof(Ended) == 24, "lib/system.ts reads records of 24 bytes");

class Connector : public Watched<Connector> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Connects",
                       {InstanceAccessor<&Connector::error>("error"), InstanceMethod<&Connector::start>("start"),
                        InstanceMethod<&Connector::cancel>("cancel"), InstanceMethod<&Connector::close>("close")});
  }

  // new Connects()
  explicit Connector(const Napi::CallbackInfo& info) : Watched(info) {
    if (IsEmpty()) return;  // the environment is ending
    connects_ = Connects::open(error_);
    if (connects_ && !watch(connects_->fd())) connects_.reset();
  }

  // Garbage collection of what nobody closed, or the end of the environment after release().
  ~Connector() override { release(); }

 private:
  // error: number; the errno when there is no descriptor.
  Napi::Value error(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), error_); }

  // start(id: number, version: 4 | 6, address: Uint8Array, port: number): number; 0 or the errno.
  Napi::Value start(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Address address;
    if (info.Length() < 4 || !info[0].IsNumber() || !info[1].IsNumber() || !read(info[2], address) ||
        !info[3].IsNumber())
      return refuse(env, "start: expected two numbers, 16 bytes and a number");
    if (!connects_) return refuse(env, "start: it is closed");
    const int family = info[1].As<Napi::Number>().Int32Value() == 4 ? AF_INET : AF_INET6;
    const auto port = static_cast<uint16_t>(info[3].As<Napi::Number>().Uint32Value());
    const int error = connects_->start(info[0].As<Napi::Number>().Uint32Value(), family, address, port);
    keep(!connects_->empty());
    return Napi::Number::New(env, error);
  }

  // cancel(id: number): Uint8Array; the address from which the kernel sent.
  Napi::Value cancel(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (info.Length() < 1 || !info[0].IsNumber()) return refuse(env, "cancel: expected a number");
    if (!connects_) return refuse(env, "cancel: it is closed");
    const Address from = connects_->cancel(info[0].As<Napi::Number>().Uint32Value());
    keep(!connects_->empty());
    napi_value bytes = nullptr;
    return copy(env, from.data(), from.size(), bytes) ? Napi::Value(env, bytes) : env.Undefined();
  }

  // close(): at once, with all attempts.
  Napi::Value close(const Napi::CallbackInfo& info) {
    release();
    keep(false);
    return info.Env().Undefined();
  }

  // Calls this.ended(records), once for all that have.
  void hear() override {
    std::vector<Ended> all = connects_->take();
    call<1>("ended", [&](napi_value* arguments) {
      if (all.empty()) return false;
      const bool copied = copy(Env(), all.data(), all.size() * sizeof(Ended), arguments[0]);
      all.clear();
      return copied;
    });
    if (connects_) keep(!connects_->empty());
  }

  void release() override {
    unwatch();
    connects_.reset();
  }

  int error_ = 0;
  std::unique_ptr<Connects> connects_;
};

}  // namespace

Napi::Function connects_class(Napi::Env env) { return Connector::define(env); }

}  // namespace ipvs
