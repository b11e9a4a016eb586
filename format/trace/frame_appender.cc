#include "format/trace/frame_appender.h"

#include "format/base/limits.h"
#include "format/wire/frame.h"

namespace rfan::format {

FrameAppender::FrameAppender(std::unique_ptr<ByteSink> sink, bool sync, const FileHeader& header,
                             ZstdCompressor& compressor)
    : sink_(std::move(sink)), sync_(sync), seed_(header.file), compressor_(compressor) {
  append_header(header, pending_);
  index_.first_frame = end();
}

void FrameAppender::append(FrameType type, std::span<const std::byte> meta, std::span<const std::byte> body) {
  append_frame(type, frame_number_++, end(), seed_, meta, body, pending_);
}

void FrameAppender::add_record(FrameRecord record, std::span<const std::byte> meta,
                               std::span<const std::byte> body) {
  const auto begin = end();
  append(record.type, meta, body);
  record.length = end() - begin;
  index_.frames.push_back(record);
}

void FrameAppender::add(FrameType type, std::span<const std::byte> meta, std::span<const std::byte> body) {
  add_record({.type = type}, meta, body);
}

void FrameAppender::add_block(std::span<const std::byte> meta, std::span<const std::byte> body,
                              const TraceTotals& totals) {
  add_record({.type = FrameType::kEvents,
              .count = static_cast<std::uint32_t>(totals.events),
              .first_ns = totals.first_ns,
              .last_ns = totals.last_ns},
             meta, body);
  index_.totals.merge(totals);
  ++blocks_since_index_;
}

void FrameAppender::add_index() {
  std::vector<std::byte> body;
  compressor_.append_frame(encode_index_frames(index_.frames), body);
  const auto begin = end();
  append(FrameType::kIndex, encode_index(index_), body);
  index_.previous = begin;
  index_.first_frame = end();
  index_.frames.clear();
  blocks_since_index_ = 0;
  ++index_count_;
}

void FrameAppender::add_index_if_due() {
  if (blocks_since_index_ >= kBlocksPerIndex || index_.frames.size() >= kMaxFramesPerIndex / 2) add_index();
}

void FrameAppender::add_end(const TraceSummary& summary) {
  add_index();
  const auto footer_offset = end();
  append(FrameType::kFooter, encode_footer(summary, index_.previous), {});
  append_trailer(footer_offset, end(), seed_, pending_);
}

Status FrameAppender::append_pending() {
  if (failure_) return *failure_;
  if (pending_.empty()) return {};
  auto appended = sink_->append(pending_);
  if (appended && sync_) appended = sink_->sync();
  if (!appended) {
    failure_ = appended.error();
    return appended;
  }
  offset_ += pending_.size();
  pending_.clear();
  return {};
}

Status FrameAppender::close() {
  auto closed = sink_->close();
  if (!closed) failure_ = closed.error();
  return closed;
}

}  // namespace rfan::format
