#include "tests/format/trace_fixture.h"

#include <algorithm>
#include <cstdlib>

#include "format/trace/trace_file.h"

namespace rfan::tests {

using format::Event;
using format::EventKind;

namespace {

void add_names(const format::Dictionary& dictionary, const format::EventColumns& columns,
               std::vector<NamedEvent>& events) {
  for (std::size_t i = 0; i < columns.count; ++i) {
    const auto& process = dictionary.process(columns.process[i]);
    events.push_back({columns.time_ns[i], columns.kind[i], columns.flags[i], columns.reply_ns[i], process.pid,
                      std::string(process.comm), std::string(process.cmdline),
                      std::string(dictionary.path(columns.path[i])),
                      std::string(dictionary.path(columns.path2[i]))});
  }
}

Status read_blocks(format::TraceReader& reader, Contents& contents) {
  format::EventColumns columns;
  while (true) {
    auto block = reader.next_block();
    if (!block) return block.error();
    if (!*block) return {};
    if (!reader.decode(**block, format::kAllColumns, columns)) continue;
    add_names(reader.dictionary(), columns, contents.events);
    contents.unknown_columns = std::max(contents.unknown_columns, columns.unknown_columns);
  }
}

}  // namespace

Contents read_all(std::unique_ptr<format::ByteSource> source) {
  Contents contents;
  auto opened = format::TraceReader::open(
      std::move(source), [&](const format::Damage& damage) { contents.damages.push_back(damage); });
  if (!opened) {
    contents.error = opened.error();
    return contents;
  }
  auto& reader = **opened;
  if (auto read = read_blocks(reader, contents); !read) contents.error = read.error();
  contents.header = reader.header();
  contents.meta = reader.meta();
  for (std::uint32_t id = 1; id <= reader.dictionary().process_count(); ++id) {
    contents.processes.push_back(reader.dictionary().process(id).copy());
  }
  for (std::uint32_t id = 1; id <= reader.dictionary().path_count(); ++id) {
    contents.paths.emplace_back(reader.dictionary().path(id));
  }
  contents.losses = reader.losses();
  contents.clocks = reader.clocks();
  contents.mounts = reader.mounts();
  contents.footer = reader.footer();
  contents.complete = reader.complete();
  contents.unknown_frames = reader.unknown_frames();
  return contents;
}

Contents read_all(const Bytes& bytes) {
  return read_all(std::make_unique<MemorySource>(bytes));
}

std::vector<NamedEvent> events_by_block(const Bytes& bytes) {
  auto file = format::TraceFile::open(std::make_unique<MemorySource>(bytes), {});
  std::vector<NamedEvent> events;
  if (!file) return events;
  format::BlockDecoder decoder;
  format::EventColumns columns;
  for (std::size_t i = 0; i < (*file)->blocks().size(); ++i) {
    auto block = (*file)->read_block(i);
    if (block && (*file)->decode(*block, format::kAllColumns, decoder, columns))
      add_names((*file)->dictionary(), columns, events);
  }
  return events;
}

format::TraceWriterOptions fixed_options() {
  format::TraceWriterOptions options;
  for (std::uint8_t i = 0; i < 16; ++i) {
    options.session[i] = static_cast<std::uint8_t>(0xA0 + i);
    options.file[i] = static_cast<std::uint8_t>(0x10 + i);
  }
  return options;
}

format::TraceMeta sample_meta() {
  format::TraceMeta meta;
  meta.recorder_version = "0.1.0";
  meta.hostname = "testhost";
  meta.kernel = "6.1.0";
  meta.machine = "x86_64";
  meta.boot_id = "00000000-1111-2222-3333-444444444444";
  meta.cpu_count = 2;
  meta.recorder_args = {"rfanrec", "-o", "t.fbz", "/"};
  meta.command = {"make", "-j2", "with space", "\xFF\n"};
  meta.hold = format::HoldMode::kOpen;
  meta.event_kinds = 0x66;
  meta.process_source = "/proc";
  meta.flush_interval_ms = 250;
  meta.previous_file.emplace().fill(0x77);
  meta.redacted = true;
  meta.redaction_key_id = "k1";
  meta.mounts = {{"/", "ext4", true, "filesystem mark", 0}, {"/mnt/\xFF", "fuse", false, "can deadlock", 0}};
  return meta;
}

Status write_sample_trace(std::unique_ptr<format::ByteSink> sink, const format::TraceWriterOptions& options) {
  auto created = format::TraceWriter::create(std::move(sink), options, sample_meta());
  if (!created) return created.error();
  auto& writer = **created;
  constexpr std::uint64_t kEpoch = 1'700'000'000'000'000'000;
  std::uint64_t now_ns = 5'000'000'000;
  const auto clock = [&] { return format::ClockSample{now_ns, now_ns + kEpoch, now_ns + 7}; };
  for (int flush = 0; flush < 3; ++flush) {
    const auto exe = writer.intern_path(flush == 1 ? "/usr/bin/vim" : "/usr/lib/gcc/cc1plus");
    const auto source = writer.intern_path("/src/file" + std::to_string(flush) + ".cc");
    const auto header = writer.intern_path("/usr/include/stdio.h");
    const auto odd = writer.intern_path("/src/odd\n\xFF name");
    const auto parent = writer.process_count();
    const auto pid = 100 + static_cast<std::uint32_t>(flush);
    const auto process = writer.add_process(
        {pid, 1, parent, 1000, 1000, now_ns - 5'000'000, exe, 0, flush == 1 ? "vim" : "cc1plus",
         std::string("cc1plus\0-O2\0", 12), flush == 2 ? "" : "/user.slice/session-1.scope"});
    for (int i = 0; i < 5; ++i) {
      writer.add_event(
          {now_ns, EventKind::kOpen, format::kFlagHeld, process, i == 0 ? source : header, 0, 12'300});
      now_ns += 1'000'000;
      writer.add_event({now_ns, EventKind::kCloseNowrite, 0, process, i == 0 ? source : header, 0, 0});
    }
    writer.add_event(
        {now_ns, EventKind::kExec, format::kFlagHeld | format::kFlagDenied, process, exe, 0, 45'600});
    const std::uint8_t doubt = flush == 2 ? format::kFlagUncertainProcess : 0;
    writer.add_event({now_ns, EventKind::kRename, doubt, 0, source, odd, 0});
    if (flush == 1) writer.add_mount({"/media/stick", "vfat", true, "filesystem mark", 5'255'000'000});
    if (flush == 1) writer.add_loss({format::LossCause::kQueueOverflow, {}, now_ns, now_ns});
    if (flush == 2) writer.add_loss({format::LossCause::kNoArena, 42, now_ns - 10, now_ns});
    if (flush == 2) writer.add_loss({format::LossCause::kUnmarkedFilesystem, {}, now_ns - 20, now_ns});
    if (flush == 2) writer.add_loss({format::LossCause::kUncertainProcess, 1, now_ns, now_ns});
    if (flush == 2) writer.add_loss({format::LossCause::kStall, 2, now_ns - 120'000'000, now_ns});
    now_ns += 250'000'000;
    if (flush == 2) break;
    if (auto flushed = writer.flush(clock()); !flushed) return flushed;
  }
  format::TraceSummary summary;
  summary.end_reason = format::EndReason::kCommandEnded;
  summary.command_status = 3;
  summary.cost.events_seen = 40;
  summary.cost.arenas = 8;
  return writer.finish(clock(), summary);
}

Bytes trace_with_unmarked_filesystem() {
  auto bytes = std::make_shared<Bytes>();
  auto created =
      format::TraceWriter::create(std::make_unique<MemorySink>(bytes), fixed_options(), sample_meta());
  if (!created) std::abort();
  auto& writer = **created;
  constexpr std::uint64_t kMarked = 5'255'000'000;
  constexpr std::uint64_t kEpoch = 1'700'000'000'000'000'000;
  const format::ClockSample clock{kMarked, kMarked + kEpoch, kMarked + 7};
  writer.add_event({kMarked, EventKind::kOpen, 0, 0, writer.intern_path("/media/stick/a"), 0, 0});
  writer.add_mount({"/media/stick", "vfat", true, "filesystem mark", kMarked});
  writer.add_loss({format::LossCause::kUnmarkedFilesystem, {}, kMarked - 5'000'000, kMarked});
  if (!writer.flush(clock) || !writer.finish(clock, {})) std::abort();
  return *bytes;
}

Bytes sample_trace() {
  auto bytes = std::make_shared<Bytes>();
  if (!write_sample_trace(std::make_unique<MemorySink>(bytes), fixed_options())) std::abort();
  return *bytes;
}

bool same_or_unknown(const NamedEvent& found, const NamedEvent& written) {
  auto expected = written;
  if (found.path.empty()) expected.path.clear();
  if (found.path2.empty()) expected.path2.clear();
  if (found.pid == 0) {
    expected.pid = 0;
    expected.comm.clear();
    expected.cmdline.clear();
  }
  return found == expected;
}

bool is_subsequence(const std::vector<NamedEvent>& part, const std::vector<NamedEvent>& whole) {
  auto at = whole.begin();
  for (const auto& event : part) {
    at = std::find_if(at, whole.end(), [&](const auto& written) { return same_or_unknown(event, written); });
    if (at == whole.end()) return false;
    ++at;
  }
  return true;
}

}  // namespace rfan::tests
