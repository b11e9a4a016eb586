#include "format/trace/trace_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "format/base/fault.h"
#include "format/model/loss_summary.h"
#include "format/trace/block_decoder.h"
#include "format/trace/trace_context.h"
#include "format/wire/frame_scanner.h"
#include "format/wire/header_reader.h"
#include "format/wire/metadata.h"

namespace rfan::format {
namespace {

// Counts `stated` again from the columns, with the latencies that the statistics of a block lack. Only
// events_with_exe is copied.
TraceTotals count_columns(const EventColumns& columns, const TraceTotals& stated) {
  TraceTotals totals;
  totals.events = columns.count;
  totals.events_with_exe = stated.events_with_exe;
  totals.first_ns = columns.time_ns.front();
  totals.last_ns = columns.time_ns.back();
  for (const auto kind : columns.kind) ++totals.by_kind[static_cast<std::size_t>(kind)];
  columns.add_latencies(totals.reply_latency);
  return totals;
}

std::uint64_t events_with_exe(const EventColumns& columns, const Dictionary& dictionary) {
  return static_cast<std::uint64_t>(
      std::count_if(columns.process.begin(), columns.process.end(),
                    [&](auto id) { return id != 0 && dictionary.process(id).exe != 0; }));
}

// Checks the list of processes and their event counts. Ids that stand for nothing were made 0 and are not
// compared.
Fault fault_in_processes(const BlockStatistics& statistics, const EventColumns& columns) {
  if (!statistics.processes) return {};
  const auto& listed = *statistics.processes;
  std::vector<std::uint32_t> found(listed.size());
  for (const auto id : columns.process) {
    const auto at = std::lower_bound(listed.begin(), listed.end(), id);
    if (at != listed.end() && *at == id) {
      ++found[static_cast<std::size_t>(at - listed.begin())];
    } else if (id != 0) {
      return "it has processes that its statistics do not list";
    }
  }
  const auto& stated = statistics.process_events;
  const bool some_unknown = columns.missing.processes != 0;
  for (std::size_t i = 0; i < stated.size(); ++i) {
    if (some_unknown && (listed[i] == 0 || found[i] == 0)) continue;
    if (found[i] != stated[i])
      return fmt::format("its statistics give process {} {} events, and it has {}", listed[i], stated[i],
                         found[i]);
  }
  return {};
}

bool same_apart_from_latencies(TraceTotals left, TraceTotals right) {
  left.reply_latency = right.reply_latency = {};
  return left == right;
}

bool same_losses(std::span<const Loss> left, std::span<const Loss> right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end()) ||
         LossSummary(left).losses() == LossSummary(right).losses();
}

bool same_frame(const FrameRecord& left, const FrameRecord& right) {
  return left.type == right.type && left.length == right.length && left.count == right.count &&
         left.first_ns == right.first_ns && left.last_ns == right.last_ns;
}

class Checker {
 public:
  Checker(std::unique_ptr<ByteSource> source, const FileHeader& header, const DamageCallback& on_damage)
      : source_(std::move(source)), context_(on_damage) {
    check_.header = header;
  }

  Result<TraceCheck> run();

 private:
  void report_fault(const Frame& frame, const Fault& fault, std::optional<std::uint64_t> events = 0) {
    context_.report(
        {frame.offset, frame.head.frame_length(), describe_frame(frame.head) + ": " + fault.what, events});
  }
  FrameRecord take(Frame frame);
  void take_events(Frame frame, FrameRecord& record);
  Fault fault_in(const BlockStatistics& statistics, const TraceTotals& counted);
  void compare_index(const Frame& frame);
  void compare_footer(const Frame& frame);

  std::unique_ptr<ByteSource> source_;
  TraceContext context_;
  BlockDecoder decoder_;
  ZstdDecompressor decompressor_;
  EventColumns columns_;
  TraceCheck check_;
  std::vector<FrameRecord> since_index_;
  std::uint64_t last_index_ = 0;            // offset
  std::uint64_t index_end_ = kHeaderBytes;  // where the frames of the next INDEX begin
};

// Checks the statistics of a block.
Fault Checker::fault_in(const BlockStatistics& statistics, const TraceTotals& counted) {
  if (!std::is_sorted(columns_.time_ns.begin(), columns_.time_ns.end()) ||
      (check_.totals.events != 0 && counted.first_ns < check_.totals.last_ns)) {
    return "its times run backwards";
  }
  if (!same_apart_from_latencies(counted, statistics.totals))
    return "its statistics are not those of its events";
  if (!context_.dictionary.has_gaps() && !columns_.missing.any() &&
      events_with_exe(columns_, context_.dictionary) != counted.events_with_exe)
    return "its statistics are not those of its events";
  return fault_in_processes(statistics, columns_);
}

void Checker::take_events(Frame frame, FrameRecord& record) {
  auto block = context_.block_of(std::move(frame));
  if (!block) return;
  const auto& stated = block->statistics.totals;
  record.count = static_cast<std::uint32_t>(stated.events);
  record.first_ns = stated.first_ns;
  record.last_ns = stated.last_ns;
  auto damage = block->origin;
  if (auto decoded = decoder_.decode(*block, context_.dictionary, kAllColumns, columns_); !decoded) {
    damage.description = decoded.error().what;
    return context_.report(damage);
  }
  const auto counted = count_columns(columns_, stated);
  if (const auto fault = fault_in(block->statistics, counted)) {
    damage.description += ": " + fault.what;
    return context_.report(damage);
  }
  if (columns_.missing.any()) context_.report(decoder_.missing_entries(*block, context_.dictionary));
  check_.totals.merge(counted);
  ++check_.blocks;
}

void Checker::compare_index(const Frame& frame) {
  const auto part = decode_index(frame.meta(), frame.body(), decompressor_);
  if (!part) return report_fault(frame, "the list of frames is malformed");
  if (context_.damage_count == 0) {
    if (part->previous != last_index_ || part->first_frame != index_end_) {
      report_fault(frame, "it does not follow the INDEX before it");
    } else if (!std::equal(part->frames.begin(), part->frames.end(), since_index_.begin(), since_index_.end(),
                           same_frame)) {
      report_fault(frame, "it lists other frames than there are");
    } else if (part->totals != check_.totals) {
      report_fault(frame, "its totals are not those of the events before it");
    }
  }
  last_index_ = frame.offset;
  index_end_ = frame.offset + frame.head.frame_length();
  since_index_.clear();
}

void Checker::compare_footer(const Frame& frame) {
  if (!context_.footer || context_.damage_count != 0) return;
  const auto& footer = *context_.footer;
  const auto& dictionary = context_.dictionary;
  if (footer.totals != check_.totals) {
    report_fault(frame, "its totals are not the sum of the blocks");
    context_.footer->totals = check_.totals;  // nothing is damaged, so nothing is missing
  }
  if (!same_losses(footer.losses, context_.losses))
    report_fault(frame, "its losses are not those of the LOSS frames");
  if (footer.path_count != dictionary.path_count() || footer.process_count != dictionary.process_count())
    report_fault(frame, "its counts of paths and processes are not those of the dictionaries");
  if (context_.index_offset != last_index_) report_fault(frame, "it does not lead to the last INDEX");
}

FrameRecord Checker::take(Frame frame) {
  FrameRecord record;
  record.type = static_cast<FrameType>(frame.head.type);
  record.length = frame.head.frame_length();
  if (record.type == FrameType::kEvents) {
    take_events(std::move(frame), record);
    return record;
  }
  context_.take(frame);
  if (record.type == FrameType::kFooter) compare_footer(frame);
  return record;
}

Result<TraceCheck> Checker::run() {
  FrameScanner scanner(*source_, ChecksumSeed(check_.header.file), kHeaderBytes, EventBodies::kRead,
                       [this](const Damage& damage) { context_.report(damage); });
  bool first = true;
  while (true) {
    auto frame = scanner.next();
    if (!frame) return frame.error();
    if (!*frame) break;
    if (std::exchange(first, false) && !(*frame)->head.is(FrameType::kMeta) && context_.damage_count == 0)
      report_fault(**frame, "it stands where META must be");
    if ((*frame)->head.is(FrameType::kIndex)) {
      compare_index(**frame);
    } else {
      since_index_.push_back(take(std::move(**frame)));
    }
  }
  check_.complete = context_.footer && context_.footer_offset && scanner.trailer() == context_.footer_offset;
  check_.meta = std::move(context_.meta);
  check_.clocks = std::move(context_.clocks);
  check_.losses = context_.footer ? context_.footer->losses : std::move(context_.losses);
  check_.footer = std::move(context_.footer);
  check_.bytes = scanner.position();
  check_.damage_count = context_.damage_count;
  check_.unknown_frames = context_.unknown_frames;
  return std::move(check_);
}

}  // namespace

Result<TraceCheck> check_trace(std::unique_ptr<ByteSource> source, const DamageCallback& on_damage) {
  auto header = read_header(*source);
  if (!header) return header.error();
  return Checker(std::move(source), *header, on_damage).run();
}

}  // namespace rfan::format
