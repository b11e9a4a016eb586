#include "tests/format/trace_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>

namespace rfan::tests {
namespace {

std::string quoted(std::string_view bytes) {
  std::string text = "'";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F && byte != '\'' && byte != '\\') {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", byte);
    }
  }
  return text + "'";
}

std::string loss_text(const format::Loss& loss) {
  return fmt::format("{} count={} {}..{}", loss_cause_name(loss.cause),
                     loss.count ? std::to_string(*loss.count) : "unknown", loss.first_ns, loss.last_ns);
}

void add_meta(const Contents& contents, std::string& text) {
  const auto& header = contents.header;
  const auto& meta = contents.meta;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "header version={}.{} compat={:#x} incompat={:#x} sequence={}\n", header.version_major,
                 header.version_minor, header.compat_flags, header.incompat_flags, header.file_sequence);
  fmt::format_to(out, "session={:02x}\nfile={:02x}\n", fmt::join(header.session, ""),
                 fmt::join(header.file, ""));
  fmt::format_to(
      out, "meta recorder={} host={} kernel={} machine={} boot={} cpus={} hold={} kinds={:#x} source={}\n",
      meta.recorder_version, meta.hostname, meta.kernel, meta.machine, meta.boot_id, meta.cpu_count,
      hold_mode_name(meta.hold), meta.event_kinds, meta.process_source);
  for (const auto& argument : meta.recorder_args) fmt::format_to(out, "arg {}\n", quoted(argument));
  for (const auto& argument : meta.command) fmt::format_to(out, "command {}\n", quoted(argument));
  fmt::format_to(out, "unit={} flush={} previous={:02x} redacted={} key={}\n", meta.time_unit_ns,
                 meta.flush_interval_ms, fmt::join(meta.previous_file.value_or(format::Uuid{}), ""),
                 meta.redacted, quoted(meta.redaction_key_id));
  for (const auto& mount : contents.mounts) {
    fmt::format_to(out, "mount {} {} covered={} since={} {}\n", quoted(mount.path), mount.fs_type,
                   mount.covered, mount.since_ns, mount.how);
  }
}

void add_records(const Contents& contents, std::string& text) {
  const auto out = std::back_inserter(text);
  for (std::size_t i = 0; i < contents.paths.size(); ++i) {
    fmt::format_to(out, "path {} {}\n", i + 1, quoted(contents.paths[i]));
  }
  for (std::size_t i = 0; i < contents.processes.size(); ++i) {
    const auto& process = contents.processes[i];
    fmt::format_to(
        out, "process {} pid={} ppid={} parent={} uid={} gid={} start={} exe={} flags={} {} {} cgroup={}\n",
        i + 1, process.pid, process.ppid, process.parent, process.uid, process.gid, process.start_time_ns,
        process.exe, process.flags, quoted(process.comm), quoted(process.cmdline), quoted(process.cgroup));
  }
  for (const auto& event : contents.events) {
    fmt::format_to(out, "event {} {} flags={} pid={} reply={} {} {}\n", event.time_ns,
                   event_kind_name(event.kind), event.flags, event.pid, event.reply_ns, quoted(event.path),
                   quoted(event.path2));
  }
  for (const auto& loss : contents.losses) fmt::format_to(out, "loss {}\n", loss_text(loss));
  for (const auto& clock : contents.clocks) {
    fmt::format_to(out, "clock monotonic={} realtime={} boottime={}\n", clock.monotonic_ns, clock.realtime_ns,
                   clock.boottime_ns);
  }
}

void add_footer(const format::TraceSummary& summary, std::string& text) {
  const auto out = std::back_inserter(text);
  const auto& totals = summary.totals;
  fmt::format_to(out, "footer events={} with_exe={} {}..{} paths={} processes={} end={} status={}\n",
                 totals.events, totals.events_with_exe, totals.first_ns, totals.last_ns, summary.path_count,
                 summary.process_count, end_reason_name(summary.end_reason), summary.command_status);
  fmt::format_to(out, "footer kinds={}\n", fmt::join(totals.by_kind, ","));
  for (std::size_t bucket = 0; bucket < format::LatencyHistogram::kBuckets; ++bucket) {
    const auto count = totals.reply_latency.count_in(bucket);
    if (count != 0) {
      fmt::format_to(out, "footer reply<={} {}\n", format::LatencyHistogram::bucket_upper_ns(bucket), count);
    }
  }
  for (const auto& loss : summary.losses) fmt::format_to(out, "footer loss {}\n", loss_text(loss));
  const auto& cost = summary.cost;
  fmt::format_to(out,
                 "footer seen={} filtered={} reader={}+{} writer={}+{} main={} reads={} read_ns={} "
                 "arenas={}/{} queue={}\n",
                 cost.events_seen, cost.events_filtered, cost.reader_user_ns, cost.reader_system_ns,
                 cost.writer_user_ns, cost.writer_system_ns, cost.main_cpu_ns, cost.process_reads,
                 cost.process_read_ns, cost.arenas_high_water, cost.arenas, cost.queue_high_water);
}

}  // namespace

std::string trace_text(const Contents& contents) {
  std::string text;
  if (contents.error) return "error " + contents.error->message() + "\n";
  add_meta(contents, text);
  add_records(contents, text);
  if (contents.footer) add_footer(*contents.footer, text);
  for (const auto& damage : contents.damages) {
    text += fmt::format("damage at {} bytes {} events {}: {}\n", damage.offset, damage.bytes,
                        damage.events ? std::to_string(*damage.events) : "unknown", damage.description);
  }
  text += fmt::format("complete={} unknown_frames={} unknown_columns={}\n", contents.complete,
                      contents.unknown_frames, contents.unknown_columns);
  return text;
}

}  // namespace rfan::tests
