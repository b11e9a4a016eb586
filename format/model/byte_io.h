// Defines the seams to the operating system: a ByteSink takes the bytes of a trace, a ByteSource provides
// them. tests/support has in-memory ones.
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
  // Writes all of `bytes` or fails; continues after a short write. After a failure `offset()` tells how many
  // bytes were written.
  virtual Status append(std::span<const std::byte> bytes) = 0;
  virtual std::uint64_t offset() const = 0;  // bytes appended so far
  // Makes what was appended survive a loss of power. Does nothing for memory and pipes.
  virtual Status sync() { return {}; }
  virtual Status close() = 0;  // returns the error of close(2); the destructor reports none
};

// Returns a sink that owns `fd`, which is a file, pipe or socket.
std::unique_ptr<ByteSink> make_fd_sink(UniqueFd fd, std::string path_for_errors);

// Input. Offsets count from the start of the trace. Many threads may read a seekable source at the same time.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Reads `out.size()` bytes at `offset`, fewer only at the end of the input, and returns their number. A
  // source that is not seekable (a pipe) accepts only offsets at or after the end of the last read, and skips
  // the bytes between.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) = 0;
  // Returns the total number of bytes; empty for a source that is not seekable.
  virtual std::optional<std::uint64_t> size() const = 0;
  virtual const std::string& name() const = 0;  // for messages
};

// Opens `path`; "-" is standard input. The source is seekable if it is a regular file and nothing was read
// from it yet.
Result<std::unique_ptr<ByteSource>> open_source(const std::string& path);

}  // namespace rfan::format
