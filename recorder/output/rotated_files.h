// The files of a rotated recording on disk: names, sealing, and the removal of the oldest.
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

// Names and removes the files of a series. A file is NAME.part while it is written; seal() gives it its name,
// so every file with a final name is whole. Numbers continue after the existing ones: nothing is ever
// overwritten, and older recordings of the same name count for the limits. In a shared directory, files that
// are not ours (format/model/own_files.h) are reported once on standard error and then left alone: they are
// neither counted nor removed, and their numbers are skipped. Used by the main thread until the recording
// begins, then by the writer thread. Naming and removing are one class because both go by the same look at
// the directory: a number is free, and a file too old, only with regard to all others.
class RotatedFiles {
 public:
  // Begins the first file in an existing directory. Fails if another recorder is writing a file of this name.
  static Result<std::unique_ptr<RotatedFiles>> create(const std::string& output, const Rotation& rotation);
  // Removes a file without contents, and the file of a recording that was never settled.
  ~RotatedFiles();
  RotatedFiles(const RotatedFiles&) = delete;
  RotatedFiles& operator=(const RotatedFiles&) = delete;

  // Makes the recording permanent: removes files beyond the limits now, and again whenever a file begins. The
  // main thread calls it once. Meanwhile the writer thread may write the first file, but not begin the next.
  void settle();
  bool is_settled() const { return settled_.load(std::memory_order_acquire); }

  // Returns the sink for the file that begin() made; call it once per file. The sink may be closed at any
  // time and must not outlive this object. If the disk is full and Rotation::drop_when_full is set, it
  // removes the oldest files and goes on. It fails if only the newest finished file is left, or if removing
  // all others would not free enough.
  std::unique_ptr<format::ByteSink> take_sink();

  // Gives the finished file its name, or the next free name if that one is taken.
  Status seal();
  // Begins the next file with the next free number.
  Status begin();

  std::string path() const { return shown(file_); }  // of the current file, or of the last one
  // The directory, reached through a mount of our own, which sets our accesses apart from those of others.
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
  std::string output_;           // the name that takes the numbers; no directory, as in the names below
  Rotation rotation_;
  UniqueFd fd_;
  std::string name_;  // the name that seal() will give
  std::string file_;
  std::uint64_t next_number_ = 0;
  std::set<std::string> noted_;  // names
  std::atomic<bool> settled_ = false;
  std::atomic<std::uint64_t> dropped_ = 0;
};

}  // namespace rfan::recorder
