// The traces of one command line, read as one: files, directories, rotated sets and standard input.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "format/model/byte_io.h"
#include "format/trace/trace_file.h"
#include "replay/trace/notes.h"
#include "replay/trace/timeline.h"

namespace rfan::replay {

// One file of a set. What is small is kept; the file itself, with its dictionary, only while it is scanned.
struct TraceMember {
  std::string name;         // as given, or as found in the directory; "standard input"
  std::string path;         // what open_source() takes: the same, or "-"
  bool stream = false;      // a pipe: read once, front to back; what follows is then empty
  std::size_t session = 0;  // files of one recording that follow each other have the same number
  format::FileHeader header{};
  std::uint32_t time_unit_ns = 0;  // 0: not known
  std::vector<format::ClockSample> clocks{};
  std::vector<format::Loss> losses{};
  std::uint64_t events = 0;
  std::uint64_t first_ns = 0;  // of its events, CLOCK_MONOTONIC
  std::uint64_t last_ns = 0;
  std::string boot_id{};  // empty: not known
  bool complete = false;
};

// In the order of the command line; the files of one recording (session) by their sequence numbers. One
// thread.
//
// What a name may be:
//   a file             itself; `name.fbz.part` is one that is being written
//   a directory        all *.fbz and *.fbz.part in it
//   name.fbz           where there is no such file: name.000000.fbz, name.000001.fbz ..., with a .part
//   - or a pipe        a stream
class TraceSet {
 public:
  // Opens every file once. A file that cannot be read is an error when it was named, and a note when it was
  // found. Notes say which sequence numbers are missing. `on_damage` gets the damage that is found here and
  // by file(), in place of notes.
  using DamageSink = std::function<void(const std::string& name, const format::Damage&)>;
  static Result<TraceSet> open(const std::vector<std::string>& names, const NoteSink& note,
                               DamageSink on_damage = {});

  const std::vector<TraceMember>& members() const { return members_; }
  bool has_streams() const;
  // A file of a recording is not there, or was found and cannot be read.
  bool incomplete() const { return incomplete_; }

  // The file of a member that is no stream. The first call gives the one that open() opened, later ones open
  // it again; dropping it frees its dictionary.
  Result<std::unique_ptr<format::TraceFile>> file(std::size_t index, const NoteSink& note) const;

  // The clock of a member: the start is that of its recording. Refers to the member's clock samples.
  Timeline timeline(std::size_t index) const;

 private:
  Status add_name(const std::string& name, const NoteSink& note);
  Status add_file(const std::string& path, bool named, const NoteSink& note);
  Result<std::unique_ptr<format::TraceFile>> open_file(const std::string& path, const NoteSink& note) const;
  format::DamageCallback damage_callback(const std::string& name, const NoteSink& note) const;
  RecordingStart start_of(const TraceMember& member) const;
  void order_sessions();
  void check_sequences(const NoteSink& note);

  DamageSink on_damage_;
  std::vector<TraceMember> members_;
  mutable std::vector<std::unique_ptr<format::TraceFile>> opened_;  // by member; null once it was taken
  bool incomplete_ = false;
};

}  // namespace rfan::replay
