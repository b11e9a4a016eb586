#include "recorder/status_line.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <sstream>
#include <string>

#include "format/base/number_text.h"

namespace rfan::recorder {
namespace {

TEST(FormatLatency, PicksTheUnit) {
  EXPECT_EQ(format::latency_text(0), "0ns");
  EXPECT_EQ(format::latency_text(999), "999ns");
  EXPECT_EQ(format::latency_text(1'000), "1.0us");
  EXPECT_EQ(format::latency_text(8'300), "8.3us");
  EXPECT_EQ(format::latency_text(1'200'000), "1.2ms");
  EXPECT_EQ(format::latency_text(2'100'000'000), "2.1s");
  EXPECT_EQ(format::latency_text(5'000'000'000'000), "5000.0s");
}

TEST(FormatLatency, RoundingUpReachesTheNextUnit) {
  EXPECT_EQ(format::latency_text(999'999), "1.0ms");
  EXPECT_EQ(format::latency_text(999'940), "999.9us");
}

TEST(FormatBytes, PicksTheUnit) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(512), "512 B");
  EXPECT_EQ(format_bytes(1'200), "1.2 KB");
  EXPECT_EQ(format_bytes(3'400'000), "3.4 MB");
  EXPECT_EQ(format_bytes(7'000'000'000), "7.0 GB");
  EXPECT_EQ(format_bytes(2'500'000'000'000), "2.5 TB");
}

TEST(FormatBytes, RoundingUpReachesTheNextUnit) {
  EXPECT_EQ(format_bytes(999'999), "1.0 MB");
}

TEST(FormatCount, GroupsThousands) {
  EXPECT_EQ(format::count_text(0), "0");
  EXPECT_EQ(format::count_text(999), "999");
  EXPECT_EQ(format::count_text(1'000), "1,000");
  EXPECT_EQ(format::count_text(1'234'567), "1,234,567");
  EXPECT_EQ(format::count_text(UINT64_MAX), "18,446,744,073,709,551,615");
}

class SummaryTest : public ::testing::Test {
 protected:
  SummaryTest() {
    figures_.output = "vim.fbz";
    figures_.totals.events = 2'000;
    figures_.totals.events_with_exe = 2'000;
    figures_.totals.reply_latency.add(10'000, 2'000);
    figures_.bytes = 5'000;
    figures_.processes = 12;
    figures_.paths = 1'234;
    figures_.duration_ns = 2'500'000'000;
  }
  void expect_text(const std::string& text) {
    EXPECT_NE(format_summary(figures_).find(text), std::string::npos) << text << "\n"
                                                                      << format_summary(figures_);
  }
  void expect_no_text(const std::string& text) {
    EXPECT_EQ(format_summary(figures_).find(text), std::string::npos) << text << "\n"
                                                                      << format_summary(figures_);
  }

  RecordingFigures figures_;
};

TEST_F(SummaryTest, SaysWhatWasRecorded) {
  expect_text("2,000 events by 12 processes on 1,234 paths in 2.5 s");
  expect_text("5.0 KB in vim.fbz");
  expect_text("2.50 bytes/event");
}

TEST_F(SummaryTest, EveryLineBearsTheName) {
  std::istringstream lines(format_summary(figures_));
  std::string line;
  while (std::getline(lines, line)) EXPECT_TRUE(line.starts_with("rfanrec: ")) << line;
  EXPECT_TRUE(format_summary(figures_).ends_with("\n"));
}

TEST_F(SummaryTest, SaysWhetherSomethingWasLost) {
  expect_text("nothing lost");
  figures_.lost.known = 4'321;
  expect_text("rfanrec: 4,321 events LOST");
  expect_no_text("nothing lost");
}

TEST_F(SummaryTest, SaysThatNobodyKnowsHowMuchWasLost) {
  figures_.lost = {0, true};
  expect_text("an unknown number of events LOST");
  figures_.lost = {20, true};
  expect_text("at least 20 events LOST");
}

TEST_F(SummaryTest, SaysHowLongHeldOpensWaited) {
  expect_text("(p50)");
  expect_text("us (p99)");
  figures_.totals.reply_latency = {};
  expect_no_text("p50");
}

TEST_F(SummaryTest, SaysHowManyOpensWereDenied) {
  expect_no_text("denied");
  figures_.denied = 1'234;
  expect_text("1,234 were denied");
}

TEST_F(SummaryTest, SaysWhatTheRecordingCost) {
  figures_.cost.reader_user_ns = 100'000'000;
  figures_.cost.reader_system_ns = 650'000'000;
  figures_.cost.writer_user_ns = 1'230'000'000;
  figures_.cost.queue_high_water = 12'345;
  expect_text("0.75 s to answer, 1.23 s to write; at most 12,345 events queued");
}

TEST_F(SummaryTest, NothingRecordedHasNoRates) {
  figures_ = {};
  figures_.output = "vim.fbz";
  expect_text("0 events");
  expect_no_text("nan");
  expect_no_text("inf");
  expect_no_text("bytes/event");
}

TEST_F(SummaryTest, OneUnknownExecutableIsNotAHundredPercent) {
  figures_.totals.events = 1'000'000;
  figures_.totals.events_with_exe = 1'000'000;
  expect_text("100.00 %");
  figures_.totals.events_with_exe = 999'999;
  expect_no_text("100.00 %");
}

}  // namespace
}  // namespace rfan::recorder
