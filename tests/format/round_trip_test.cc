#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>

#include "bench/event_stream.h"
#include "format/base/limits.h"
#include "tests/format/trace_fixture.h"
#include "tests/support/test_seed.h"

namespace rfan::tests {
namespace {

using format::Event;
using format::EventKind;

std::unique_ptr<format::TraceWriter> open_writer(const SharedBytes& bytes) {
  auto created =
      format::TraceWriter::create(std::make_unique<MemorySink>(bytes), fixed_options(), sample_meta());
  EXPECT_TRUE(created.ok());
  return std::move(created).value();
}

// Returns a latency as a reader shows it: the middle of its bucket.
std::uint32_t shown(std::uint32_t reply_ns) {
  return format::LatencyHistogram::bucket_middle_ns(format::LatencyHistogram::bucket_of(reply_ns));
}

TEST(RoundTrip, GivesBackEveryEventWithItsNames) {
  const auto contents = read_all(sample_trace());
  ASSERT_TRUE(contents.sound());
  ASSERT_EQ(contents.events.size(), 36U);
  const auto& first = contents.events.front();
  EXPECT_EQ(first.time_ns, 5'000'000'000U);
  EXPECT_EQ(first.kind, EventKind::kOpen);
  EXPECT_EQ(first.path, "/src/file0.cc");
  EXPECT_EQ(first.pid, 100U);
  EXPECT_EQ(first.comm, "cc1plus");
  EXPECT_EQ(first.cmdline, std::string("cc1plus\0-O2\0", 12));
  EXPECT_EQ(first.reply_ns, shown(12'300));
  const auto& rename = contents.events.back();
  EXPECT_EQ(rename.kind, EventKind::kRename);
  EXPECT_EQ(rename.path, "/src/file2.cc");
  EXPECT_EQ(rename.path2, "/src/odd\n\xFF name");
  EXPECT_EQ(rename.pid, 0U);
  EXPECT_EQ(contents.events[10].flags, format::kFlagHeld | format::kFlagDenied);
}

TEST(RoundTrip, GivesBackMetaAndProcessTree) {
  const auto contents = read_all(sample_trace());
  const auto meta = sample_meta();
  EXPECT_EQ(contents.meta.hostname, meta.hostname);
  EXPECT_EQ(contents.meta.boot_id, meta.boot_id);
  EXPECT_EQ(contents.meta.command, meta.command);
  EXPECT_EQ(contents.meta.recorder_args, meta.recorder_args);
  EXPECT_EQ(contents.meta.event_kinds, meta.event_kinds);
  EXPECT_EQ(contents.meta.flush_interval_ms, 250U);
  EXPECT_EQ(contents.meta.previous_file, meta.previous_file);
  EXPECT_TRUE(contents.meta.redacted);
  EXPECT_EQ(contents.meta.redaction_key_id, "k1");
  ASSERT_EQ(contents.meta.mounts.size(), 2U);
  EXPECT_TRUE(contents.meta.mounts[0].covered);
  EXPECT_EQ(contents.meta.mounts[1].path, "/mnt/\xFF");
  ASSERT_EQ(contents.processes.size(), 3U);
  EXPECT_EQ(contents.processes[2].parent, 2U);
  EXPECT_EQ(contents.processes[1].comm, "vim");
  EXPECT_EQ(contents.processes[1].cgroup, "/user.slice/session-1.scope");
  EXPECT_EQ(contents.processes[2].cgroup, "");
  EXPECT_EQ(contents.processes[1].start_time_ns, 5'255'000'000U - 5'000'000U);
  EXPECT_EQ(contents.paths.at(contents.processes[1].exe - 1), "/usr/bin/vim");
}

TEST(RoundTrip, GivesBackLossesClocksAndFooter) {
  const auto contents = read_all(sample_trace());
  ASSERT_EQ(contents.losses.size(), 5U);
  EXPECT_FALSE(contents.losses[0].count.has_value());
  EXPECT_EQ(contents.losses[1].count, 42U);
  EXPECT_EQ(contents.losses[2].cause, format::LossCause::kUnmarkedFilesystem);
  EXPECT_EQ(contents.losses[3].cause, format::LossCause::kUncertainProcess);
  EXPECT_EQ(contents.losses[4].cause, format::LossCause::kStall);
  ASSERT_EQ(contents.clocks.size(), 2U) << "one at the start, one at the end: the offset did not move";
  ASSERT_TRUE(contents.footer.has_value());
  EXPECT_EQ(contents.footer->totals.events, 36U);
  EXPECT_EQ(contents.footer->totals.events_with_exe, 33U);
  EXPECT_EQ(contents.footer->totals.by_kind[static_cast<std::size_t>(EventKind::kExec)], 3U);
  EXPECT_EQ(contents.footer->totals.reply_latency.total(), 18U);
  EXPECT_EQ(contents.footer->losses, contents.losses);
  EXPECT_EQ(contents.footer->end_reason, format::EndReason::kCommandEnded);
  EXPECT_EQ(contents.footer->command_status, 3);
  EXPECT_EQ(contents.footer->cost.events_seen, 40U);
  EXPECT_EQ(contents.footer->process_count, 3U);
  EXPECT_EQ(contents.footer->first_clock, contents.clocks.front());
}

TEST(RoundTrip, GivesBackMountsThatAppearedWhileRecording) {
  const auto contents = read_all(sample_trace());
  ASSERT_EQ(contents.mounts.size(), 3U);
  EXPECT_EQ(contents.mounts[0].since_ns, 0U);
  EXPECT_EQ(contents.mounts[2],
            (format::MountCoverage{"/media/stick", "vfat", true, "filesystem mark", 5'255'000'000}));
  EXPECT_EQ(contents.footer->later_mounts.size(), 1U);
}

TEST(RoundTrip, ReadsAPipeLikeAFile) {
  const auto bytes = sample_trace();
  const auto from_file = read_all(bytes);
  const auto from_pipe = read_all(std::make_unique<MemoryPipe>(bytes));
  EXPECT_TRUE(from_pipe.sound());
  EXPECT_EQ(from_pipe.events, from_file.events);
  EXPECT_TRUE(from_pipe.footer.has_value());
}

TEST(RoundTrip, GivesTheFooterOfAFileBeforeAnyBlockIsRead) {
  const auto bytes = sample_trace();
  auto file = format::TraceReader::open(std::make_unique<MemorySource>(bytes), {});
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->footer().has_value());
  EXPECT_EQ((*file)->footer()->totals.events, 36U);
  EXPECT_FALSE((*file)->complete());
  auto pipe = format::TraceReader::open(std::make_unique<MemoryPipe>(bytes), {});
  ASSERT_TRUE(pipe.ok());
  EXPECT_FALSE((*pipe)->footer().has_value());
}

TEST(RoundTrip, StatisticsAgreeWithTheColumns) {
  const auto bytes = sample_trace();
  auto reader = format::TraceReader::open(std::make_unique<MemorySource>(bytes), {});
  ASSERT_TRUE(reader.ok());
  format::TraceTotals totals;
  format::EventColumns columns;
  while (true) {
    auto block = (*reader)->next_block();
    ASSERT_TRUE(block.ok());
    if (!*block) break;
    const auto& statistics = (*block)->statistics;
    totals.merge(statistics.totals);
    ASSERT_TRUE((*reader)->decode(**block, format::kAllColumns, columns).ok());
    EXPECT_EQ(columns.time_ns.front(), statistics.totals.first_ns);
    EXPECT_EQ(columns.time_ns.back(), statistics.totals.last_ns);
    ASSERT_TRUE(statistics.processes.has_value());
    EXPECT_EQ(statistics.processes->size(), 2U) << "the unknown process and one known";
  }
  totals.reply_latency = (*reader)->footer()->totals.reply_latency;  // statistics of blocks have none
  EXPECT_EQ(totals, (*reader)->footer()->totals);
}

TEST(RoundTrip, DecodesOnlyTheColumnsAskedFor) {
  const auto bytes = sample_trace();
  auto reader = format::TraceReader::open(std::make_unique<MemorySource>(bytes), {});
  ASSERT_TRUE(reader.ok());
  auto block = (*reader)->next_block();
  ASSERT_TRUE(block.ok() && *block);
  format::EventColumns all;
  ASSERT_TRUE((*reader)->decode(**block, format::kAllColumns, all).ok());
  format::EventColumns some;
  ASSERT_TRUE((*reader)->decode(**block, format::kColumnPath | format::kColumnReply, some).ok());
  EXPECT_EQ(some.path, all.path);
  EXPECT_EQ(some.reply_ns, all.reply_ns);
  EXPECT_EQ(some.count, all.count);
  EXPECT_TRUE(some.process.empty() && some.flags.empty() && some.kind.empty() && some.time_ns.empty());
}

TEST(RoundTrip, RoundsTimesDownAndLatenciesToTheMiddleOfTheirBucket) {
  auto bytes = std::make_shared<Bytes>();
  auto writer = open_writer(bytes);
  const auto held = format::kFlagHeld;
  writer->add_event({19'999, EventKind::kOpen, held, 0, 0, 0, 7});
  writer->add_event({20'000, EventKind::kOpen, held, 0, 0, 0, 1000});
  writer->add_event({20'001, EventKind::kOpen, held, 0, 0, 0, 0});
  writer->add_event({20'002, EventKind::kOpen, held, 0, 0, 0, UINT32_MAX});
  writer->add_event({20'003, EventKind::kCloseWrite, 0, 0, 0, 0, 777});
  ASSERT_TRUE(writer->finish({}, {}).ok());
  const auto contents = read_all(*bytes);
  const auto& events = contents.events;
  ASSERT_EQ(events.size(), 5U);
  EXPECT_EQ(contents.meta.time_unit_ns, 10'000U);
  EXPECT_EQ(events[0].time_ns, 10'000U);
  EXPECT_EQ(events[1].time_ns, 20'000U);
  EXPECT_EQ(events[0].reply_ns, 7U);
  EXPECT_NEAR(events[1].reply_ns, 1000.0, 1000.0 / 16);
  EXPECT_EQ(events[2].reply_ns, 0U);
  EXPECT_NEAR(events[3].reply_ns, 4294967295.0, 4294967295.0 / 16);
  EXPECT_EQ(events[4].reply_ns, 0U) << "not held: no latency";
}

TEST(RoundTrip, KeepsAUnitOfTimeThatIsNotTheDefault) {
  auto bytes = std::make_shared<Bytes>();
  auto options = fixed_options();
  options.time_unit_ns = 100;
  auto created = format::TraceWriter::create(std::make_unique<MemorySink>(bytes), options, sample_meta());
  ASSERT_TRUE(created.ok());
  (*created)->add_event({1'234, EventKind::kOpen, 0, 0, 0, 0, 0});
  (*created)->add_event({5'678, EventKind::kOpen, 0, 0, 0, 0, 0});
  ASSERT_TRUE((*created)->finish({}, {}).ok());
  const auto contents = read_all(*bytes);
  ASSERT_EQ(contents.events.size(), 2U);
  EXPECT_EQ(contents.events[0].time_ns, 1'200U);
  EXPECT_EQ(contents.events[1].time_ns, 5'600U);
  EXPECT_EQ(contents.meta.time_unit_ns, 100U);
}

TEST(RoundTrip, KeepsAWholeCompileStream) {
  const auto stream = bench::make_compile_stream(7, 3 * format::kMaxBlockEvents / 2);
  auto bytes = std::make_shared<Bytes>();
  auto writer = open_writer(bytes);
  ASSERT_TRUE(bench::write_stream(stream, *writer).ok());
  const auto contents = read_all(*bytes);
  ASSERT_TRUE(contents.sound());
  ASSERT_EQ(contents.events.size(), stream.events.size());
  for (std::size_t i = 0; i < stream.events.size(); ++i) {
    const auto& written = stream.events[i];
    const auto& read = contents.events[i];
    ASSERT_EQ(read.path, stream.paths[written.path - 1]) << "event " << i;
    ASSERT_EQ(read.pid, stream.processes[written.process - 1].pid) << "event " << i;
    ASSERT_EQ(read.cmdline, stream.processes[written.process - 1].cmdline) << "event " << i;
    ASSERT_EQ(read.time_ns, written.time_ns / 10'000 * 10'000) << "event " << i;
    ASSERT_EQ(read.kind, written.kind) << "event " << i;
    ASSERT_EQ(read.reply_ns, shown(written.reply_ns) * (written.flags & format::kFlagHeld)) << "event " << i;
  }
}

TEST(RoundTrip, ALargeBlockCountsTheEventsOfItsProcesses) {
  const auto stream = bench::make_compile_stream(7, format::kMaxBlockEvents);
  auto bytes = std::make_shared<Bytes>();
  auto writer = open_writer(bytes);
  ASSERT_TRUE(bench::write_stream(stream, *writer).ok());
  auto reader = format::TraceReader::open(std::make_unique<MemorySource>(*bytes), {}).value();
  const auto block = reader->next_block().value();
  ASSERT_TRUE(block.has_value());
  const auto& statistics = block->statistics;
  format::EventColumns columns;
  ASSERT_TRUE(reader->decode(*block, format::kColumnProcess, columns).ok());
  ASSERT_EQ(statistics.process_events.size(), statistics.processes->size());
  for (std::size_t i = 0; i < statistics.process_events.size(); ++i) {
    const auto id = (*statistics.processes)[i];
    EXPECT_EQ(statistics.process_events[i], std::count(columns.process.begin(), columns.process.end(), id));
  }
}

// Uses random ids, kinds, flags and gaps in blocks of random size, unlike any recording.
TEST(RoundTrip, KeepsRandomEvents) {
  std::mt19937_64 random(tests::test_seed());
  auto bytes = std::make_shared<Bytes>();
  auto writer = open_writer(bytes);
  std::vector<Event> written;
  std::uint64_t now_ns = random() >> 8;
  for (int block = 0; block < 40; ++block) {
    for (auto i = random() % 50; i > 0; --i) writer->intern_path("/path/" + std::to_string(random()));
    for (auto i = random() % 9000 / 89 * (block % 5 == 0 ? 100 : 1); i > 0; --i) writer->add_process({});
    const auto gap_ns = std::uint64_t{1} << (random() % 40);
    for (auto i = random() % 3000; i > 0; --i) {
      now_ns += random() % gap_ns;
      const auto any = [&](std::uint32_t count) {
        return static_cast<std::uint32_t>(random() % (count + 1));
      };
      written.push_back({now_ns, static_cast<EventKind>(1 + random() % 10),
                         static_cast<std::uint8_t>(random()), any(writer->process_count()),
                         any(writer->path_count()), any(writer->path_count()),
                         static_cast<std::uint32_t>(random())});
      writer->add_event(written.back());
    }
    ASSERT_TRUE(writer->flush({now_ns, random(), 0}).ok());
  }
  ASSERT_TRUE(writer->finish({now_ns, 0, 0}, {}).ok());

  auto reader = format::TraceReader::open(std::make_unique<MemorySource>(*bytes), {});
  ASSERT_TRUE(reader.ok());
  format::EventColumns columns;
  std::size_t at = 0;
  while (true) {
    auto block = (*reader)->next_block();
    ASSERT_TRUE(block.ok());
    if (!*block) break;
    ASSERT_TRUE((*reader)->decode(**block, format::kAllColumns, columns).ok());
    for (std::size_t i = 0; i < columns.count; ++i, ++at) {
      const auto& event = written.at(at);
      const bool held = (event.flags & format::kFlagHeld) != 0;
      ASSERT_EQ(columns.time_ns[i], event.time_ns / 10'000 * 10'000);
      ASSERT_EQ(columns.kind[i], event.kind);
      ASSERT_EQ(columns.flags[i], event.flags);
      ASSERT_EQ(columns.process[i], event.process);
      ASSERT_EQ(columns.path[i], event.path);
      ASSERT_EQ(columns.path2[i], event.path2);
      ASSERT_EQ(columns.reply_ns[i], held ? shown(event.reply_ns) : 0);
    }
  }
  EXPECT_EQ(at, written.size());
  EXPECT_TRUE((*reader)->complete());
}

TEST(Writer, InternsAPathOnceAndRefusesWhatIsNoPath) {
  auto writer = open_writer(std::make_shared<Bytes>());
  EXPECT_EQ(writer->intern_path("/a"), 1U);
  EXPECT_EQ(writer->intern_path("/b"), 2U);
  EXPECT_EQ(writer->intern_path("/a"), 1U);
  EXPECT_EQ(writer->intern_path(""), 0U);
  EXPECT_EQ(writer->intern_path(std::string(format::kMaxPathBytes + 1, 'x')), 0U);
  EXPECT_EQ(writer->intern_path(std::string(format::kMaxPathBytes, 'x')), 3U);
}

TEST(Writer, CutsLongCommandLinesAndFlagsThem) {
  auto bytes = std::make_shared<Bytes>();
  auto writer = open_writer(bytes);
  format::Process process;
  process.comm = "a comm that is far too long";
  process.cmdline = std::string(format::kMaxCmdlineBytes + 1, 'x');
  writer->add_process(process);
  ASSERT_TRUE(writer->finish({}, {}).ok());
  const auto contents = read_all(*bytes);
  ASSERT_EQ(contents.processes.size(), 1U);
  EXPECT_EQ(contents.processes[0].cmdline.size(), format::kMaxCmdlineBytes);
  EXPECT_EQ(contents.processes[0].flags, format::kProcessCmdlineTruncated);
  EXPECT_EQ(contents.processes[0].comm, "a comm that is ");
}

TEST(Writer, SplitsADictionaryThatIsTooLargeForOneFrame) {
  auto bytes = std::make_shared<Bytes>();
  auto writer = open_writer(bytes);
  const auto count = format::kMaxDictEntriesPerFrame + 1000;
  for (std::size_t i = 0; i < count; ++i) writer->intern_path("/p" + std::to_string(i));
  format::Process process;
  process.exe = static_cast<format::PathId>(count);
  for (std::size_t i = 0; i < count; ++i) writer->add_process(process);
  ASSERT_TRUE(writer->finish({}, {}).ok());
  const auto contents = read_all(*bytes);
  EXPECT_TRUE(contents.sound());
  ASSERT_EQ(contents.paths.size(), count);
  EXPECT_EQ(contents.paths.back(), "/p" + std::to_string(count - 1));
  ASSERT_EQ(contents.processes.size(), count);
  EXPECT_EQ(contents.processes.back().exe, count);
}

TEST(Writer, WritesOneAppendPerFlush) {
  auto bytes = std::make_shared<Bytes>();
  auto sink = std::make_unique<MemorySink>(bytes);
  const auto* appends = sink.get();
  auto created = format::TraceWriter::create(std::move(sink), fixed_options(), sample_meta());
  ASSERT_TRUE(created.ok());
  auto& writer = **created;
  EXPECT_EQ(appends->appends(), 1);
  writer.add_event({1, EventKind::kOpen, 0, 0, writer.intern_path("/a"), 0, 0});
  writer.add_loss({format::LossCause::kNoArena, 1, 0, 0});
  ASSERT_TRUE(writer.flush({}).ok());
  EXPECT_EQ(appends->appends(), 2);
  ASSERT_TRUE(writer.flush({}).ok());
  EXPECT_EQ(appends->appends(), 2) << "nothing pending, nothing written";
}

TEST(Writer, EntersAClockThatWasSetBetweenTwoFlushes) {
  auto bytes = std::make_shared<Bytes>();
  auto writer = open_writer(bytes);
  writer->add_clock({1'000'000, 1'000'000, 0});
  writer->add_clock({2'000'000, 9'000'000, 0});
  ASSERT_TRUE(writer->flush({3'000'000, 10'000'000, 0}).ok());
  // This reading comes too late: the flush had a later one.
  writer->add_clock({2'500'000, 1'000'000, 0});
  ASSERT_TRUE(writer->finish({4'000'000, 11'000'000, 0}, {}).ok());
  const auto clocks = read_all(*bytes).clocks;
  EXPECT_EQ(format::to_realtime_ns(clocks, 1'900'000), 1'900'000U);
  EXPECT_EQ(format::to_realtime_ns(clocks, 2'000'000), 9'000'000U);
  EXPECT_EQ(format::to_realtime_ns(clocks, 2'600'000), 9'600'000U);
}

TEST(Writer, WritesAClockWhenTheOffsetMoves) {
  auto bytes = std::make_shared<Bytes>();
  auto writer = open_writer(bytes);
  ASSERT_TRUE(writer->flush({1'000'000, 2'000'000, 0}).ok());
  ASSERT_TRUE(writer->flush({3'000'000, 4'100'000, 0}).ok());  // moved by 0.1 ms, not more
  ASSERT_TRUE(writer->flush({5'000'000, 6'100'001, 0}).ok());
  ASSERT_TRUE(writer->finish({7'000'000, 8'100'001, 0}, {}).ok());
  const auto clocks = read_all(*bytes).clocks;
  ASSERT_EQ(clocks.size(), 3U);
  EXPECT_EQ(format::to_realtime_ns(clocks, 500'000), 1'500'000U) << "before the first sample: by the first";
  EXPECT_EQ(format::to_realtime_ns(clocks, 4'000'000), 5'000'000U);
  EXPECT_EQ(format::to_realtime_ns(clocks, 5'000'000), 6'100'001U);
}

TEST(Writer, GivesRandomUuidsOfVersionFour) {
  const auto first = format::random_uuid();
  EXPECT_NE(first, format::random_uuid());
  EXPECT_EQ(first[6] >> 4, 4);
  EXPECT_EQ(first[8] >> 6, 2);
}

}  // namespace
}  // namespace rfan::tests
