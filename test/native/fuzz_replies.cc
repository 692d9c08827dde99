// libFuzzer's entry: any bytes from the kernel, see input.h.
#include "survive.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hostile::survive(hostile::parse(data, size));
  return 0;
}
