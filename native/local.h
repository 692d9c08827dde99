// What the handle's thread tells of the network namespace that it is in, without netlink.
#pragma once

#include "answer.h"

namespace ipvs {

bool is_local(const Request& request);

// On the thread that is in the namespace.
Answer answer_locally(const Request& request);

}  // namespace ipvs
