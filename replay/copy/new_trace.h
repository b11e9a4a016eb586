// The output file of a verb that makes a trace.
#pragma once

#include <memory>
#include <string>

#include "format/base/error.h"
#include "format/model/byte_io.h"
#include "format/trace/trace_check.h"

namespace rfan::replay {

// Writes OUT.part and renames it to OUT once it is complete and was read back, so that nobody ever sees half
// a trace under that name. Never touches an existing trace. The destructor removes an unpublished file. One
// thread.
class NewTrace {
 public:
  // Fails if OUT or OUT.part exists.
  static Result<NewTrace> create(const std::string& path);
  NewTrace(NewTrace&& other) noexcept;
  NewTrace& operator=(NewTrace&&) = delete;
  ~NewTrace();

  // Returns the sink for the new trace. Call once.
  std::unique_ptr<format::ByteSink> take_sink() { return std::move(sink_); }

  // Publishes the trace after the writer finished: syncs it to disk, reads all of it back and renames it.
  // Fails if anything is wrong with it or if it does not have `events` events.
  Result<format::TraceCheck> publish(std::uint64_t events);

 private:
  explicit NewTrace(std::string path) : path_(std::move(path)), part_(path_ + ".part") {}
  Status sync() const;

  std::string path_;
  std::string part_;
  std::unique_ptr<format::ByteSink> sink_;
  bool remove_ = false;
};

}  // namespace rfan::replay
