// The classes of the second addon.
#pragma once

#include <napi.h>

namespace ipvs {

Napi::Function echo_class(Napi::Env env);
Napi::Function connects_class(Napi::Env env);

}  // namespace ipvs
