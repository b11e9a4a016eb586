#include "format/base/quantity.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace rfan {
namespace {

TEST(ParseDuration, UnitsScaleAndAddUp) {
  const std::pair<const char*, std::uint64_t> rows[] = {
      {"1ns", 1},
      {"250us", 250'000},
      {"1.5ms", 1'500'000},
      {"10s", 10'000'000'000},
      {"5m", 300'000'000'000},
      {"1000h", 3'600'000'000'000'000},
      {"7d", 604'800'000'000'000},
      {"1m30s", 90'000'000'000},
      {"1m.5s", 60'500'000'000},
      {"2h45m10s", 9'910'000'000'000},
      {"0s", 0},
  };
  for (const auto& [text, ns] : rows) {
    const auto parsed = parse_duration(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(parsed.value(), ns) << text;
  }
}

TEST(ParseDuration, ALoneNumberIsSeconds) {
  EXPECT_EQ(*parse_duration("10"), 10'000'000'000U);
  EXPECT_EQ(*parse_duration("0.25"), 250'000'000U);
}

TEST(ParseDuration, TheRestIsRefusedWithARemedy) {
  for (const std::string text : {"",      "s",    "abc",  "10x", "10 s", "10sec", " 10s",        "10s ",
                                 "-5s",   "+5s",  "nan",  "inf", "nans", "infs",  "1e300h",      "1e3s",
                                 "1e999", "10s5", "1..5", ".",   "..5s", "0x7",   "99999999999d"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_FALSE(parsed.error().hint.empty()) << text;
  }
}

TEST(ParseSize, UnitsArePowersOf1024) {
  EXPECT_EQ(*parse_size("512"), 512U);
  EXPECT_EQ(*parse_size("1.5K"), 1536U);
  EXPECT_EQ(*parse_size("10G"), 10ULL << 30);
  EXPECT_EQ(*parse_size("1TB"), 1ULL << 40);
}

TEST(ParseSize, TheRestIsRefusedWithARemedy) {
  for (const std::string text : {"", "M", "-1", "0", "1X", "1e99G", "nan", "1K1", "2000000T", " 1", "1 K"}) {
    const auto parsed = parse_size(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_FALSE(parsed.error().hint.empty()) << text;
  }
}

}  // namespace
}  // namespace rfan
