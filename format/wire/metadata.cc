#include "format/wire/metadata.h"

#include <algorithm>
#include <cstring>

#include "format/base/limits.h"
#include "format/wire/flatbuffer_bytes.h"
#include "format/wire/totals_codec.h"
#include "format/wire/varint.h"
#include "trace_generated.h"
#include "trace_schema.h"

namespace rfan::format {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
template <typename T>
using Vector = flatbuffers::Vector<T>;

Offset<Vector<Offset<wire::Bytes>>> put_list(FlatBufferBuilder& builder,
                                             const std::vector<std::string>& texts) {
  std::vector<Offset<wire::Bytes>> items;
  for (const auto& text : texts) items.push_back(wire::CreateBytes(builder, put_bytes(builder, text)));
  return builder.CreateVector(items);
}

Offset<Vector<Offset<wire::Mount>>> put_mounts(FlatBufferBuilder& builder,
                                               std::span<const MountCoverage> mounts) {
  std::vector<Offset<wire::Mount>> items;
  for (const auto& mount : mounts) {
    const auto path = put_bytes(builder, mount.path);
    const auto fs_type = put_bytes(builder, mount.fs_type);
    const auto how = put_bytes(builder, mount.how);
    items.push_back(wire::CreateMount(builder, path, fs_type, mount.covered, how, mount.since_ns));
  }
  return builder.CreateVector(items);
}

// Copies the texts of one table. FlatBuffers lets many offsets lead to one text, so a table can unfold to far
// more than its bytes. No writer does that: a table with more text than bytes is malformed. So is one with a
// NUL in a text, because NUL ends each of these texts at its origin.
class TextReader {
 public:
  explicit TextReader(std::span<const std::byte> table) : left_(table.size()) {}

  std::string text(const Vector<std::uint8_t>* bytes) {
    if (!take(size_of(bytes))) return {};
    auto text = get_bytes(bytes);
    sound_ = sound_ && text.find('\0') == text.npos;
    return text;
  }

  std::vector<std::string> list(const Vector<Offset<wire::Bytes>>* items) {
    std::vector<std::string> texts;
    for (flatbuffers::uoffset_t i = 0; i < size_of(items) && take(kEntryBytes); ++i)
      texts.push_back(text(items->Get(i)->data()));
    return texts;
  }

  std::vector<MountCoverage> mounts(const Vector<Offset<wire::Mount>>* items) {
    std::vector<MountCoverage> mounts;
    for (flatbuffers::uoffset_t i = 0; i < size_of(items) && take(kEntryBytes); ++i) {
      const auto* item = items->Get(i);
      mounts.push_back(
          {text(item->path()), text(item->fs_type()), item->covered(), text(item->how()), item->since_ns()});
    }
    return mounts;
  }

  bool sound() const { return sound_; }

 private:
  // The offset of an entry, and the offset to its fields.
  static constexpr std::size_t kEntryBytes = 8;

  bool take(std::size_t bytes) {
    sound_ = sound_ && bytes <= left_;
    if (sound_) left_ -= bytes;
    return sound_;
  }

  std::size_t left_;
  bool sound_ = true;
};

std::vector<wire::LossRecord> put_losses(std::span<const Loss> losses) {
  std::vector<wire::LossRecord> records;
  for (const auto& loss : losses) {
    records.emplace_back(static_cast<std::uint8_t>(loss.cause), loss.count.has_value(),
                         loss.count.value_or(0), loss.first_ns, loss.last_ns);
  }
  return records;
}

std::optional<std::vector<Loss>> get_losses(const Vector<const wire::LossRecord*>* records) {
  std::vector<Loss> losses;
  for (flatbuffers::uoffset_t i = 0; i < size_of(records); ++i) {
    // Copied: the verifier of FlatBuffers lets a vector of structs lie at any multiple of 4.
    wire::LossRecord record;
    std::memcpy(&record, records->Data() + i * sizeof record, sizeof record);
    if (record.cause() == 0 || record.cause() >= kLossCauseLimit) return {};
    Loss loss{static_cast<LossCause>(record.cause()), {}, record.first_ns(), record.last_ns()};
    if (record.has_count()) loss.count = record.count();
    losses.push_back(loss);
  }
  return losses;
}

Offset<wire::Cost> put_cost(FlatBufferBuilder& builder, const RecorderCost& cost) {
  return wire::CreateCost(builder, cost.events_seen, cost.events_filtered, cost.reader_user_ns,
                          cost.reader_system_ns, cost.writer_user_ns, cost.writer_system_ns, cost.main_cpu_ns,
                          cost.process_reads, cost.process_read_ns, cost.arenas, cost.arenas_high_water,
                          cost.queue_high_water);
}

RecorderCost get_cost(const wire::Cost& cost) {
  RecorderCost result;
  result.events_seen = cost.events_seen();
  result.events_filtered = cost.events_filtered();
  result.reader_user_ns = cost.reader_user_ns();
  result.reader_system_ns = cost.reader_system_ns();
  result.writer_user_ns = cost.writer_user_ns();
  result.writer_system_ns = cost.writer_system_ns();
  result.main_cpu_ns = cost.main_cpu_ns();
  result.process_reads = cost.process_reads();
  result.process_read_ns = cost.process_read_ns();
  result.arenas = cost.arenas();
  result.arenas_high_water = cost.arenas_high_water();
  result.queue_high_water = cost.queue_high_water();
  return result;
}

wire::ClockSample put_clock(const ClockSample& sample) {
  return {sample.monotonic_ns, sample.realtime_ns, sample.boottime_ns};
}

std::optional<ClockSample> get_clock(const wire::ClockSample* sample) {
  if (sample == nullptr) return {};
  return ClockSample{sample->monotonic_ns(), sample->realtime_ns(), sample->boottime_ns()};
}

bool get_index_frames(std::span<const std::byte> inflated_untrusted, std::uint32_t frame_count,
                      std::vector<FrameRecord>& frames) {
  const auto* table = verified_table<wire::IndexEntries>(inflated_untrusted);
  if (table == nullptr || table->frames() == nullptr) return false;
  VarintReader numbers(table->frames()->data(), table->frames()->size());
  std::uint64_t before_ns = 0;
  for (std::uint32_t i = 0; i < frame_count; ++i) {
    FrameRecord frame;
    frame.type = static_cast<FrameType>(numbers.next_up_to(UINT8_MAX));
    frame.length = numbers.next_up_to(kFrameHeadBytes + kMaxMetaBytes + kMaxBodyBytes);
    if (frame.type == FrameType::kEvents) {
      frame.count = static_cast<std::uint32_t>(numbers.next_up_to(kMaxBlockEvents));
      frame.first_ns = before_ns + numbers.next();
      frame.last_ns = frame.first_ns + numbers.next();
      if (frame.first_ns < before_ns || frame.last_ns < frame.first_ns) return false;
      before_ns = frame.last_ns;
    }
    if (numbers.failed() || frame.length < kFrameHeadBytes) return false;
    frames.push_back(frame);
  }
  return numbers.at_end();
}

}  // namespace

std::vector<std::byte> encode_meta(const TraceMeta& meta) {
  FlatBufferBuilder builder;
  const auto version = put_bytes(builder, meta.recorder_version);
  const auto hostname = put_bytes(builder, meta.hostname);
  const auto kernel = put_bytes(builder, meta.kernel);
  const auto machine = put_bytes(builder, meta.machine);
  const auto boot_id = put_bytes(builder, meta.boot_id);
  const auto args = put_list(builder, meta.recorder_args);
  const auto command = put_list(builder, meta.command);
  const auto process_source = put_bytes(builder, meta.process_source);
  const auto mounts = put_mounts(builder, meta.mounts);
  Offset<Vector<std::uint8_t>> previous;
  if (meta.previous_file)
    previous = builder.CreateVector(meta.previous_file->data(), meta.previous_file->size());
  const auto key_id = put_bytes(builder, meta.redaction_key_id);
  return finished_bytes(
      builder,
      wire::CreateMeta(builder, version, hostname, kernel, machine, boot_id, meta.cpu_count, args, command,
                       static_cast<std::uint8_t>(meta.hold), meta.event_kinds, process_source, mounts,
                       meta.time_unit_ns, meta.flush_interval_ms, previous, meta.redacted, key_id));
}

std::vector<std::byte> encode_meta_head(std::size_t meta_bytes) {
  FlatBufferBuilder builder;
  return finished_bytes(builder, wire::CreateMetaHead(builder, static_cast<std::uint32_t>(meta_bytes)));
}

std::string_view schema_text() {
  return kSchemaText;
}

std::optional<TraceMeta> decode_meta(std::span<const std::byte> head_untrusted,
                                     std::span<const std::byte> inflated_untrusted) {
  const auto* head = verified_table<wire::MetaHead>(head_untrusted);
  if (head == nullptr || head->meta_bytes() > inflated_untrusted.size()) return {};
  const auto* table = verified_table<wire::Meta>(inflated_untrusted.first(head->meta_bytes()));
  if (table == nullptr || table->hold() > static_cast<std::uint8_t>(HoldMode::kOpen)) return {};
  TextReader in(inflated_untrusted.first(head->meta_bytes()));
  TraceMeta meta;
  meta.recorder_version = in.text(table->recorder_version());
  meta.hostname = in.text(table->hostname());
  meta.kernel = in.text(table->kernel());
  meta.machine = in.text(table->machine());
  meta.boot_id = in.text(table->boot_id());
  meta.cpu_count = table->cpu_count();
  meta.recorder_args = in.list(table->recorder_args());
  meta.command = in.list(table->command());
  meta.hold = static_cast<HoldMode>(table->hold());
  meta.event_kinds = table->event_kinds();
  meta.process_source = in.text(table->process_source());
  meta.mounts = in.mounts(table->mounts());
  meta.time_unit_ns = table->time_unit_ns();
  meta.flush_interval_ms = table->flush_interval_ms();
  if (size_of(table->previous_file()) == sizeof(Uuid)) {
    std::copy_n(table->previous_file()->data(), sizeof(Uuid), meta.previous_file.emplace().data());
  }
  meta.redacted = table->redacted();
  meta.redaction_key_id = in.text(table->redaction_key_id());
  if (!in.sound()) return {};
  return meta;
}

std::vector<std::byte> encode_mounts(std::span<const MountCoverage> mounts) {
  FlatBufferBuilder builder;
  return finished_bytes(builder, wire::CreateMounts(builder, put_mounts(builder, mounts)));
}

std::optional<std::vector<MountCoverage>> decode_mounts(std::span<const std::byte> bytes_untrusted) {
  const auto* table = verified_table<wire::Mounts>(bytes_untrusted);
  if (table == nullptr) return {};
  TextReader in(bytes_untrusted);
  auto mounts = in.mounts(table->mounts());
  if (!in.sound()) return {};
  return mounts;
}

std::vector<std::byte> encode_clock(const ClockSample& sample) {
  FlatBufferBuilder builder;
  const auto fields = put_clock(sample);
  return finished_bytes(builder, wire::CreateClock(builder, &fields));
}

std::optional<ClockSample> decode_clock(std::span<const std::byte> bytes_untrusted) {
  const auto* table = verified_table<wire::Clock>(bytes_untrusted);
  return table == nullptr ? std::nullopt : get_clock(table->sample());
}

std::vector<std::byte> encode_losses(std::span<const Loss> losses) {
  FlatBufferBuilder builder;
  const auto records = builder.CreateVectorOfStructs(put_losses(losses));
  return finished_bytes(builder, wire::CreateLosses(builder, records));
}

std::optional<std::vector<Loss>> decode_losses(std::span<const std::byte> bytes_untrusted) {
  const auto* table = verified_table<wire::Losses>(bytes_untrusted);
  if (table == nullptr) return {};
  return get_losses(table->losses());
}

std::vector<std::byte> encode_index(const IndexPart& part) {
  FlatBufferBuilder builder;
  const auto totals = put_totals(builder, part.totals);
  const auto count = static_cast<std::uint32_t>(part.frames.size());
  return finished_bytes(builder, wire::CreateIndex(builder, part.previous, part.first_frame, count, totals));
}

std::vector<std::byte> encode_index_frames(std::span<const FrameRecord> frames) {
  std::vector<std::uint8_t> numbers;
  std::uint64_t before_ns = 0;
  for (const auto& frame : frames) {
    append_varint(static_cast<std::uint8_t>(frame.type), numbers);
    append_varint(frame.length, numbers);
    if (frame.type != FrameType::kEvents) continue;
    append_varint(frame.count, numbers);
    append_varint(frame.first_ns - before_ns, numbers);
    append_varint(frame.last_ns - frame.first_ns, numbers);
    before_ns = frame.last_ns;
  }
  FlatBufferBuilder builder;
  return finished_bytes(builder, wire::CreateIndexEntries(builder, builder.CreateVector(numbers)));
}

std::optional<IndexPart> decode_index(std::span<const std::byte> meta_untrusted,
                                      std::span<const std::byte> body_untrusted,
                                      ZstdDecompressor& decompressor) {
  const auto* table = verified_table<wire::Index>(meta_untrusted);
  if (table == nullptr || table->frame_count() > kMaxFramesPerIndex) return {};
  IndexPart part;
  part.previous = table->previous();
  part.first_frame = table->first_frame();
  if (!get_totals(table->totals(), part.totals)) return {};
  std::vector<std::byte> inflated;
  if (!decompressor.inflate(body_untrusted, kMaxIndexBodyBytes, inflated)) return {};
  if (!get_index_frames(inflated, table->frame_count(), part.frames)) return {};
  return part;
}

std::vector<std::byte> encode_footer(const TraceSummary& summary, std::uint64_t index_offset) {
  FlatBufferBuilder builder;
  const auto totals = put_totals(builder, summary.totals);
  const auto losses = builder.CreateVectorOfStructs(put_losses(summary.losses));
  const auto cost = put_cost(builder, summary.cost);
  const auto mounts = put_mounts(builder, summary.later_mounts);
  const auto clock = summary.first_clock ? std::optional(put_clock(*summary.first_clock)) : std::nullopt;
  return finished_bytes(
      builder, wire::CreateFooter(builder, totals, index_offset, losses, summary.path_count,
                                  summary.process_count, static_cast<std::uint8_t>(summary.end_reason),
                                  summary.command_status, cost, clock ? &*clock : nullptr, mounts));
}

std::optional<TraceSummary> decode_footer(std::span<const std::byte> bytes_untrusted, std::uint64_t offset,
                                          std::uint64_t& index_offset) {
  const auto* table = verified_table<wire::Footer>(bytes_untrusted);
  if (table == nullptr) return {};
  TraceSummary summary;
  auto losses = get_losses(table->losses());
  if (!get_totals(table->totals(), summary.totals) || !losses) return {};
  // Each frame takes at least kFrameHeadBytes, and has at most kMaxBlockEvents events.
  if (summary.totals.events / kMaxBlockEvents > offset / kFrameHeadBytes) return {};
  index_offset = table->index();
  summary.losses = std::move(*losses);
  summary.path_count = table->path_count();
  summary.process_count = table->process_count();
  // A reason of a later version is shown as "unknown".
  if (table->end_reason() <= static_cast<std::uint8_t>(EndReason::kRecorderFailure)) {
    summary.end_reason = static_cast<EndReason>(table->end_reason());
  }
  summary.command_status = table->command_status();
  if (table->cost() != nullptr) summary.cost = get_cost(*table->cost());
  summary.first_clock = get_clock(table->first_clock());
  TextReader in(bytes_untrusted);
  summary.later_mounts = in.mounts(table->mounts());
  if (!in.sound()) return {};
  return summary;
}

}  // namespace rfan::format
