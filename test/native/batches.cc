// Bytes that are no batch.
#include <linux/ip_vs.h>

#include <string>
#include <vector>

#include "../../native/batch.h"
#include "messages.h"
#include "stories.h"

namespace hostile {
namespace {

using ipvs::RequestHead;

Bytes head(int parts) { return bytes_of(RequestHead{IPVS_CMD_NEW_DEST, 0, static_cast<uint16_t>(parts)}); }

ipvs::Service service() {
  ipvs::Service made{};
  made.family = 2;
  made.port = 80;
  return made;
}

size_t requests_in(const Bytes& bytes) {
  // Of just this size, so that the sanitizer sees a look past the end.
  const std::vector<uint8_t> exact(bytes.begin(), bytes.end());
  return ipvs::read_batch(exact.data(), exact.size()).size();
}

}  // namespace

void tell_batches(Tap& tap) {
  const int all = ipvs::kServicePart | ipvs::kDestinationPart | ipvs::kDaemonPart | ipvs::kTimeoutsPart;
  const Bytes records =
      join({bytes_of(service()), bytes_of(ipvs::Destination{}), bytes_of(ipvs::Daemon{}), bytes_of(ipvs::Timeouts{})});
  const Bytes longest = join({head(all), records});
  const Bytes same = join({head(ipvs::kSameService | ipvs::kDestinationPart), bytes_of(ipvs::Destination{})});
  const Bytes both = join({longest, same});
  tap.result(requests_in(longest) == 1 && requests_in(both) == 2, "requests with all parts, and with a service before");
  const auto read = ipvs::read_batch(both.data(), both.size());
  tap.result(read.size() == 2 && read[1].service.port == 80 && read[1].service.family == 2,
             "the service before is the one of the request before");
  size_t taken = 0;
  for (size_t size = 0; size < both.size(); ++size) {
    if (size != longest.size() && requests_in({both.begin(), both.begin() + static_cast<std::ptrdiff_t>(size)}) > 0)
      ++taken;
  }
  tap.result(taken == 0, "a batch that ends within a request is none", std::to_string(taken) + " were taken");
  tap.result(requests_in(same) == 0, "the first request has no service before");
  tap.result(requests_in(join({longest, head(ipvs::kSameService | ipvs::kServicePart), bytes_of(service())})) == 0,
             "a service of its own and the one before");
  tap.result(requests_in(head(0x20)) == 0 && requests_in(head(0x8000)) == 0, "parts that nobody knows");
}

}  // namespace hostile
