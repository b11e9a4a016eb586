// A wake-up call for a thread that polls.
#pragma once

#include <utility>

#include "format/base/error.h"
#include "format/base/unique_fd.h"

namespace rfan::recorder {

// An eventfd. Its calls never block or allocate. A failed call does no harm: once the event is readable,
// further wake-ups change nothing.
class WakeEvent {
 public:
  static Result<WakeEvent> create();
  WakeEvent() = default;  // wakes nobody

  int fd() const { return event_.get(); }  // readable from wake() until clear()
  void wake() const;                       // any thread
  void clear() const;

 private:
  explicit WakeEvent(UniqueFd event) : event_(std::move(event)) {}

  UniqueFd event_;
};

}  // namespace rfan::recorder
