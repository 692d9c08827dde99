// Exports the seam of the second addon: what the operating system has and Node has no call for.

#include <napi.h>

#include <iterator>

#include "classes.h"
#include "unix.h"
#include "values.h"

namespace {

// sendToUnix(name: Uint8Array, bytes: Uint8Array): number; 0 or the errno.
Napi::Value send_to_unix(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  for (size_t i = 0; i < 2; i++) {
    if (!info[i].IsTypedArray() || info[i].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
      return ipvs::refuse(env, "sendToUnix: expected bytes and bytes");
  }
  const auto name = info[0].As<Napi::Uint8Array>();
  const auto bytes = info[1].As<Napi::Uint8Array>();
  return Napi::Number::New(env, ipvs::send_to_unix(name.Data(), name.ByteLength(), bytes.Data(), bytes.ByteLength()));
}

// peerOf(fd: number): [error, pid, uid, gid]
Napi::Value peer_of(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsNumber()) return ipvs::refuse(env, "peerOf: expected a number");
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
  exports.Set("EchoSocket", ipvs::echo_class(env));
  exports.Set("Connects", ipvs::connects_class(env));
  exports.Set("sendToUnix", Napi::Function::New(env, send_to_unix, "sendToUnix"));
  exports.Set("peerOf", Napi::Function::New(env, peer_of, "peerOf"));
  return exports;
}

}  // namespace

NODE_API_MODULE(system, initialize)
