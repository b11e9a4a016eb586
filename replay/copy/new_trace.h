// The file of a verb that makes a trace.
#pragma once

#include <memory>
#include <string>

#include "format/base/error.h"
#include "format/model/byte_io.h"
#include "format/trace/trace_check.h"

namespace rfan::replay {

// OUT.part until it is complete and was read back, then OUT: no one ever sees half a trace under that name. A
// trace that is there is never touched. The destructor removes what was not published. One thread.
class NewTrace {
 public:
  // Fails when there is an OUT or an OUT.part.
  static Result<NewTrace> create(const std::string& path);
  NewTrace(NewTrace&& other) noexcept;
  NewTrace& operator=(NewTrace&&) = delete;
  ~NewTrace();

  // Once.
  std::unique_ptr<format::ByteSink> take_sink() { return std::move(sink_); }

  // After the writer finished: reads all of it back, fails when anything is wrong with it or when it has not
  // `events` events, waits until it would survive a loss of power, and gives it its name.
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
