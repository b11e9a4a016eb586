#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <tuple>

#include "format/base/number_text.h"
#include "format/trace/trace_reader.h"
#include "replay/query/time_filter.h"
#include "replay/trace/time_format.h"

namespace rfan::replay {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

// Sets the time zone of the process during a test.
class Zone {
 public:
  explicit Zone(const char* name) {
    setenv("TZ", name, 1);
    tzset();
  }
  ~Zone() {
    unsetenv("TZ");
    tzset();
  }
};

template <typename Kind>
std::uint64_t parsed(std::string_view text, bool utc = true) {
  const auto point = parse_time(text, utc);
  EXPECT_TRUE(point.ok()) << text;
  if (!point.ok()) return 0;
  const auto* kind = std::get_if<Kind>(&point.value());
  EXPECT_NE(kind, nullptr) << text;
  return kind ? kind->ns : 0;
}

TEST(ParseTime, RelativeTimes) {
  EXPECT_EQ(parsed<RelativeTime>("+5s"), 5 * kSecond);
  EXPECT_EQ(parsed<RelativeTime>("+250ms"), kSecond / 4);
  EXPECT_EQ(parsed<RelativeTime>("+1m30s"), 90 * kSecond);
  EXPECT_EQ(parsed<RelativeTime>("+1.5s"), 3 * kSecond / 2);
  EXPECT_EQ(parsed<RelativeTime>("+2h"), 7200 * kSecond);
  EXPECT_EQ(parsed<RelativeTime>("+3us"), 3000U);
  EXPECT_EQ(parsed<RelativeTime>("+0s"), 0U);
}

TEST(ParseTime, TimesOfDay) {
  EXPECT_EQ(parsed<TimeOfDay>("00:00"), 0U);
  EXPECT_EQ(parsed<TimeOfDay>("10:31"), (10 * 60 + 31) * 60 * kSecond);
  EXPECT_EQ(parsed<TimeOfDay>("23:59:59.5"), (86400 - 1) * kSecond + kSecond / 2);
}

TEST(ParseTime, Dates) {
  EXPECT_EQ(parsed<AbsoluteTime>("2026-11-22 10:31:02.123456"), 1795343462'123456000U);
  EXPECT_EQ(parsed<AbsoluteTime>("2026-11-22T10:31:02"), 1795343462 * kSecond);
  EXPECT_EQ(parsed<AbsoluteTime>("2026-11-22"), 1795305600 * kSecond);
  const Zone zone("CET-1CEST,M3.5.0,M10.5.0/3");
  EXPECT_EQ(parsed<AbsoluteTime>("2026-11-22 10:31:02", false), 1795339862 * kSecond);
  EXPECT_EQ(parsed<AbsoluteTime>("2026-07-22 10:31:02", false), 1784709062 * kSecond);
}

TEST(ParseTime, DatesThatNeverWereOrCameTwiceAreRefusedWithWhatToWrite) {
  const Zone zone("CET-1CEST,M3.5.0,M10.5.0/3");
  const auto never = parse_time("2026-03-29 02:30", false);
  ASSERT_FALSE(never.ok());
  EXPECT_NE(never.error().message().find("write @1774747800"), std::string::npos) << never.error().message();
  const auto twice = parse_time("2026-10-25 02:30", false);
  ASSERT_FALSE(twice.ok());
  EXPECT_NE(twice.error().message().find("write @1792888200"), std::string::npos) << twice.error().message();
  EXPECT_NE(twice.error().message().find("@1792891800"), std::string::npos) << twice.error().message();
  for (const auto* text :
       {"2026-03-29 01:59:59", "2026-03-29 03:00", "2026-10-25 01:59:59", "2026-10-25 03:00"})
    EXPECT_TRUE(parse_time(text, false).ok()) << text;
  EXPECT_TRUE(parse_time("2026-10-25 02:30", true).ok());
}

TEST(TimeFilter, DoubtsATimeOfDayThatCameTwiceOnTheDayOfTheTrace) {
  const Zone zone("CET-1CEST,M3.5.0,M10.5.0/3");
  const auto doubts = [](std::uint64_t day_s, bool utc) {
    const std::vector<format::ClockSample> clocks{{0, day_s * kSecond, 0}};
    Timeline timeline(clocks);
    timeline.refresh(0);
    format::Alternatives<TimePoint> since;
    since.any.emplace_back(TimeOfDay{9000 * kSecond});  // 02:30
    return TimeFilter(since, {}, utc).doubts(timeline);
  };
  const auto twice = doubts(1792888200, false);
  ASSERT_EQ(twice.size(), 1U);
  EXPECT_NE(twice[0].find("02:30"), std::string::npos) << twice[0];
  EXPECT_NE(twice[0].find("@1792888200"), std::string::npos) << twice[0];
  EXPECT_EQ(doubts(1774747800, false).size(), 1U) << "set forward";
  EXPECT_TRUE(doubts(1792888200 - 86400, false).empty());
  EXPECT_TRUE(doubts(1792888200, true).empty());
}

TEST(ParseTime, SecondsSinceTheEpoch) {
  EXPECT_EQ(parsed<AbsoluteTime>("@1795343462"), 1795343462 * kSecond);
  EXPECT_EQ(parsed<AbsoluteTime>("@1.000000001"), kSecond + 1);
}

TEST(ParseTime, Percentages) {
  for (const auto& [text, percent] :
       {std::pair{"0%", 0.0}, {"10%", 10.0}, {"99.5%", 99.5}, {"100%", 100.0}}) {
    const auto point = parse_time(text, true);
    ASSERT_TRUE(point.ok()) << text;
    EXPECT_DOUBLE_EQ(std::get<PercentTime>(point.value()).percent, percent);
  }
}

TEST(ParseTime, RefusesTheRestAndSaysWhatItTakes) {
  for (const auto* text : {"",
                           "5s",
                           "+",
                           "+s",
                           "+5x",
                           "+-5s",
                           "+5s ",
                           "10",
                           "101%",
                           "%",
                           "10%x",
                           "24:00",
                           "10:60",
                           "10:31:60",
                           "10:31x",
                           "10:31:02.",
                           "2026-13-01",
                           "2026-02-30",
                           "2026-11-22x",
                           "2026-11-22 ",
                           "@",
                           "@x",
                           "@1.",
                           "@99999999999999",
                           "+999999999d",
                           "now"}) {
    const auto point = parse_time(text, true);
    ASSERT_FALSE(point.ok()) << text;
    EXPECT_NE(point.error().message().find("YYYY-MM-DD"), std::string::npos);
  }
}

class TimeFormatTest : public testing::Test {
 protected:
  TimeFormatTest() {
    clocks_.push_back({kSecond, 1795343462 * kSecond, 0});  // 2026-11-22 10:31:02 UTC
    timeline_.refresh(2 * kSecond);
  }
  std::string shown(std::uint64_t ns, TimeStyle style) {
    char text[TimeFormat::kMaxBytes];
    TimeFormat format(timeline_, style);
    return {text, format.append(ns, text)};
  }
  std::vector<format::ClockSample> clocks_;
  Timeline timeline_{clocks_};
};

TEST_F(TimeFormatTest, Utc) {
  EXPECT_EQ(shown(kSecond, TimeStyle::kUtc), "2026-11-22 10:31:02.000000");
  EXPECT_EQ(shown(kSecond + 123'456'789, TimeStyle::kUtc), "2026-11-22 10:31:02.123456");
  EXPECT_EQ(shown(kSecond - 1, TimeStyle::kUtc), "2026-11-22 10:31:01.999999");
}

TEST_F(TimeFormatTest, LocalTimeFollowsTheZone) {
  const Zone zone("CET-1CEST,M3.5.0,M10.5.0/3");
  EXPECT_EQ(shown(kSecond, TimeStyle::kLocal), "2026-11-22 11:31:02.000000");
}

TEST_F(TimeFormatTest, RelativeCountsFromTheFirstClockSample) {
  EXPECT_EQ(shown(kSecond, TimeStyle::kRelative), "     0.000000");
  EXPECT_EQ(shown(3 * kSecond + 1500, TimeStyle::kRelative), "     2.000001");
  EXPECT_EQ(shown(12345678 * kSecond, TimeStyle::kRelative), "12345677.000000");
}

TEST_F(TimeFormatTest, ShowsNoMoreDecimalsThanTheUnitOfTheTraceHas) {
  const auto ns = kSecond + 123'456'789;
  for (const auto& [unit_ns, local, relative] : {std::tuple{0U, "02.123456", "     0.123456"},
                                                 {100U, "02.123456", "     0.123456"},
                                                 {1'000U, "02.123456", "     0.123456"},
                                                 {4'000U, "02.123456", "     0.123456"},
                                                 {10'000U, "02.12345", "      0.12345"},
                                                 {1'000'000U, "02.123", "        0.123"},
                                                 {1'000'000'000U, "31:02", "            0"}}) {
    timeline_.set_unit(unit_ns);
    EXPECT_TRUE(shown(ns, TimeStyle::kUtc).ends_with(local)) << shown(ns, TimeStyle::kUtc);
    EXPECT_EQ(shown(ns, TimeStyle::kRelative), relative);
  }
  timeline_.set_unit(10'000);
  EXPECT_EQ(TimeFormat(timeline_, TimeStyle::kUtc).full_date(timeline_.realtime_ns(ns)),
            "2026-11-22 10:31:02.12345 UTC");
}

TEST_F(TimeFormatTest, MomentsOfSeveralFilesHaveTheDecimalsOfTheCoarsest) {
  MomentScale scale;
  for (const auto unit_ns : {1'000U, 100'000U, 10'000U}) {
    timeline_.set_unit(unit_ns);
    scale.add(timeline_);
  }
  const auto moment = timeline_.moment(3 * kSecond + 123'456'789);
  EXPECT_EQ(moment_text(moment, scale, TimeStyle::kUtc), "2026-11-22 10:31:04.1234");
  EXPECT_EQ(moment_text(moment, scale, TimeStyle::kRelative), "2.1234");
}

TEST_F(TimeFormatTest, GoesBackAndForthBetweenSeconds) {
  TimeFormat format(timeline_, TimeStyle::kUtc);
  char text[TimeFormat::kMaxBytes];
  for (const auto& [ns, expected] :
       {std::pair{kSecond, "02.000000"}, {60 * kSecond, "01.000000"}, {kSecond, "02.000000"}}) {
    EXPECT_TRUE((std::string(text, format.append(ns, text)).ends_with(expected)));
  }
}

TEST_F(TimeFormatTest, BriefNamesTheDayOnlyWhenItIsAnother) {
  TimeFormat format(timeline_, TimeStyle::kUtc);
  EXPECT_EQ(format.brief(kSecond + 150'000'000), "10:31:02.1");
  EXPECT_EQ(format.brief(86401 * kSecond), "2026-11-23 10:31:02.0");
  EXPECT_EQ(TimeFormat(timeline_, TimeStyle::kRelative).brief(3 * kSecond + 150'000'000), "+2.1");
}

TEST(Timeline, StartsWithItsFirstEventWhenThatIsEarlier) {
  const std::vector<format::ClockSample> clocks{{10 * kSecond, 110 * kSecond, 0}};
  Timeline timeline(clocks);
  timeline.refresh(4 * kSecond);
  timeline.refresh(20 * kSecond);
  EXPECT_EQ(timeline.start_ns(), 4 * kSecond);
  EXPECT_EQ(timeline.start_realtime_ns(), 104 * kSecond);
}

TEST(Timeline, SteadyTimeGoesOnWhereTheWallClockIsSet) {
  const std::vector<format::ClockSample> clocks{{10 * kSecond, 110 * kSecond, 0},
                                                {20 * kSecond, 50 * kSecond, 0}};
  Timeline timeline(clocks);
  timeline.refresh(10 * kSecond);
  EXPECT_EQ(timeline.steady_ns(10 * kSecond), 110 * kSecond) << "it begins as the wall clock says";
  EXPECT_EQ(timeline.steady_ns(25 * kSecond), 125 * kSecond);
  EXPECT_EQ(timeline.realtime_ns(25 * kSecond), 55 * kSecond);
}

TEST(Timeline, AgreesWithTheFormatAtEveryBorder) {
  const std::vector<format::ClockSample> clocks{{10, 1000, 0}, {20, 500, 0}, {30, 5000, 0}};
  Timeline timeline(clocks);
  timeline.refresh(0);
  for (std::uint64_t ns : {0, 9, 10, 11, 19, 20, 21, 29, 30, 31, 99, 5, 25, 15}) {
    EXPECT_EQ(timeline.realtime_ns(ns), format::to_realtime_ns(clocks, ns)) << ns;
    const auto span = timeline.span_at(ns);
    EXPECT_TRUE(span.begin_ns <= ns && ns <= span.last_ns) << ns;
  }
}

TEST(Timeline, WithoutClocksShowsTheMonotonicTime) {
  const std::vector<format::ClockSample> clocks;
  Timeline timeline(clocks);
  timeline.refresh(7);
  EXPECT_EQ(timeline.realtime_ns(42), 42U);
}

TEST(Latency, HasOneDecimalAndAFittingUnit) {
  EXPECT_EQ(format::latency_text(0), "0ns");
  EXPECT_EQ(format::latency_text(999), "999ns");
  EXPECT_EQ(format::latency_text(1000), "1.0us");
  EXPECT_EQ(format::latency_text(8'349), "8.3us");
  EXPECT_EQ(format::latency_text(8'350), "8.4us");
  EXPECT_EQ(format::latency_text(999'949), "999.9us");
  EXPECT_EQ(format::latency_text(999'950), "1.0ms");
  EXPECT_EQ(format::latency_text(1'200'000), "1.2ms");
  EXPECT_EQ(format::latency_text(2'100'000'000), "2.1s");
  EXPECT_EQ(format::latency_text(UINT32_MAX), "4.3s");
}

}  // namespace
}  // namespace rfan::replay
