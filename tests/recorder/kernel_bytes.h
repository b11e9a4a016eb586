// Bytes as the kernel would return them from read() of a fanotify group, built by hand.
#pragma once

#include <fcntl.h>
#include <sys/fanotify.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace rfan::recorder {

class KernelBytes {
 public:
  KernelBytes& event(std::uint64_t mask, int fd, int pid) {
    fanotify_event_metadata metadata{};
    metadata.event_len = sizeof metadata;
    metadata.vers = FANOTIFY_METADATA_VERSION;
    metadata.metadata_len = sizeof metadata;
    metadata.mask = mask;
    metadata.fd = fd;
    metadata.pid = pid;
    return raw(metadata);
  }
  KernelBytes& raw(const fanotify_event_metadata& metadata) {
    const auto at = bytes_.size();
    bytes_.resize(at + sizeof metadata);
    std::memcpy(bytes_.data() + at, &metadata, sizeof metadata);
    return *this;
  }
  // Sets `event_len` of the last event and appends the additional bytes.
  KernelBytes& last_event_len(std::uint32_t event_len) {
    const auto at = bytes_.size() - sizeof(fanotify_event_metadata);
    std::memcpy(bytes_.data() + at + offsetof(fanotify_event_metadata, event_len), &event_len,
                sizeof event_len);
    if (at + event_len > bytes_.size()) bytes_.resize(at + event_len);
    return *this;
  }
  // Appends records after the metadata of the last event.
  KernelBytes& last_event_records(std::string_view records) {
    const auto at = bytes_.size() - sizeof(fanotify_event_metadata);
    const auto event_len = static_cast<std::uint32_t>(sizeof(fanotify_event_metadata) + records.size());
    last_event_len(event_len);
    std::memcpy(bytes_.data() + at + sizeof(fanotify_event_metadata), records.data(), records.size());
    return *this;
  }
  // A notification event of the file `name` in some directory.
  KernelBytes& notification(std::uint64_t mask, int pid, std::string_view name) {
    std::string body(8 + sizeof(file_handle) + 4, '\1');
    file_handle handle{};
    handle.handle_bytes = 4;
    std::memcpy(body.data() + 8, &handle, sizeof handle);
    body.append(name).push_back('\0');
    const fanotify_event_info_header head{FAN_EVENT_INFO_TYPE_DFID_NAME, 0,
                                          static_cast<std::uint16_t>(sizeof head + body.size())};
    std::string record(reinterpret_cast<const char*>(&head), sizeof head);
    return event(mask, FAN_NOFD, pid).last_event_records(record + body);
  }
  KernelBytes& last_version(std::uint8_t version) {
    const auto at = bytes_.size() - sizeof(fanotify_event_metadata);
    std::memcpy(bytes_.data() + at + offsetof(fanotify_event_metadata, vers), &version, sizeof version);
    return *this;
  }
  KernelBytes& cut(std::size_t bytes) {
    bytes_.resize(bytes_.size() - bytes);
    return *this;
  }
  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace rfan::recorder
