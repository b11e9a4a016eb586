#include "format/trace/directory.h"

#include <algorithm>

#include "format/wire/wire.h"
#include "format/wire/zstd_codec.h"

namespace rfan::format {
namespace {

class DirectoryReader {
 public:
  DirectoryReader(ByteSource& source, const ChecksumSeed& seed, std::optional<Damage>& contradiction)
      : source_(source), seed_(seed), contradiction_(contradiction) {}

  std::optional<Directory> read();

 private:
  bool read_footer(std::uint64_t offset);
  bool read_parts();
  bool read_part(std::uint64_t offset, std::uint64_t end);
  bool compare_counts();
  bool compare_heads();
  bool compare_head(std::uint64_t offset, const FrameRecord& record);
  // Records what is wrong with a sound frame, and returns false.
  bool contradicts(const Frame& frame, const char* fault);

  ByteSource& source_;
  const ChecksumSeed& seed_;
  std::optional<Damage>& contradiction_;
  ZstdDecompressor decompressor_;
  std::uint64_t last_index_ = 0;  // offset
  Directory directory_;
};

bool DirectoryReader::contradicts(const Frame& frame, const char* fault) {
  contradiction_ = {frame.offset, frame.head.frame_length(), describe_frame(frame.head) + ": " + fault, 0};
  return false;
}

bool DirectoryReader::read_footer(std::uint64_t offset) {
  auto frame = read_frame_at(source_, seed_, offset);
  if (!frame || !frame->head.is(FrameType::kFooter)) return false;
  auto summary = decode_footer(frame->meta(), offset, last_index_);
  if (!summary) return false;
  directory_.footer = std::move(*frame);
  directory_.summary = std::move(*summary);
  return directory_.footer.end() + kTrailerBytes == source_.size() ||
         contradicts(directory_.footer, "it is not the last frame before the trailer");
}

// Reads one INDEX, which must list all frames before it and end at `end`.
bool DirectoryReader::read_part(std::uint64_t offset, std::uint64_t end) {
  const auto frame = read_frame_at(source_, seed_, offset);
  if (!frame) return false;
  const auto& found = frame.value();
  if (!found.head.is(FrameType::kIndex)) return contradicts(found, "the directory calls it an INDEX");
  auto part = decode_index(found.meta(), found.body(), decompressor_);
  if (!part) return contradicts(found, "the list of frames is malformed");
  if (found.end() != end) return contradicts(found, "frames behind it are in no list");
  auto listed_end = part->first_frame;
  for (const auto& record : part->frames) listed_end += record.length;
  if (listed_end != offset || part->first_frame > offset || part->previous >= offset)
    return contradicts(found, "it lists other frames than there are");
  directory_.parts.push_back(std::move(*part));
  return true;
}

bool DirectoryReader::read_parts() {
  auto end = directory_.footer.offset;
  for (auto offset = last_index_; offset != 0; offset = directory_.parts.back().previous) {
    if (offset >= end) return contradicts(directory_.footer, "it does not lead to the last INDEX");
    if (!read_part(offset, end)) return false;
    end = directory_.parts.back().first_frame;
  }
  auto& parts = directory_.parts;
  if (parts.empty()) return false;
  if (end != kHeaderBytes) return contradicts(directory_.footer, "frames at the start are in no list");
  std::reverse(parts.begin(), parts.end());
  return true;
}

bool DirectoryReader::compare_counts() {
  TraceTotals before;
  for (const auto& part : directory_.parts) {
    auto events = before.events;
    for (const auto& record : part.frames) events += record.count;
    if (events != part.totals.events)
      return contradicts(directory_.footer, "an INDEX before it lists other events than it counts");
    before = part.totals;
  }
  return directory_.summary.totals == before ||
         contradicts(directory_.footer, "its totals are not those of the last INDEX");
}

// Returns true for a head that is damaged or unreadable: it contradicts nothing.
bool DirectoryReader::compare_head(std::uint64_t offset, const FrameRecord& record) {
  const auto read = read_head_at(source_, seed_, offset);
  if (!read || !read.value()) return true;
  const auto& head = *read.value();
  return (head.is(record.type) && head.frame_length() == record.length) ||
         contradicts({offset, head, {}}, "the directory calls it something else");
}

// Compares the type and length of frames with their heads: a reader would overlook a frame that the directory
// calls something else. Heads of EVENTS are compared when blocks are read, because there are more of them.
bool DirectoryReader::compare_heads() {
  for (const auto& part : directory_.parts) {
    auto offset = part.first_frame;
    for (const auto& record : part.frames) {
      if (record.type != FrameType::kEvents && !compare_head(offset, record)) return false;
      offset += record.length;
    }
  }
  return true;
}

std::optional<Directory> DirectoryReader::read() {
  const auto footer = find_footer(source_, seed_);
  if (!footer || !read_footer(*footer) || !read_parts() || !compare_counts() || !compare_heads()) return {};
  return std::move(directory_);
}

}  // namespace

std::optional<Directory> read_directory(ByteSource& source, const ChecksumSeed& seed,
                                        std::optional<Damage>& contradiction) {
  return DirectoryReader(source, seed, contradiction).read();
}

}  // namespace rfan::format
