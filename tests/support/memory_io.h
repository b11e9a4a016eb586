// In-memory sinks and sources of traces for tests.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "format/model/byte_io.h"

namespace rfan::tests {

using SharedBytes = std::shared_ptr<std::vector<std::byte>>;

// Appends to bytes that the test shares.
class MemorySink : public format::ByteSink {
 public:
  explicit MemorySink(SharedBytes bytes) : bytes_(std::move(bytes)) {}

  Status append(std::span<const std::byte> bytes) override {
    bytes_->insert(bytes_->end(), bytes.begin(), bytes.end());
    ++appends_;
    return {};
  }
  std::uint64_t offset() const override { return bytes_->size(); }
  Status close() override { return {}; }
  int appends() const { return appends_; }

 private:
  SharedBytes bytes_;
  int appends_ = 0;
};

// Behaves like a disk that is full after `capacity` bytes: writes what fits, then fails with ENOSPC.
class FullDiskSink : public format::ByteSink {
 public:
  FullDiskSink(SharedBytes bytes, std::size_t capacity) : bytes_(std::move(bytes)), capacity_(capacity) {}

  Status append(std::span<const std::byte> bytes) override {
    const auto fits = std::min(bytes.size(), capacity_ - bytes_->size());
    bytes_->insert(bytes_->end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(fits));
    if (fits < bytes.size()) return Error{"cannot write trace", "memory", ENOSPC, {}};
    return {};
  }
  std::uint64_t offset() const override { return bytes_->size(); }
  Status close() override { return {}; }

 private:
  SharedBytes bytes_;
  std::size_t capacity_;
};

// A seekable source. Refers to bytes that must outlive it.
class MemorySource : public format::ByteSource {
 public:
  explicit MemorySource(std::span<const std::byte> bytes) : bytes_(bytes) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset >= bytes_.size()) return std::size_t{0};
    const auto got = std::min(out.size(), bytes_.size() - static_cast<std::size_t>(offset));
    if (got != 0) std::memcpy(out.data(), bytes_.data() + offset, got);
    return got;
  }
  std::optional<std::uint64_t> size() const override { return bytes_.size(); }
  const std::string& name() const override { return name_; }

 private:
  std::span<const std::byte> bytes_;
  std::string name_ = "memory";
};

// Behaves like a pipe with the same bytes: no size, no way back.
class MemoryPipe : public MemorySource {
 public:
  using MemorySource::MemorySource;

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset < position_) return Error{"cannot read trace", name(), ESPIPE, {}};
    auto got = MemorySource::read_at(offset, out);
    if (got) position_ = offset + *got;
    return got;
  }
  std::optional<std::uint64_t> size() const override { return {}; }

 private:
  std::uint64_t position_ = 0;
};

}  // namespace rfan::tests
