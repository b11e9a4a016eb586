// Decodes the records after fanotify_event_metadata in a group with FAN_REPORT_DFID_NAME_TARGET: the
// directory, the name in it, the object. Pure: no system calls.
#pragma once

#include <cassert>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace rfan::recorder {

// Size of a __kernel_fsid_t, which is f_fsid of statfs(2) and part of every record.
inline constexpr std::size_t kFsidBytes = 8;

// The bytes that identify an object during the lifetime of its filesystem: fsid, then a struct file_handle
// (length, type, opaque bytes). They are contiguous in a record, so no copy is needed, and they serve as a
// key unchanged.
struct HandleView {
  std::string_view bytes{};

  bool empty() const { return bytes.empty(); }  // no handle: the record is missing, or the kernel had none
  // Precondition of both: not empty().
  std::string_view fsid() const {
    assert(!empty());
    return bytes.substr(0, kFsidBytes);
  }
  std::string_view file_handle() const {
    assert(!empty());
    return bytes.substr(kFsidBytes);
  }

  bool operator==(const HandleView&) const = default;
};

// A name in a directory.
struct Link {
  HandleView directory{};
  std::string_view name{};

  bool operator==(const Link&) const = default;
};

// The name in an event on a directory itself. Then `directory` is that directory and `object` is empty.
inline constexpr std::string_view kItself = ".";

// The records of one event. Every member points into the event's bytes.
struct NamedEvent {
  HandleView directory{};      // holds `name`; for a rename, the old directory
  std::string_view name{};     // bytes without '/'; empty: the kernel has no name (a link count changed)
  HandleView new_directory{};  // for a rename only
  std::string_view new_name{};
  HandleView object{};  // the target of the name
};

// Parses the `event_len - metadata_len` bytes after the metadata. Skips unknown record types. Returns nothing
// if the bytes are not whole records. Never reads a byte outside `records`.
std::optional<NamedEvent> parse_named_event(std::span<const std::byte> records);

}  // namespace rfan::recorder
