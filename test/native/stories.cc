// What a hostile, broken or overloaded kernel makes of native/session.cc and what is below it.
#include "stories.h"

int main() {
  hostile::Tap tap;
  hostile::tell_conversations(tap);
  hostile::tell_sockets(tap);
  hostile::tell_locals(tap);
  hostile::tell_attributes(tap);
  hostile::tell_batches(tap);
  return tap.end();
}
