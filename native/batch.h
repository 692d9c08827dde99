// The bytes of a batch -> its requests, every length checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "records.h"

namespace ipvs {

// Empty when the bytes are not one or more whole requests.
std::vector<Request> read_batch(const uint8_t* bytes, size_t size);

}  // namespace ipvs
