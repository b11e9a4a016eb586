#include "recorder/kernel/named_events.h"

#include <fcntl.h>
#include <sys/fanotify.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace rfan::recorder {

namespace {

static_assert(sizeof(fanotify_event_info_fid::fsid) == kFsidBytes);
static_assert(offsetof(fanotify_event_info_fid, handle) == sizeof(fanotify_event_info_header) + kFsidBytes,
              "fsid and handle are contiguous");

// Takes fsid and handle off the front of `body`.
bool take_handle(std::string_view& body, HandleView& handle) {
  constexpr std::size_t kFixedBytes = kFsidBytes + sizeof(file_handle);
  if (body.size() < kFixedBytes) return false;
  file_handle head;
  std::memcpy(&head, body.data() + kFsidBytes, sizeof head);
  const std::size_t handle_bytes_untrusted = head.handle_bytes;
  if (handle_bytes_untrusted > MAX_HANDLE_SZ || handle_bytes_untrusted > body.size() - kFixedBytes)
    return false;
  const std::size_t bytes = kFixedBytes + handle_bytes_untrusted;
  // If the kernel could not make a handle, it reports one without bytes, which identifies nothing.
  handle.bytes = handle_bytes_untrusted == 0 ? std::string_view() : body.substr(0, bytes);
  body.remove_prefix(bytes);
  return true;
}

// Takes fsid, handle and the NUL-terminated name after them; padding follows.
bool take_handle_and_name(std::string_view body, HandleView& handle, std::string_view& name) {
  if (!take_handle(body, handle)) return false;
  const auto end = body.find('\0');
  if (end == std::string_view::npos) return false;
  name = body.substr(0, end);
  return true;
}

bool take_record(std::uint8_t type, std::string_view body, NamedEvent& event) {
  switch (type) {
    case FAN_EVENT_INFO_TYPE_FID:
      return take_handle(body, event.object);
    case FAN_EVENT_INFO_TYPE_DFID:
      return take_handle(body, event.directory);
    case FAN_EVENT_INFO_TYPE_DFID_NAME:
    case FAN_EVENT_INFO_TYPE_OLD_DFID_NAME:
      return take_handle_and_name(body, event.directory, event.name);
    case FAN_EVENT_INFO_TYPE_NEW_DFID_NAME:
      return take_handle_and_name(body, event.new_directory, event.new_name);
    default:
      return true;
  }
}

}  // namespace

std::optional<NamedEvent> parse_named_event(std::span<const std::byte> records) {
  std::string_view rest(reinterpret_cast<const char*>(records.data()), records.size());
  NamedEvent event;
  while (!rest.empty()) {
    fanotify_event_info_header header;
    if (rest.size() < sizeof header) return std::nullopt;
    std::memcpy(&header, rest.data(), sizeof header);
    if (header.len < sizeof header || header.len > rest.size()) return std::nullopt;
    const auto body = rest.substr(sizeof header, header.len - sizeof header);
    if (!take_record(header.info_type, body, event)) return std::nullopt;
    rest.remove_prefix(header.len);
  }
  return event;
}

}  // namespace rfan::recorder
