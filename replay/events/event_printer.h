// What `cat` prints events with; one implementation per output format.
#pragma once

#include "format/model/event_block.h"
#include "replay/query/scan.h"

namespace rfan::replay {

// One thread; for the events of one file.
class EventPrinter {
 public:
  virtual ~EventPrinter() = default;
  virtual void print(const Batch& batch) = 0;
};

}  // namespace rfan::replay
