// The stories, by file.
#pragma once

#include "story.h"

namespace hostile {

void tell_attributes(Tap& tap);
void tell_batches(Tap& tap);
void tell_conversations(Tap& tap);
void tell_locals(Tap& tap);
void tell_sockets(Tap& tap);

}  // namespace hostile
