#include "recorder/system/online_cpus.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace rfan::recorder {
namespace {

using Cpus = std::vector<int>;

TEST(OnlineCpusTest, AListHasNumbersAndRanges) {
  EXPECT_EQ(parse_cpu_list("0-3,8,10-11\n", 64), (Cpus{0, 1, 2, 3, 8, 10, 11}));
  EXPECT_EQ(parse_cpu_list("0\n", 64), Cpus{0});
}

TEST(OnlineCpusTest, NumbersBeyondTheLimitAreLeftOut) {
  EXPECT_EQ(parse_cpu_list("0-99999,4", 2), (Cpus{0, 1}));
}

TEST(OnlineCpusTest, WhatIsNoListEndsIt) {
  EXPECT_EQ(parse_cpu_list("", 64), Cpus{});
  EXPECT_EQ(parse_cpu_list("1-x", 64), Cpus{});
  EXPECT_EQ(parse_cpu_list("1,,2", 64), Cpus{1});
}

TEST(OnlineCpusTest, TheFirstLookIsNewsTheSecondIsNot) {
  auto cpus = OnlineCpus::open();
  if (!cpus) GTEST_SKIP() << cpus.error().message();
  EXPECT_TRUE(cpus->look());
  EXPECT_FALSE(cpus->look());
  const auto online = static_cast<std::size_t>(::sysconf(_SC_NPROCESSORS_ONLN));
  EXPECT_EQ(cpus->list(4096).size(), online);
}

}  // namespace
}  // namespace rfan::recorder
