#include "format/wire/header_reader.h"

#include <fmt/format.h>

#include <array>
#include <bit>

#include "format/wire/frame.h"

namespace rfan::format {
namespace {

Error not_a_trace(const std::string& name, std::span<const std::byte> bytes) {
  Error error{"cannot read trace", name, 0, {}};
  if (bytes.empty()) {
    error.hint = "the file is empty; the recording did not get as far as its first byte";
  } else if (bytes.size() >= 4 && load_le<std::uint32_t>(bytes.data()) == kZstdMagic) {
    error.hint = "this is a zstd file but no rfanrec trace; give a .fbz file that rfanrec wrote";
  } else if (bytes.size() < kHeaderBytes && bytes.size() >= 4 &&
             load_le<std::uint32_t>(bytes.data()) == kSkippableFixed) {
    error.hint =
        fmt::format("the file ends inside its header, after {} of {} bytes; nothing was recorded in it",
                    bytes.size(), kHeaderBytes);
  } else if (bytes.size() == kHeaderBytes && starts_with(bytes.subspan(kSkippableHeadBytes), kFileMagic)) {
    error.hint = "the header of the trace is damaged (its checksum differs); restore the file from a copy";
  } else {
    error.hint = "this is no rfanrec trace; give a .fbz file that rfanrec wrote";
  }
  return error;
}

Status check_supported(const FileHeader& header, const std::string& name) {
  if (header.version_major == 0) {
    return Error{
        "cannot read trace", name, 0,
        fmt::format("format version 0.{} is from before the first release and no longer read; record anew",
                    header.version_minor)};
  }
  if (header.version_major != kVersionMajor) {
    return Error{
        "cannot read trace", name, 0,
        fmt::format("format version {}.{} is not supported, this program reads {}.x; use the rfanreplay that "
                    "came with the recorder",
                    header.version_major, header.version_minor, kVersionMajor)};
  }
  const auto unknown = header.incompat_flags & ~kKnownIncompatFlags;
  if (unknown != 0) {
    return Error{
        "cannot read trace", name, 0,
        fmt::format("the trace uses feature bit {} (incompat flags {:#x}), which this program does not know; "
                    "use a newer rfanreplay",
                    std::countr_zero(unknown), header.incompat_flags)};
  }
  return {};
}

}  // namespace

Result<FileHeader> read_header(ByteSource& source) {
  std::array<std::byte, kHeaderBytes> bytes;
  auto got = source.read_at(0, bytes);
  if (!got) return got.error();
  std::optional<FileHeader> header;
  if (*got == bytes.size()) header = parse_header(bytes);
  if (!header) return not_a_trace(source.name(), std::span(bytes).first(*got));
  if (auto supported = check_supported(*header, source.name()); !supported) return supported.error();
  return *header;
}

}  // namespace rfan::format
