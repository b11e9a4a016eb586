// Reads the traces of one command line as one: files, directories, rotated sets and standard input.
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

// One file of a set. Keeps the small parts; the file itself, with its dictionary, is held only during its
// scan.
struct TraceMember {
  std::string name;         // as given, or as found in the directory; "standard input"
  std::string path;         // for open_source(): the same, or "-"
  bool stream = false;      // a pipe: read once, front to back; the fields below are then empty
  std::size_t session = 0;  // the same number for all files of one recording
  format::FileHeader header{};
  std::uint32_t time_unit_ns = 0;  // 0: unknown
  std::vector<format::ClockSample> clocks{};
  std::vector<format::Loss> losses{};
  std::uint64_t events = 0;
  std::uint64_t first_ns = 0;  // first event, CLOCK_MONOTONIC
  std::uint64_t last_ns = 0;
  std::string boot_id{};  // empty: unknown
  bool complete = false;
};

// The traces in the order of the command line, and the files of one recording (session) by their sequence
// numbers. One thread.
//
// A name may be:
//   a file             itself; `name.fbz.part` is one that is being written
//   a directory        all *.fbz and *.fbz.part in it
//   name.fbz           if there is no such file: name.000000.fbz, name.000001.fbz ..., with a .part
//   - or a pipe        a stream
class TraceSet {
 public:
  // Opens every file once. Fails if a named file cannot be read; makes a note if a found one cannot. Notes
  // name missing sequence numbers. Passes damage found here and by file() to `on_damage`, if set, else to
  // `note`.
  using DamageSink = std::function<void(const std::string& name, const format::Damage&)>;
  static Result<TraceSet> open(const std::vector<std::string>& names, const NoteSink& note,
                               DamageSink on_damage = {});

  const std::vector<TraceMember>& members() const { return members_; }
  bool has_streams() const;
  // Returns true if a file of a recording is missing, or was found and cannot be read.
  bool incomplete() const { return incomplete_; }

  // Returns the file of a member that is not a stream. The first call returns the file that open() opened,
  // later calls open it again. Destroying the file frees its dictionary.
  Result<std::unique_ptr<format::TraceFile>> file(std::size_t index, const NoteSink& note) const;

  // Returns the clock of a member, which starts with the member's recording. Refers to the member's clock
  // samples.
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
  mutable std::vector<std::unique_ptr<format::TraceFile>> opened_;  // by member; null once taken
  bool incomplete_ = false;
};

}  // namespace rfan::replay
