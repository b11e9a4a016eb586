// The interface of `cat`'s printers. Each output format has an implementation.
#pragma once

#include "format/model/event_block.h"
#include "replay/query/query.h"

namespace rfan::replay {

// Prints the events of one file. One thread.
class EventPrinter {
 public:
  virtual ~EventPrinter() = default;
  virtual void print(const Batch& batch) = 0;
};

}  // namespace rfan::replay
