// Tests that setting the clock during a recording changes dates and nothing else.
#include <gtest/gtest.h>

#include "tests/replay/sample_trace.h"

namespace rfan::replay {
namespace {

using format::EventKind;
using replay_test::check;
using replay_test::kSampleClock;
using replay_test::kSecond;
using replay_test::run;

// 10:31:02 UTC at 1 s; at 5 s it is set back by 4 s, to 10:31:02.
constexpr format::ClockSample kSetBack{5 * kSecond, kSampleClock.realtime_ns, 5 * kSecond};

class ClockStepTest : public testing::Test {
 protected:
  static format::Event event(std::uint64_t time_ns, EventKind kind, format::ProcessId process,
                             format::PathId path, std::uint32_t reply_ns = 0) {
    const auto flags = static_cast<std::uint8_t>(reply_ns == 0 ? 0 : format::kFlagHeld);
    return {time_ns, kind, flags, process, path, 0, reply_ns};
  }

  static format::ProcessId add_process(format::TraceWriter& writer, std::uint32_t pid, const char* exe) {
    format::Process process;
    process.pid = pid;
    process.exe = writer.intern_path(exe);
    return writer.add_process(process);
  }

  // Writes an event each second from 1 s to 9 s: four by `early` before the step, five by `late` after it.
  void write_trace() {
    const auto writer = replay_test::create_trace(trace_);
    const auto early = add_process(*writer, 1, "/bin/early");
    const auto late = add_process(*writer, 2, "/bin/late");
    const auto file = writer->intern_path("/f");
    const auto temporary = writer->intern_path("/tmp/x");
    writer->add_event(event(1 * kSecond, EventKind::kOpen, early, file));
    writer->add_event(event(2 * kSecond, EventKind::kOpen, early, file, 10'000'000));
    writer->add_event(event(3 * kSecond, EventKind::kCreate, early, temporary));
    writer->add_event(event(4 * kSecond, EventKind::kOpen, early, file));
    check(writer->flush(kSampleClock));
    writer->add_event(event(5 * kSecond, EventKind::kOpen, late, file));
    writer->add_event(event(6 * kSecond, EventKind::kOpen, late, file, 10'000'000));
    writer->add_event(event(7 * kSecond, EventKind::kDelete, late, temporary));
    writer->add_event(event(8 * kSecond, EventKind::kOpen, late, file, 15'000'000));
    writer->add_event(event(9 * kSecond, EventKind::kOpen, late, file));
    check(writer->finish(kSetBack, {}));
  }

  // Writes a recording with one open by `exe` at `time_ns`, with the clock sample `clock`.
  std::string write_recording(const std::string& name, const char* boot_id, const char* exe,
                              std::uint64_t time_ns, const format::ClockSample& clock) {
    format::TraceMeta meta;
    meta.boot_id = boot_id;
    const auto writer =
        replay_test::create_trace(scratch_.file(name), meta, {format::random_uuid(), format::random_uuid()});
    writer->add_event(
        event(time_ns, EventKind::kOpen, add_process(*writer, 1, exe), writer->intern_path("/f")));
    check(writer->finish(clock, {}));
    return scratch_.file(name);
  }

  static std::string by_first(const std::vector<std::string>& traces) {
    std::vector<std::string> arguments{"report", "--format", "csv", "-F", "events", "--sort", "first"};
    arguments.insert(arguments.end(), traces.begin(), traces.end());
    std::string order;
    const auto text = run(arguments).out;
    for (auto at = text.find("/bin/"); at != text.npos; at = text.find("/bin/", at + 1))
      order += text[at + 5];
    return order;
  }

  tests::ScratchDirectory scratch_;
  std::string trace_ = scratch_.file("t.fbz");
};

TEST_F(ClockStepTest, HistGoesThroughTheRecordingOnce) {
  write_trace();
  const auto relative = run({"hist", trace_, "--reltime", "--rows", "9"}).out;
  const auto dates = run({"hist", trace_, "--utc", "--rows", "9"}).out;
  std::size_t at = 0;
  for (const auto* second : {"0.0", "1.0", "2.0", "3.0", "4.0", "5.0", "6.0", "7.0", "8.0"}) {
    at = relative.find(std::string("\n") + second, at);
    ASSERT_NE(at, relative.npos) << second << " in\n" << relative;
  }
  at = 0;
  for (const auto* time : {"02", "03", "04", "05", "02", "03", "04", "05", "06"}) {
    at = dates.find(std::string("\n10:31:") + time, at);
    ASSERT_NE(at, dates.npos) << time << " in\n" << dates;
    ++at;
  }
}

TEST_F(ClockStepTest, ReportSubtractsAndSortsByTheTimeThatPassed) {
  write_trace();
  const auto text = run({"report", trace_, "--format", "csv", "-F", "events,rate", "--by", "kind"}).out;
  EXPECT_NE(text.find("open,7,0.875\n"), text.npos) << "7 events in 8 s:\n" << text;
  EXPECT_EQ(by_first({trace_}), "el");
  const auto relative = run({"report", trace_, "--reltime", "-F", "first,last"}).out;
  EXPECT_NE(relative.find("0.000000  3.000000  /bin/early"), relative.npos) << relative;
  EXPECT_NE(relative.find("4.000000  8.000000  /bin/late"), relative.npos) << relative;
}

TEST_F(ClockStepTest, FilesLiveAsLongAsTheTimeThatPassed) {
  write_trace();
  const auto text = run({"files", "--churn", trace_, "--format", "jsonl"}).out;
  EXPECT_NE(text.find("\"lived_ns\":4000000000"), text.npos) << text;
}

TEST_F(ClockStepTest, TheSlowestStretchIsOneStretch) {
  write_trace();
  // By the wall clock, the waits at 2 s and at 6 s are at the same time.
  const auto outcome = run({"cat", trace_, "--slowest", "1s", "--reltime"});
  EXPECT_NE(outcome.out.find("7.000000 open"), outcome.out.npos) << outcome.out;
  EXPECT_EQ(outcome.out.find('\n'), outcome.out.size() - 1) << "one event:\n" << outcome.out;
}

TEST_F(ClockStepTest, RecordingsOfOneBootKeepTheirOrder) {
  const auto first = write_recording("1.fbz", "a", "/bin/first", kSecond, kSampleClock);
  const auto second =
      write_recording("2.fbz", "a", "/bin/second", 6 * kSecond, {5 * kSecond, kSecond, kSecond});
  EXPECT_EQ(by_first({first, second}), "fs");
  EXPECT_EQ(by_first({second, first}), "fs");
}

TEST_F(ClockStepTest, RecordingsOfDifferentBootsAreOrderedByTheWallClock) {
  const auto first = write_recording("1.fbz", "a", "/bin/first", 500 * kSecond,
                                     {500 * kSecond, kSampleClock.realtime_ns, kSecond});
  const auto second = write_recording("2.fbz", "b", "/bin/second", kSecond,
                                      {kSecond, kSampleClock.realtime_ns + 60 * kSecond, kSecond});
  EXPECT_EQ(by_first({first, second}), "fs");
  EXPECT_EQ(by_first({second, first}), "fs");
}

}  // namespace
}  // namespace rfan::replay
