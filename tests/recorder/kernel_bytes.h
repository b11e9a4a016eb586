// What the kernel would write into a read() of a fanotify group, built by hand.
#pragma once

#include <sys/fanotify.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
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
  // Sets `event_len` of the last event and appends what it then has more.
  KernelBytes& last_event_len(std::uint32_t event_len) {
    const auto at = bytes_.size() - sizeof(fanotify_event_metadata);
    std::memcpy(bytes_.data() + at + offsetof(fanotify_event_metadata, event_len), &event_len,
                sizeof event_len);
    if (at + event_len > bytes_.size()) bytes_.resize(at + event_len);
    return *this;
  }
  // Appends the records behind the metadata of the last event.
  KernelBytes& last_event_records(std::string_view records) {
    const auto at = bytes_.size() - sizeof(fanotify_event_metadata);
    const auto event_len = static_cast<std::uint32_t>(sizeof(fanotify_event_metadata) + records.size());
    last_event_len(event_len);
    std::memcpy(bytes_.data() + at + sizeof(fanotify_event_metadata), records.data(), records.size());
    return *this;
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
