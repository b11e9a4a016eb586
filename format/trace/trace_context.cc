#include "format/trace/trace_context.h"

#include <fmt/format.h>

#include <utility>

#include "format/base/unfolding.h"
#include "format/wire/block_statistics.h"
#include "format/wire/metadata.h"

namespace rfan::format {

void TraceContext::report(const Damage& damage) {
  ++damage_count;
  if (on_damage_) on_damage_(damage);
}

void TraceContext::report_frame(const Frame& frame, const Fault& fault) {
  const auto events = holds_no_events(frame.head.type) ? std::optional<std::uint64_t>(0) : std::nullopt;
  report({frame.offset, frame.head.frame_length(), describe_frame(frame.head) + ": " + fault.what, events});
}

std::optional<DictionaryIds> TraceContext::expect_entries(const Frame& frame) {
  DictionaryIds ids;
  const auto fault = format::expect_entries(frame.meta(), unfolded_limit(frame.end()), dictionary, ids);
  if (!fault) return ids;
  report_frame(frame, fault);
  return {};
}

bool TraceContext::take_entries(const Frame& frame, const DictionaryIds& ids, DictionaryParts parts,
                                std::uint64_t limit) {
  const auto fault = decode_entries(frame.body(), ids, parts, limit, decompressor_, dictionary);
  if (fault) report_frame(frame, fault);
  return !fault;
}

void TraceContext::take(const Frame& frame) {
  switch (static_cast<FrameType>(frame.head.type)) {
    case FrameType::kMeta:
      return take_meta(frame);
    case FrameType::kDict:
      if (const auto ids = expect_entries(frame)) take_entries(frame, *ids, {}, unfolded_limit(frame.end()));
      return;
    case FrameType::kClock:
      return take_clock(frame);
    case FrameType::kLoss:
      return take_losses(frame);
    case FrameType::kFooter:
      return take_footer(frame);
    case FrameType::kMounts:
      return take_mounts(frame);
    case FrameType::kIndex:  // it repeats what the other frames say
      return;
    case FrameType::kEvents:
      break;
  }
  ++unknown_frames;
}

void TraceContext::take_meta(const Frame& frame) {
  if (frame.head.number != 0 || std::exchange(meta_taken_, true)) return report_frame(frame, "a second META");
  std::vector<std::byte> inflated;
  if (!decompressor_.inflate(frame.body(), kMaxMetaBodyBytes, inflated)) {
    return report_frame(frame, "body does not decompress");
  }
  if (auto decoded = decode_meta(frame.meta(), inflated)) {
    meta = std::move(*decoded);
  } else {
    report_frame(frame, "metadata is malformed");
  }
}

void TraceContext::take_mounts(const Frame& frame) {
  if (auto decoded = decode_mounts(frame.meta())) {
    later_mounts.insert(later_mounts.end(), decoded->begin(), decoded->end());
  } else {
    report_frame(frame, "metadata is malformed");
  }
}

void TraceContext::take_losses(const Frame& frame) {
  if (auto decoded = decode_losses(frame.meta())) {
    losses.insert(losses.end(), decoded->begin(), decoded->end());
  } else {
    report_frame(frame, "metadata is malformed");
  }
}

void TraceContext::take_clock(const Frame& frame) {
  const auto sample = decode_clock(frame.meta());
  if (!sample) {
    report_frame(frame, "metadata is malformed");
  } else if (!clocks.empty() && sample->monotonic_ns < clocks.back().monotonic_ns) {
    report_frame(frame, "the clock runs backwards");
  } else {
    clocks.push_back(*sample);
  }
}

void TraceContext::take_footer(const Frame& frame) {
  footer = decode_footer(frame.meta(), frame.offset, index_offset);
  footer_offset = frame.offset;
  footer_length = frame.head.frame_length();
  if (!footer) report_frame(frame, "metadata is malformed");
}

void TraceContext::compare_footer(std::uint64_t events) {
  if (!footer || !footer_offset || damage_count != 0) return;
  const bool same_entries =
      footer->path_count == dictionary.path_count() && footer->process_count == dictionary.process_count();
  if (footer->totals.events == events && same_entries) return;
  const auto* fault =
      same_entries ? "it counts other events than there are" : "it counts other names than there are";
  report(
      {*footer_offset, footer_length, fmt::format("the FOOTER contradicts the other frames: {}", fault), 0});
}

std::optional<EncodedBlock> TraceContext::block_of(Frame frame) {
  BlockStatistics statistics;
  if (const auto fault = check_block(frame.meta(), frame.body().size(), statistics)) {
    report_frame(frame, fault);
    return {};
  }
  return make_block(std::move(frame), std::move(statistics));
}

std::vector<MountCoverage> TraceContext::mounts() const {
  auto all = meta.mounts;
  const auto& later = footer ? footer->later_mounts : later_mounts;
  all.insert(all.end(), later.begin(), later.end());
  return all;
}

EncodedBlock make_block(Frame frame, BlockStatistics statistics) {
  EncodedBlock block;
  block.origin = {frame.offset, frame.head.frame_length(), describe_frame(frame.head),
                  statistics.totals.events};
  block.statistics = std::move(statistics);
  const auto meta_length = frame.head.meta_length;
  block.bytes = std::move(frame.bytes);
  block.bytes_read = block.bytes.size();
  block.meta = std::span(block.bytes).subspan(kFrameHeadBytes, meta_length);
  block.body = std::span(block.bytes).subspan(kFrameHeadBytes + meta_length);
  return block;
}

}  // namespace rfan::format
