// Tests error messages, names of enumerations, and the latency histogram.
#include <gtest/gtest.h>

#include <cerrno>

#include "format/base/error.h"
#include "format/model/event.h"
#include "format/model/latency_histogram.h"
#include "format/model/trace_info.h"

namespace rfan::format {
namespace {

TEST(ErrorMessage, SaysWhatOnWhatWhyAndTheRemedy) {
  const Error error{"cannot open trace", "/tmp/t.fbz", ENOENT, "give the name of a trace"};
  EXPECT_EQ(error.message(),
            "cannot open trace '/tmp/t.fbz': No such file or directory; give the name of a trace");
}

TEST(ErrorMessage, LeavesOutWhatIsNotKnown) {
  EXPECT_EQ((Error{"cannot write", "", 0, ""}).message(), "cannot write");
  EXPECT_EQ((Error{"cannot write", "", ENOSPC, ""}).message(), "cannot write: No space left on device");
}

TEST(ErrorMessage, EscapesWhatATerminalMustNotGet) {
  EXPECT_EQ((Error{"cannot open", "a\x1b[31m\n\x7f\x9b\u202E\\", 0, ""}).message(),
            "cannot open 'a\\x1b[31m\\n\\x7f\\x9b\\xe2\\x80\\xae\\\\'");
  EXPECT_EQ((Error{"no \x9b", "", 0, "write \\[ and no \x9b"}).message(), "no \\x9b; write \\[ and no \\x9b");
}

TEST(ErrorMessage, ShowsTheExcerptBelowAsItIs) {
  const Error error{.what = "--where: expected a value", .excerpt = "  kind ==\n         ^"};
  EXPECT_EQ(error.message(), "--where: expected a value\n  kind ==\n         ^");
}

TEST(ErrorMessage, TakesTheCurrentErrno) {
  errno = EACCES;
  const auto error = errno_error("cannot read", "/x");
  EXPECT_EQ(error.errno_value, EACCES);
  EXPECT_EQ(error.message(), "cannot read '/x': Permission denied");
}

TEST(EventKindName, GoesBothWays) {
  for (std::uint8_t value = 1; value < kEventKindLimit; ++value) {
    const auto kind = static_cast<EventKind>(value);
    EXPECT_EQ(event_kind_from_name(event_kind_name(kind)), kind);
  }
  EXPECT_EQ(event_kind_name(EventKind::kCloseWrite), "close_write");
  EXPECT_EQ(event_kind_name(static_cast<EventKind>(200)), "unknown");
  EXPECT_FALSE(event_kind_from_name("unknown").has_value());
  EXPECT_FALSE(event_kind_from_name("Open").has_value());
}

TEST(LossCauseName, IsUnknownBeyondTheList) {
  EXPECT_EQ(loss_cause_name(LossCause::kQueueOverflow), "queue overflow");
  EXPECT_EQ(loss_cause_name(LossCause::kProcessChannel), "process channel");
  EXPECT_EQ(loss_cause_name(LossCause::kUnmarkedFilesystem), "unmarked filesystem");
  EXPECT_EQ(loss_cause_name(static_cast<LossCause>(99)), "unknown");
}

TEST(OtherNames, AreWordsAUserKnows) {
  EXPECT_EQ(hold_mode_name(HoldMode::kExec), "exec");
  EXPECT_EQ(end_reason_name(EndReason::kCommandEnded), "command ended");
}

TEST(LatencyHistogram, PutsEveryValueIntoABucketThatHoldsIt) {
  for (std::uint64_t ns = 0; ns <= UINT32_MAX; ns = ns * 9 / 8 + 1) {
    const auto value = static_cast<std::uint32_t>(ns);
    const auto bucket = LatencyHistogram::bucket_of(value);
    ASSERT_LE(value, LatencyHistogram::bucket_upper_ns(bucket));
    if (bucket > 0) {
      ASSERT_GT(value, LatencyHistogram::bucket_upper_ns(bucket - 1));
    }
    ASSERT_LE(LatencyHistogram::bucket_upper_ns(bucket), ns + ns / 8) << "at most 12.5 % above";
  }
}

TEST(LatencyHistogram, GivesQuantiles) {
  LatencyHistogram histogram;
  EXPECT_EQ(histogram.quantile_ns(0.5), 0U);
  for (std::uint32_t ns = 1; ns <= 1000; ++ns) histogram.add(ns * 1000);
  EXPECT_NEAR(histogram.quantile_ns(0.5), 500'000, 500'000 / 8);
  EXPECT_NEAR(histogram.quantile_ns(0.99), 990'000, 990'000 / 8);
  EXPECT_GE(histogram.quantile_ns(1.0), 1'000'000U);
  EXPECT_EQ(histogram.total(), 1000U);
}

TEST(LatencyHistogram, MergesBucketByBucket) {
  LatencyHistogram a;
  LatencyHistogram b;
  a.add(5);
  b.add(5, 2);
  b.add(100);
  a.merge(b);
  EXPECT_EQ(a.count_in(LatencyHistogram::bucket_of(5)), 3U);
  EXPECT_EQ(a.total(), 4U);
}

TEST(TraceTotals, MergeKeepsTheSpanAndIgnoresAnEmptyOne) {
  TraceTotals a;
  TraceTotals b;
  b.events = 3;
  b.first_ns = 10;
  b.last_ns = 20;
  a.merge(b);
  EXPECT_EQ(a, b);
  a.merge({});
  EXPECT_EQ(a, b);
}

}  // namespace
}  // namespace rfan::format
