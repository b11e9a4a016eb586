#include "format/trace/frame_table.h"

#include <optional>

#include "format/base/fault.h"
#include "format/wire/block_statistics.h"
#include "format/wire/frame_scanner.h"
#include "format/wire/metadata.h"

namespace rfan::format {
namespace {

// Takes a frame that the directory lists into the context. Reports damage; any other error is returned.
Status take_frame(ByteSource& source, const ChecksumSeed& seed, std::uint64_t offset,
                  const FrameRecord& record, TraceContext& context) {
  auto frame = read_frame_at(source, seed, offset, record.length);
  if (frame) {
    context.take(*frame);
    return {};
  }
  if (!frame.error().is_damage()) return frame.error();
  const bool none = holds_no_events(static_cast<std::uint8_t>(record.type));
  context.report(
      {offset, record.length, frame.error().what, none ? std::optional<std::uint64_t>(0) : std::nullopt});
  return {};
}

void add_block(const Frame& frame, std::vector<BlockEntry>& blocks, TraceContext& context) {
  BlockStatistics statistics;
  const auto body_bytes = static_cast<std::size_t>(frame.head.body_length);
  const auto length = frame.head.frame_length();
  if (const auto fault = check_block(frame.meta(), body_bytes, statistics)) {
    return context.report({frame.offset, length, describe_frame(frame.head) + ": " + fault.what, {}});
  }
  const auto& totals = statistics.totals;
  blocks.push_back(
      {frame.offset, length, static_cast<std::uint32_t>(totals.events), totals.first_ns, totals.last_ns});
}

}  // namespace

Result<FrameTable> list_frames_by_directory(ByteSource& source, const ChecksumSeed& seed,
                                            const Directory& directory, TraceContext& context) {
  FrameTable table;
  for (std::size_t part = 0; part < directory.parts.size(); ++part) {
    auto offset = directory.parts[part].first_frame;
    for (const auto& record : directory.parts[part].frames) {
      if (record.type == FrameType::kEvents) {
        table.blocks.push_back({offset, record.length, record.count, record.first_ns, record.last_ns});
      } else if (record.type == FrameType::kDict) {
        table.dictionary_frames.push_back({offset, record.length, part});
      } else if (auto taken = take_frame(source, seed, offset, record, context); !taken) {
        return taken.error();
      }
      offset += record.length;
    }
  }
  context.take(directory.footer);
  table.complete = true;
  return table;
}

Result<FrameTable> list_frames_by_heads(ByteSource& source, const ChecksumSeed& seed, TraceContext& context) {
  FrameTable table;
  FrameScanner scanner(source, seed, kHeaderBytes, EventBodies::kPassOver,
                       [&](const Damage& damage) { context.report(damage); });
  while (true) {
    auto frame = scanner.next();
    if (!frame) return frame.error();
    if (!*frame) break;
    if ((*frame)->head.is(FrameType::kEvents)) {
      add_block(**frame, table.blocks, context);
    } else {
      context.take(**frame);
    }
  }
  table.complete = context.footer && scanner.trailer() == context.footer_offset;
  std::uint64_t events = 0;
  for (const auto& block : table.blocks) events += block.events;
  context.compare_footer(events);
  return table;
}

}  // namespace rfan::format
