#include "batch.h"

#include <cstring>

namespace ipvs {
namespace {

class Reader {
 public:
  Reader(const uint8_t* bytes, size_t size) : at_(bytes), rest_(size) {}

  bool done() const { return rest_ == 0; }
  // False when there is less left.
  template <typename Record>
  bool take(Record& record) {
    if (rest_ < sizeof record) return false;
    std::memcpy(&record, at_, sizeof record);
    at_ += sizeof record;
    rest_ -= sizeof record;
    return true;
  }

 private:
  const uint8_t* at_;
  size_t rest_;
};

// `before`: null for the first.
bool read(Reader& from, const Request* before, Request& request) {
  RequestHead head;
  if (!from.take(head)) return false;
  request.command = head.command;
  request.dump = head.dump != 0;
  const uint32_t parts = head.parts;
  if ((parts & ~uint32_t{kServicePart | kDestinationPart | kDaemonPart | kTimeoutsPart | kSameService}) != 0)
    return false;
  if ((parts & kSameService) != 0) {
    if (before == nullptr || (parts & kServicePart) != 0) return false;
    request.service = before->service;
  }
  return ((parts & kServicePart) == 0 || from.take(request.service)) &&
         ((parts & kDestinationPart) == 0 || from.take(request.destination)) &&
         ((parts & kDaemonPart) == 0 || from.take(request.daemon)) &&
         ((parts & kTimeoutsPart) == 0 || from.take(request.timeouts));
}

}  // namespace

std::vector<Request> read_batch(const uint8_t* bytes, size_t size) {
  std::vector<Request> requests;
  // Most name a destination of the same service as the one before.
  requests.reserve(size / (sizeof(RequestHead) + sizeof(Destination)) + 1);
  for (Reader from(bytes, size); !from.done();) {
    const Request* before = requests.empty() ? nullptr : &requests.back();
    Request request{};
    if (!read(from, before, request)) return {};
    requests.push_back(request);
  }
  return requests;
}

}  // namespace ipvs
