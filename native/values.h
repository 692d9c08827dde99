// Values of JavaScript for the second addon.
#pragma once

#include <napi.h>

#include <array>
#include <cstring>

namespace ipvs {

// Copies the bytes of a Uint8Array of exactly this size.
template <size_t size>
bool read(const Napi::Value& value, std::array<uint8_t, size>& bytes) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) return false;
  const auto array = value.As<Napi::Uint8Array>();
  if (array.ByteLength() != size) return false;
  std::memcpy(bytes.data(), array.Data(), size);
  return true;
}

inline Napi::Value refuse(Napi::Env env, const char* why) {
  Napi::TypeError::New(env, why).ThrowAsJavaScriptException();
  return env.Undefined();
}

// As a Uint8Array. False when the environment is ending.
inline bool copy(napi_env env, const void* bytes, size_t size, napi_value& value) {
  void* data = nullptr;
  napi_value buffer = nullptr;
  if (napi_create_arraybuffer(env, size, &data, &buffer) != napi_ok) return false;
  if (size > 0) std::memcpy(data, bytes, size);
  return napi_create_typedarray(env, napi_uint8_array, size, buffer, 0, &value) == napi_ok;
}

}  // namespace ipvs
