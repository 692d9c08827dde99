// What came back for one request.
#pragma once

#include <cstdint>
#include <vector>

#include "records.h"

namespace ipvs {

struct Answer {
  int32_t error = 0;  // errno
  Stage stage = kKernel;
  Kind kind = kNothing;
  uint32_t count = 0;
  std::vector<uint8_t> records{};

  // All records of an answer are of one kind.
  template <typename Record>
  void add(Kind of, const Record& record) {
    if (count == 0) records.reserve(kUsual * sizeof record);
    const auto* bytes = reinterpret_cast<const uint8_t*>(&record);
    records.insert(records.end(), bytes, bytes + sizeof record);
    kind = of;
    ++count;
  }

 private:
  static constexpr size_t kUsual = 16;
};

}  // namespace ipvs
