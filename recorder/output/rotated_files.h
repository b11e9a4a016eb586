// The files of a rotated recording on disk: names, sealing, dropping the oldest.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "format/base/error.h"
#include "format/base/unique_fd.h"
#include "format/model/byte_io.h"
#include "format/model/series_name.h"
#include "recorder/output/rotation.h"

namespace rfan::recorder {

// A file is NAME.part while it is written; seal() gives it its name, so that whatever has its name is whole.
// Numbers go on behind those that are there: nothing is ever overwritten, and older recordings of the same
// name count for what is kept. In a directory that others may write to, what is not a file of ours
// (format/model/own_files.h) is named once on standard error and then left alone: it neither counts nor goes,
// and its number is passed over. Main thread until the recording begins, then writer thread.
class RotatedFiles {
 public:
  // Begins the first file, in a directory that exists. Fails when another recorder is writing a file of this
  // name.
  static Result<std::unique_ptr<RotatedFiles>> create(const std::string& output, const Rotation& rotation);
  // A file to which nothing was written goes away, and that of a recording that was never settled.
  ~RotatedFiles();
  RotatedFiles(const RotatedFiles&) = delete;
  RotatedFiles& operator=(const RotatedFiles&) = delete;

  // The recording goes on from here: drops what is not to be kept, as each file that begins later will. Main
  // thread, once, while the writer thread may write the first file, but not begin the next.
  void settle();
  bool is_settled() const { return settled_.load(std::memory_order_acquire); }

  // Where the trace of the file that begin() made goes; once per file. It may be closed at any time. When the
  // disk is full and Rotation::drop_when_full is set, it drops the oldest file and goes on; it fails when
  // only the newest finished file is left, or all that can go would not be enough. Must not outlive this
  // object.
  std::unique_ptr<format::ByteSink> take_sink();

  // The file being written is whole: gives it its name, or, if somebody has taken that, the next free one.
  Status seal();
  // Begins the next file, with the next free number.
  Status begin();

  std::string path() const { return shown(file_); }  // of the file being written, or of the last one
  // The directory by a mount of our own: what is done through it can be told from what others do.
  int directory() const { return directory_.get(); }
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  class Sink;

  RotatedFiles(const std::string& output, UniqueFd directory, const Rotation& rotation);
  bool is_open() const { return file_ != name_; }
  std::string shown(const std::string& file) const { return shown_directory_ + file; }
  std::string reached(const std::string& file) const;
  Result<std::vector<format::SeriesFile>> own_files();
  std::vector<format::SeriesFile> older_files();
  void note_once(const std::string& file, const std::string& why);
  Result<std::string> next_free_name();
  Result<UniqueFd> create_part(const std::string& name);
  bool drop(const format::SeriesFile& file);
  void drop_expired();
  bool makes_room_for(const Status& failure, std::uint64_t bytes);
  bool drop_oldest_for(std::uint64_t bytes);

  UniqueFd directory_;
  std::string shown_directory_;  // with a slash; empty: the working directory
  std::string output_;           // the name that the numbers go into, as are the others without directory
  Rotation rotation_;
  UniqueFd fd_;
  std::string name_;  // that seal() gives
  std::string file_;
  std::uint64_t next_number_ = 0;
  std::set<std::string> noted_;  // names
  std::atomic<bool> settled_ = false;
  std::atomic<std::uint64_t> dropped_ = 0;
};

}  // namespace rfan::recorder
