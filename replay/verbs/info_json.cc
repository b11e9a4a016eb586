// Prints the report of `info` for programs: the same content as one object, with units in the names.
#include "replay/text/json_writer.h"
#include "replay/verbs/info.h"

namespace rfan::replay {
namespace {

std::vector<std::string_view> views(const std::vector<std::string>& strings) {
  return {strings.begin(), strings.end()};
}

void member_optional(JsonWriter& json, std::string_view name, const std::optional<double>& value) {
  if (!value) return;
  json.key(name);
  json.real(*value);
}

void print_origin(const InfoReport& report, JsonWriter& json) {
  const auto& meta = report.meta;
  json.member_bytes("file", report.file);
  json.member("size_bytes", report.size_bytes);
  json.key("format_version");
  json.begin_array();
  json.number(report.header.version_major);
  json.number(report.header.version_minor);
  json.end_array();
  json.member_bool("complete", report.finished);
  json.member("damaged_places", report.damage_count);
  json.member_bytes("hostname", meta.hostname);
  json.member_bytes("kernel", meta.kernel);
  json.member_bytes("machine", meta.machine);
  json.member("cpu_count", meta.cpu_count);
  json.member_bytes("boot_id", meta.boot_id);
  json.member_bytes("recorder_version", meta.recorder_version);
  json.member_bytes("recorder_args", views(meta.recorder_args));
}

void print_recording(const InfoReport& report, const Timeline& timeline, JsonWriter& json) {
  const auto& meta = report.meta;
  const auto& totals = report.summary.totals;
  if (!meta.command.empty()) {
    json.member_bytes("command", views(meta.command));
    if (report.finished) {
      json.key("command_status");
      json.signed_number(report.summary.command_status);
    }
  }
  json.member("hold", format::hold_mode_name(meta.hold));
  json.key("kinds_asked");
  json.begin_array();
  for (std::size_t kind = 1; kind < format::kEventKindLimit; ++kind) {
    if (meta.event_kinds >> kind & 1U)
      json.text(format::event_kind_name(static_cast<format::EventKind>(kind)));
  }
  json.end_array();
  json.member_bytes("process_source", meta.process_source);
  if (timeline.started() && totals.events != 0) {
    const auto first_ns = timeline.realtime_ns(totals.first_ns);
    json.member("first_event_ns", first_ns);
    json.member("last_event_ns", first_ns + report.duration_ns());
    json.member("duration_ns", report.duration_ns());
  }
  json.member("end_reason", identifier(format::end_reason_name(report.summary.end_reason)));
}

void print_latency(const format::LatencyHistogram& latency, JsonWriter& json) {
  json.member("held_events", latency.total());
  if (latency.total() == 0) return;
  json.key("reply_latency");
  json.begin_object();
  json.member("p50_ns", latency.quantile_ns(0.5));
  json.member("p90_ns", latency.quantile_ns(0.9));
  json.member("p99_ns", latency.quantile_ns(0.99));
  json.member("max_ns", latency.quantile_ns(1));
  json.end_object();
}

void print_totals(const InfoReport& report, JsonWriter& json) {
  const auto& summary = report.summary;
  json.member("events", summary.totals.events);
  json.key("events_by_kind");
  json.begin_object();
  for (std::size_t kind = 0; kind < summary.totals.by_kind.size(); ++kind) {
    if (summary.totals.by_kind[kind] == 0) continue;
    json.member(format::event_kind_name(static_cast<format::EventKind>(kind)), summary.totals.by_kind[kind]);
  }
  json.end_object();
  member_optional(json, "events_per_second", report.events_per_second());
  json.member("processes", summary.process_count);
  json.member("paths", summary.path_count);
  member_optional(json, "bytes_per_event", report.bytes_per_event());
  print_latency(summary.totals.reply_latency, json);
  json.member("events_with_exe", summary.totals.events_with_exe);
  member_optional(json, "attribution_percent", report.attribution_percent());
}

void print_cost(const format::RecorderCost& cost, JsonWriter& json) {
  json.key("recorder_cost");
  json.begin_object();
  json.member("events_seen", cost.events_seen);
  json.member("events_filtered", cost.events_filtered);
  json.member("reader_cpu_ns", cost.reader_cpu_ns());
  json.member("writer_cpu_ns", cost.writer_cpu_ns());
  json.member("process_reads", cost.process_reads);
  json.member("process_read_ns", cost.process_read_ns);
  json.member("arenas", cost.arenas);
  json.member("arenas_high_water", cost.arenas_high_water);
  json.end_object();
}

void print_mounts(const std::vector<format::MountCoverage>& mounts, JsonWriter& json) {
  json.key("mounts");
  json.begin_array();
  for (const auto& mount : mounts) {
    json.begin_object();
    json.member_bytes("path", mount.path);
    json.member_bytes("fs_type", mount.fs_type);
    json.member_bool("covered", mount.covered);
    json.member_bytes("how", mount.how);
    json.end_object();
  }
  json.end_array();
}

void print_losses(const std::vector<LossSum>& losses, const Timeline& timeline, JsonWriter& json) {
  json.key("losses");
  json.begin_array();
  for (const auto& loss : losses) {
    json.begin_object();
    json.member("cause", identifier(format::loss_cause_name(loss.cause)));
    json.member("count", loss.count.known);
    json.member_bool("count_known", !loss.count.and_more);
    json.member("ledger_entries", loss.entries);
    json.member("first_ns", timeline.realtime_ns(loss.first_ns));
    json.member("last_ns", timeline.realtime_ns(loss.last_ns));
    json.end_object();
  }
  json.end_array();
}

}  // namespace

void print_info_json(const InfoReport& report, const Timeline& timeline, TextBuffer& out) {
  JsonWriter json(out);
  json.begin_object();
  print_origin(report, json);
  print_recording(report, timeline, json);
  print_totals(report, json);
  if (report.finished) print_cost(report.summary.cost, json);
  print_mounts(report.meta.mounts, json);
  print_losses(report.losses, timeline, json);
  json.end_object();
  json.end_line();
}

}  // namespace rfan::replay
