#include "format/metadata.h"

#include <algorithm>

#include "format/flatbuffer_bytes.h"
#include "trace_generated.h"

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

std::vector<std::string> get_list(const Vector<Offset<wire::Bytes>>* items) {
  std::vector<std::string> texts;
  for (flatbuffers::uoffset_t i = 0; i < size_of(items); ++i)
    texts.push_back(get_bytes(items->Get(i)->data()));
  return texts;
}

Offset<Vector<Offset<wire::Mount>>> put_mounts(FlatBufferBuilder& builder,
                                               const std::vector<MountCoverage>& mounts) {
  std::vector<Offset<wire::Mount>> items;
  for (const auto& mount : mounts) {
    const auto path = put_bytes(builder, mount.path);
    const auto fs_type = put_bytes(builder, mount.fs_type);
    const auto how = put_bytes(builder, mount.how);
    items.push_back(wire::CreateMount(builder, path, fs_type, mount.covered, how));
  }
  return builder.CreateVector(items);
}

std::vector<MountCoverage> get_mounts(const Vector<Offset<wire::Mount>>* items) {
  std::vector<MountCoverage> mounts;
  for (flatbuffers::uoffset_t i = 0; i < size_of(items); ++i) {
    const auto* item = items->Get(i);
    mounts.push_back(
        {get_bytes(item->path()), get_bytes(item->fs_type()), item->covered(), get_bytes(item->how())});
  }
  return mounts;
}

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
    const auto* record = records->Get(i);
    if (record->cause() == 0 || record->cause() >= kLossCauseLimit) return {};
    Loss loss{static_cast<LossCause>(record->cause()), {}, record->first_ns(), record->last_ns()};
    if (record->has_count()) loss.count = record->count();
    losses.push_back(loss);
  }
  return losses;
}

std::vector<wire::LongCount> put_kinds(const TraceTotals& totals) {
  std::vector<wire::LongCount> counts;
  for (std::size_t kind = 0; kind < kEventKindLimit; ++kind) {
    if (totals.by_kind[kind] != 0)
      counts.emplace_back(static_cast<std::uint16_t>(kind), totals.by_kind[kind]);
  }
  return counts;
}

std::vector<wire::LongCount> put_latencies(const LatencyHistogram& histogram) {
  std::vector<wire::LongCount> counts;
  for (std::size_t bucket = 0; bucket < LatencyHistogram::kBuckets; ++bucket) {
    const auto count = histogram.count_in(bucket);
    if (count != 0) counts.emplace_back(static_cast<std::uint16_t>(bucket), count);
  }
  return counts;
}

bool get_totals(const wire::Footer& footer, TraceTotals& totals) {
  totals.events = footer.events();
  totals.first_ns = footer.first_ns();
  totals.last_ns = footer.last_ns();
  totals.events_with_exe = footer.events_with_exe();
  for (flatbuffers::uoffset_t i = 0; i < size_of(footer.kinds()); ++i) {
    const auto* count = footer.kinds()->Get(i);
    if (count->key() >= kEventKindLimit) return false;
    totals.by_kind[count->key()] = count->count();
  }
  for (flatbuffers::uoffset_t i = 0; i < size_of(footer.latencies()); ++i) {
    const auto* count = footer.latencies()->Get(i);
    if (count->key() >= LatencyHistogram::kBuckets) return false;
    totals.reply_latency.add_bucket(count->key(), count->count());
  }
  return true;
}

wire::Cost put_cost(const RecorderCost& cost) {
  return {cost.events_seen,   cost.events_filtered, cost.reader_cpu_ns, cost.writer_cpu_ns,
          cost.process_reads, cost.process_read_ns, cost.arenas,        cost.arenas_high_water};
}

RecorderCost get_cost(const wire::Cost& cost) {
  return {cost.events_seen(),   cost.events_filtered(), cost.reader_cpu_ns(), cost.writer_cpu_ns(),
          cost.process_reads(), cost.process_read_ns(), cost.arenas(),        cost.arenas_high_water()};
}

Offset<Vector<const wire::FrameEntry*>> put_directory(FlatBufferBuilder& builder,
                                                      std::span<const FrameRecord> frames) {
  std::vector<wire::FrameEntry> entries;
  for (const auto& frame : frames) {
    entries.emplace_back(frame.offset, frame.first_ns, frame.last_ns, frame.first_path, frame.first_process,
                         frame.count, static_cast<std::uint16_t>(frame.type));
  }
  return builder.CreateVectorOfStructs(entries);
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
  return finished_bytes(
      builder,
      wire::CreateMeta(builder, version, hostname, kernel, machine, boot_id, meta.cpu_count, args, command,
                       static_cast<std::uint8_t>(meta.hold), meta.event_kinds, process_source, mounts));
}

std::optional<TraceMeta> decode_meta(std::span<const std::byte> bytes_untrusted) {
  const auto* table = verified_table<wire::Meta>(bytes_untrusted);
  if (table == nullptr || table->hold() > static_cast<std::uint8_t>(HoldMode::kOpen)) return {};
  TraceMeta meta;
  meta.recorder_version = get_bytes(table->recorder_version());
  meta.hostname = get_bytes(table->hostname());
  meta.kernel = get_bytes(table->kernel());
  meta.machine = get_bytes(table->machine());
  meta.boot_id = get_bytes(table->boot_id());
  meta.cpu_count = table->cpu_count();
  meta.recorder_args = get_list(table->recorder_args());
  meta.command = get_list(table->command());
  meta.hold = static_cast<HoldMode>(table->hold());
  meta.event_kinds = table->event_kinds();
  meta.process_source = get_bytes(table->process_source());
  meta.mounts = get_mounts(table->mounts());
  return meta;
}

std::vector<std::byte> encode_clock(const ClockSample& sample) {
  FlatBufferBuilder builder;
  const wire::ClockSample fields(sample.monotonic_ns, sample.realtime_ns, sample.boottime_ns);
  return finished_bytes(builder, wire::CreateClock(builder, &fields));
}

std::optional<ClockSample> decode_clock(std::span<const std::byte> bytes_untrusted) {
  const auto* table = verified_table<wire::Clock>(bytes_untrusted);
  if (table == nullptr || table->sample() == nullptr) return {};
  const auto* sample = table->sample();
  return ClockSample{sample->monotonic_ns(), sample->realtime_ns(), sample->boottime_ns()};
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

std::vector<std::byte> encode_footer(const TraceSummary& summary, std::span<const FrameRecord> frames) {
  FlatBufferBuilder builder;
  const auto kinds = builder.CreateVectorOfStructs(put_kinds(summary.totals));
  const auto latencies = builder.CreateVectorOfStructs(put_latencies(summary.totals.reply_latency));
  const auto losses = builder.CreateVectorOfStructs(put_losses(summary.losses));
  const auto directory = put_directory(builder, frames);
  const auto cost = put_cost(summary.cost);
  return finished_bytes(
      builder,
      wire::CreateFooter(builder, summary.totals.events, summary.totals.first_ns, summary.totals.last_ns,
                         summary.totals.events_with_exe, kinds, latencies, losses, summary.path_count,
                         summary.process_count, static_cast<std::uint8_t>(summary.end_reason),
                         summary.command_status, &cost, directory));
}

std::optional<TraceSummary> decode_footer(std::span<const std::byte> bytes_untrusted) {
  const auto* table = verified_table<wire::Footer>(bytes_untrusted);
  if (table == nullptr) return {};
  TraceSummary summary;
  auto losses = get_losses(table->losses());
  if (!get_totals(*table, summary.totals) || !losses) return {};
  summary.losses = std::move(*losses);
  summary.path_count = table->path_count();
  summary.process_count = table->process_count();
  // A reason of a later version is shown as "unknown".
  if (table->end_reason() <= static_cast<std::uint8_t>(EndReason::kRotated)) {
    summary.end_reason = static_cast<EndReason>(table->end_reason());
  }
  summary.command_status = table->command_status();
  if (table->cost() != nullptr) summary.cost = get_cost(*table->cost());
  return summary;
}

std::optional<std::vector<FrameRecord>> decode_directory(std::span<const std::byte> bytes_untrusted) {
  const auto* table = verified_table<wire::Footer>(bytes_untrusted);
  if (table == nullptr) return {};
  std::vector<FrameRecord> frames;
  for (flatbuffers::uoffset_t i = 0; i < size_of(table->frames()); ++i) {
    const auto* entry = table->frames()->Get(i);
    frames.push_back({entry->offset(), static_cast<FrameType>(entry->type()), entry->count(),
                      entry->first_ns(), entry->last_ns(), entry->first_path(), entry->first_process()});
  }
  return frames;
}

std::vector<Loss> sum_by_cause(std::span<const Loss> losses) {
  std::vector<Loss> sums;
  for (const auto& loss : losses) {
    const auto same =
        std::find_if(sums.begin(), sums.end(), [&](const Loss& sum) { return sum.cause == loss.cause; });
    if (same == sums.end()) {
      sums.push_back(loss);
      continue;
    }
    same->count = same->count && loss.count ? std::optional(*same->count + *loss.count) : std::nullopt;
    same->first_ns = std::min(same->first_ns, loss.first_ns);
    same->last_ns = std::max(same->last_ns, loss.last_ns);
  }
  return sums;
}

}  // namespace rfan::format
