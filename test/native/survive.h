// What must hold after any reply of the kernel.
#pragma once

#include <vector>

#include "../../native/exchange.h"
#include "input.h"

namespace hostile {

// Answers a session's requests with the input, and gives back what it made of that. Aborts, with the reason on standard
// error, when an answer, or what the session does next, is not as it must be after any input.
std::vector<ipvs::Answer> survive(const Input& input);

}  // namespace hostile
