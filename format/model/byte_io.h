// The seams to the operating system: where trace bytes go to and come from. tests/support has in-memory ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "format/base/error.h"
#include "format/base/unique_fd.h"

namespace rfan::format {

// Append-only output. One thread (the writer thread) owns it.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  // Writes all of `bytes` or fails; a short write is continued. After a failure `offset()` tells how much got
  // out.
  virtual Status append(std::span<const std::byte> bytes) = 0;
  virtual std::uint64_t offset() const = 0;  // bytes appended so far
  // What was appended survives a loss of power when this returns. Memory and pipes know no such thing.
  virtual Status sync() { return {}; }
  virtual Status close() = 0;  // reports what close(2) reports; the destructor only abandons
};

// `fd` is a file, pipe or socket.
std::unique_ptr<ByteSink> make_fd_sink(UniqueFd fd, std::string path_for_errors);

// Input. Offsets are from the start of the trace. A seekable source may be read by many threads at a time.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Reads up to `out.size()` bytes at `offset`; fewer only at the end of the input. A source that is not
  // seekable (pipe) accepts only offsets at or after the end of the last read, and skips what lies between.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) = 0;
  // Bytes in all; empty for a source that is not seekable.
  virtual std::optional<std::uint64_t> size() const = 0;
  virtual const std::string& name() const = 0;  // for messages
};

// "-" is standard input. Seekable when it is a regular file.
Result<std::unique_ptr<ByteSource>> open_source(const std::string& path);

}  // namespace rfan::format
