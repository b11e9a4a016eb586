// What `cat` prints events with; one implementation per output format.
#pragma once

#include <cstdint>
#include <span>

#include "format/trace_reader.h"

namespace rfan::replay {

// One thread. Write errors stay in the Output.
class EventPrinter {
 public:
  virtual ~EventPrinter() = default;
  // Prints the events at `rows`. All columns are decoded; every id is in the dictionary.
  virtual void print(const format::EventColumns& events, std::span<const std::uint32_t> rows) = 0;
};

}  // namespace rfan::replay
