// One input of the fuzzer: what is asked, and the datagrams that it is answered with. In bytes: Asked; then for each
// datagram its flags (1: from a stranger, 2: truncated, 4: no datagram but an errno), two bytes (little end first) of
// length, or of errno, and its bytes. Their messages count from the conversation's own numbers (beneath.h), so that
// what is changed at random still gets past the checks of sequence and port.
#pragma once

#include <cstddef>

#include "beneath.h"

namespace hostile {

// Byte 0 of an input.
enum class Asked : uint8_t { kServices, kService, kDestinations, kInfo, kCommands, kLookup, kDaemons, kTimeouts };
constexpr uint8_t kAskedCount = 8;

struct Input {
  Asked asked;
  Datagrams datagrams;
};

Input parse(const uint8_t* data, size_t size);
Bytes serialize(const Input& input);

}  // namespace hostile
