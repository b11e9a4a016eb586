// The writer thread's table of processes: program images by serial, and their ids in the trace.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "format/model/event.h"
#include "format/trace/trace_writer.h"
#include "recorder/choice/record_filter.h"
#include "recorder/handover/process_log.h"

namespace rfan::recorder {

// An image enters the trace when one of its events or children does. Images of ended processes are dropped
// after a grace period, so memory follows the number of living processes. For the writer thread. The class
// has a function for each kind of record, since all of them change the same images, and what the filter
// decided of an image is void with the next record of it.
class ProcessTable {
 public:
  // `root_pid`: only this process and its descendants are in scope. 0: every process is.
  explicit ProcessTable(std::uint32_t root_pid) : root_pid_(root_pid) {}

  // Applies a record of the process log. May look up the path of an executable, to find out whether its file
  // is unlinked or differs from the file at that path below our root. A different file was named in a chroot
  // or another mount namespace. It is called "(unreachable)/bin/true" (the word of getcwd(2)), so that nobody
  // mistakes it for our /bin/true.
  void apply(ProcessRecord record);

  // Sets the executable of an image to the path in the event of its exec. It replaces the name that the
  // process itself uses, which may come from a chroot or another mount namespace.
  void name_executable(ImageSerial serial, std::string_view path);

  // Says whether events of an image belong in the recording.
  enum class Scope : std::uint8_t { kInside, kOutside, kUnknown };
  Scope scope_of(ImageSerial serial) const;

  // Returns whether `filter` accepts the image. Caches the answer until something new about the image is
  // known; pass the same filter every time. Judges an unknown image as one without any traits. Returns
  // kUnknown if the image is excluded only because something about it is unknown.
  Scope accepts(ImageSerial serial, const RecordFilter& filter);

  // A time in which accepts() may have been wrong about events of a process: the process changed unseen
  // meanwhile, and the filter now decides otherwise.
  struct Doubt {
    std::uint64_t first_ns;
    std::uint64_t last_ns;
  };
  // Returns each doubt once.
  std::optional<Doubt> take_doubt() { return std::exchange(doubt_, std::nullopt); }

  // Returns the image's id in the trace and enters it, with its ancestors, if necessary. Returns 0 for an
  // unknown image.
  format::ProcessId trace_id(ImageSerial serial, format::TraceWriter& trace);

  // Makes trace_id() refer to a new file, which has no entries yet.
  void begin_file();

  // Forgets images whose process ended more than the grace period ago. `now_ns`: CLOCK_MONOTONIC.
  void expire(std::uint64_t now_ns);

  std::size_t size() const { return images_.size(); }

 private:
  struct Image {
    format::Process process;  // parent and exe are set when it enters the trace
    std::string exe;
    ImageSerial parent = 0;
    format::ProcessId trace_id = 0;
    bool in_scope = true;
    bool exe_is_named = false;     // by name_executable(), here or in an ancestor
    ImageSerial before = 0;        // the image that this one replaced within the same program
    std::uint64_t since_ns = 0;    // with `before`: it changed between this and
    std::uint64_t changed_ns = 0;  // ... this
    bool is_read = false;          // its details have arrived
    bool has_events = false;       // accepts() was asked about events of it
    bool user_known = false;       // its uid was reported or read, here or in an ancestor
    std::optional<bool> accepted;  // by the filter; empty: undecided
  };
  struct Exit {
    ImageSerial serial;
    std::uint64_t time_ns;
  };

  // Longer than the grace period of ProcessTracker, which ends the attribution of events to an ended process.
  static constexpr std::uint64_t kExitGraceNs = 5'000'000'000;

  Image* find(ImageSerial serial);
  void apply_fork(const ProcessRecord& record);
  void apply_exec(const ProcessRecord& record);
  void apply_change(const ProcessRecord& record);
  void apply_details(const ProcessRecord& record);
  void hand_back_program(const Image& image);
  static ProcessTraits traits_of(const Image& image);
  bool decide(Image& image, const RecordFilter& filter);
  void apply_exe_path(const ProcessRecord& record);
  void adopt(Image& image, const ProcessRecord& record);
  ImageSerial latest_of(std::uint32_t pid) const;
  ImageSerial parent_of(const Image& image);
  static void set_executable(Image& image, std::string_view path);
  void retire(ImageSerial serial, std::uint64_t time_ns);
  bool scope_of_new(std::uint32_t pid, const Image* parent) const;

  std::uint32_t root_pid_;
  std::string unreachable_;  // path that a record's `exe` points to
  absl::flat_hash_map<ImageSerial, Image> images_;
  absl::flat_hash_map<std::uint32_t, ImageSerial>
      latest_of_pid_;        // finds the parent of a process read from /proc
  std::deque<Exit> exited_;  // in order of time
  std::optional<Doubt> doubt_;
};

}  // namespace rfan::recorder
