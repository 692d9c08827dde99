#include "input.h"

#include <algorithm>
#include <utility>

#include "messages.h"

namespace hostile {
namespace {

// The flags of a datagram; those beyond are ignored.
enum : uint8_t { kStranger = 1, kTruncated = 2, kFails = 4 };

constexpr uint32_t kSomeStranger = 4711;

}  // namespace

Input parse(const uint8_t* data, size_t size) {
  Input input{};
  if (size == 0) return input;
  input.asked = static_cast<Asked>(data[0] % kAskedCount);
  for (size_t at = 1; at + 3 <= size;) {
    const uint8_t flags = data[at];
    const size_t number = data[at + 1] + 256U * data[at + 2];
    at += 3;
    Datagram datagram;
    if ((flags & kFails) != 0) {
      datagram.error = std::max(1, static_cast<int>(number % 4096));
    } else {
      const size_t length = std::min(number, size - at);
      datagram.bytes.assign(data + at, data + at + length);
      at += length;
    }
    datagram.sender = (flags & kStranger) != 0 ? kSomeStranger : 0;
    datagram.truncated = (flags & kTruncated) != 0;
    input.datagrams.push_back(std::move(datagram));
  }
  return input;
}

Bytes serialize(const Input& input) {
  Bytes all{static_cast<uint8_t>(input.asked)};
  for (const Datagram& datagram : input.datagrams) {
    const size_t number = datagram.error != 0 ? static_cast<size_t>(datagram.error) : datagram.bytes.size();
    const int flags = (datagram.sender != 0 ? kStranger : 0) | (datagram.truncated ? kTruncated : 0) |
                      (datagram.error != 0 ? kFails : 0);
    all = join({all,
                {static_cast<uint8_t>(flags), static_cast<uint8_t>(number), static_cast<uint8_t>(number >> 8)},
                datagram.bytes});
  }
  return all;
}

}  // namespace hostile
