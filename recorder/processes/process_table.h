// The writer thread's memory of processes: program images by serial, and their ids in the trace.
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

// Writer thread only. An image enters the trace when an event or a child of it does; images of processes that
// ended are dropped after a grace period, so that memory follows the number of living processes.
class ProcessTable {
 public:
  // `root_pid`: only this process and its descendants are in scope; 0: everything is.
  explicit ProcessTable(std::uint32_t root_pid) : root_pid_(root_pid) {}

  // May look up the path of an executable: whether its file is unlinked, or another one than our root shows
  // there. Then it was named in a chroot or another mount namespace, and is "(unreachable)/bin/true" (the
  // word of getcwd(2)), so that nobody takes it for our /bin/true.
  void apply(ProcessRecord record);

  // The executable of an image, as the event of its exec names it: what the process itself would call it
  // (in a chroot, or in another mount namespace) counts no more.
  void name_executable(ImageSerial serial, std::string_view path);

  // Whether events of this image belong into the recording.
  enum class Scope : std::uint8_t { kInside, kOutside, kUnknown };
  Scope scope_of(ImageSerial serial) const;

  // Whether `filter` accepts the image; decided once and again when something new is learnt of it. The same
  // filter every time. An image of which nothing is known is asked as such; kUnknown where it is left out for
  // that.
  Scope accepts(ImageSerial serial, const RecordFilter& filter);

  // A time in which accepts() may have said the wrong thing of events of a process: it changed unseen in
  // between, and the filter decides otherwise now.
  struct Doubt {
    std::uint64_t first_ns;
    std::uint64_t last_ns;
  };
  // Once each.
  std::optional<Doubt> take_doubt() { return std::exchange(doubt_, std::nullopt); }

  // The trace's id of the image, entered together with its ancestors if need be. 0: nothing is known of it.
  format::ProcessId trace_id(ImageSerial serial, format::TraceWriter& trace);

  // From now on trace_id() is asked about another file, in which nothing is entered yet.
  void begin_file();

  // Forgets images whose process ended more than the grace period ago. `now_ns`: CLOCK_MONOTONIC.
  void expire(std::uint64_t now_ns);

  std::size_t size() const { return images_.size(); }

 private:
  struct Image {
    format::Process process;  // parent and exe are filled in when it enters the trace
    std::string exe;
    ImageSerial parent = 0;
    format::ProcessId trace_id = 0;
    bool in_scope = true;
    bool exe_is_named = false;     // by name_executable(), here or in an ancestor
    ImageSerial before = 0;        // the same program in the same process, until it changed
    std::uint64_t since_ns = 0;    // with `before`: it changed between this and
    std::uint64_t changed_ns = 0;  // ... this
    bool is_read = false;          // its details came
    bool has_events = false;       // that the filter was asked about
    bool user_known = false;       // its uid was told or read, here or in an ancestor
    std::optional<bool> accepted;  // by the filter; empty: not asked yet
  };
  struct Exit {
    ImageSerial serial;
    std::uint64_t time_ns;
  };

  // Longer than ProcessTracker's, which decides until when events are attributed to an exited process.
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
      latest_of_pid_;        // to find the parent of a process read from /proc
  std::deque<Exit> exited_;  // in order of time
  std::optional<Doubt> doubt_;
};

}  // namespace rfan::recorder
