// What follows fanotify_event_metadata in a group with FAN_REPORT_DFID_NAME_TARGET: which directory, which
// name in it, which object. Pure: no system calls.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace rfan::recorder {

// A __kernel_fsid_t: f_fsid of statfs(2), and in every record.
inline constexpr std::size_t kFsidBytes = 8;

// The bytes that identify an object for as long as its filesystem lives: fsid, then a struct file_handle
// (length, type, opaque bytes). In a record they are contiguous, so this needs no copy, and they are a key as
// they stand.
struct HandleView {
  std::string_view bytes{};

  bool empty() const { return bytes.empty(); }  // no handle: the record is missing, or the kernel had none
  // Precondition of both: not empty.
  std::string_view fsid() const { return bytes.substr(0, kFsidBytes); }
  std::string_view file_handle() const { return bytes.substr(kFsidBytes); }

  bool operator==(const HandleView&) const = default;
};

// A name in a directory.
struct Link {
  HandleView directory{};
  std::string_view name{};

  bool operator==(const Link&) const = default;
};

// The name of an event on a directory itself: `directory` is that directory then, and there is no `object`.
inline constexpr std::string_view kItself = ".";

// One event's records. Everything points into the event's bytes.
struct NamedEvent {
  HandleView directory{};      // that holds `name`; of a rename, the one it left
  std::string_view name{};     // bytes, no '/'; empty: the kernel knows no name (a link count changed)
  HandleView new_directory{};  // of a rename only
  std::string_view new_name{};
  HandleView object{};  // what the name leads to
};

// Parses the `event_len - metadata_len` bytes behind the metadata. Types of record that are not known are
// passed over. Nothing when the bytes are no whole records; no byte outside of `records` is ever read.
std::optional<NamedEvent> parse_named_event(std::span<const std::byte> records);

}  // namespace rfan::recorder
