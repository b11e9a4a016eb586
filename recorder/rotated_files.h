// The files of a rotated recording on disk: names, sealing, dropping the oldest.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "format/byte_io.h"
#include "format/error.h"
#include "format/series_name.h"
#include "format/unique_fd.h"
#include "recorder/rotation.h"

namespace rfan::recorder {

// A file is NAME.part while it is written; seal() gives it its name, so that whatever has its name is whole.
// Numbers go on behind those that are there: nothing is ever overwritten, and older recordings of the same
// name count for what is kept. Main thread until the recording begins, then writer thread.
class RotatedFiles {
 public:
  // Begins the first file. Fails when another recorder is writing a file of this name.
  static Result<std::unique_ptr<RotatedFiles>> create(std::string output, const Rotation& rotation);
  // A file to which nothing was written goes away.
  ~RotatedFiles();
  RotatedFiles(const RotatedFiles&) = delete;
  RotatedFiles& operator=(const RotatedFiles&) = delete;

  // Where the trace of the file that begin() made goes; once per file. It may be closed at any time. When the
  // disk is full and Rotation::drop_when_full is set, it drops the oldest file and goes on. Must not outlive
  // this object.
  std::unique_ptr<format::ByteSink> take_sink();

  // The file being written is whole: gives it its name.
  Status seal();
  // Drops what is not to be kept, and begins the next file.
  Status begin();

  const std::string& path() const { return path_; }  // of the file being written, or of the last one
  std::uint64_t dropped() const { return dropped_; }

 private:
  class Sink;

  RotatedFiles(std::string output, const Rotation& rotation)
      : output_(std::move(output)), rotation_(rotation) {}
  bool is_open() const { return path_ != name_; }
  std::vector<format::SeriesFile> older_files() const;
  void drop_expired();
  bool drop_oldest();  // false: there is none that can go

  std::string output_;
  Rotation rotation_;
  UniqueFd fd_;
  std::string name_;  // that seal() gives
  std::string path_;
  std::uint64_t next_number_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace rfan::recorder
