// The seam between the reader thread and a fanotify group.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "format/base/error.h"

namespace rfan::recorder {

class ReplyBatch;

// Where events come from and responses go to. The reader thread calls read() and answer().
class EventSource {
 public:
  // Fills the buffer with events. Returns bytes, 0 when nothing is queued, or an errno as a negative number.
  using Read = std::function<long(std::span<std::byte>)>;

  virtual ~EventSource() = default;
  virtual long read(std::span<std::byte> buffer) = 0;
  // Answers all of `batch` with as few system calls as possible and empties it. Passes over an opener that
  // was killed meanwhile.
  virtual void answer(ReplyBatch& batch) = 0;
  // Returns a read() for several threads, which may outlive this object: it keeps the group until the last
  // copy is gone.
  virtual Result<Read> shared_read() const = 0;
  virtual int fd() const = 0;  // readable when events are queued
};

}  // namespace rfan::recorder
