// Tests which names are the same in two runs, and just as much which are not.
#include "replay/diff/names/name_folding.h"

#include <gtest/gtest.h>

namespace rfan::replay {
namespace {

class NameFoldingTest : public testing::Test {
 protected:
  std::string fold(std::string_view path, std::span<const std::uint32_t> creators = {}) {
    const NameFolding folding(spec_);
    counts_ = folding.no_counts();
    return folding.fold(path, creators, counts_);
  }
  std::string fold_argument(std::string_view argument) {
    const NameFolding folding(spec_);
    counts_ = folding.no_counts();
    return folding.fold_argument(argument, counts_);
  }
  void expect_left_alone(std::initializer_list<std::string_view> paths,
                         std::span<const std::uint32_t> creators = {}) {
    for (const auto path : paths) EXPECT_EQ(fold(path, creators), path);
  }
  void map(std::string_view text) {
    auto map = parse_directory_map(text);
    ASSERT_TRUE(map);
    spec_.maps.push_back(*map);
  }
  std::uint64_t uses(FoldRule rule) const { return counts_.rules[static_cast<std::size_t>(rule)]; }

  FoldingSpec spec_;
  FoldCounts counts_;
};

TEST_F(NameFoldingTest, KernelInterfacesLoseTheirNumbers) {
  EXPECT_EQ(fold("/proc/4711/status"), "/proc/<pid>/status");
  EXPECT_EQ(fold("/proc/4711/task/4712/stat"), "/proc/<pid>/task/<tid>/stat");
  EXPECT_EQ(fold("/proc/4711/fd/3"), "/proc/<pid>/fd/<fd>");
  EXPECT_EQ(fold("/proc/4711"), "/proc/<pid>");
  EXPECT_EQ(fold("/dev/pts/12"), "/dev/pts/<n>");
  expect_left_alone(
      {"/proc/meminfo", "/proc/sys/kernel/pid_max", "/dev/pts/ptmx", "/home/proc/12", "/dev/sda1"});
}

TEST_F(NameFoldingTest, RandomNamesNeedTheEvidenceOfOtherRuns) {
  expect_left_alone({"/tmp/cc1FJKPs.s", "/tmp/rfan-test-aB3dEf/x.fbz", "/tmp/src/OrderService.java"});
}

TEST_F(NameFoldingTest, FilesThatNeverHadANameAreEqual) {
  EXPECT_EQ(fold("/tmp/#10952764"), "/tmp/#<inode>");
  EXPECT_EQ(uses(FoldRule::kTemp), 1U);
  expect_left_alone({"/tmp/#1a", "/tmp/a#1", "/tmp/#"});
}

TEST_F(NameFoldingTest, ADateWithATimeOfDayGoes) {
  EXPECT_EQ(fold("/logs/2026-11-27T05_41_07_638Z-debug-0.log"), "/logs/<time>-debug-0.log");
  EXPECT_EQ(fold("/logs/app.20261127-054107"), "/logs/app.<time>");
  expect_left_alone({"/logs/2026-11-27", "/logs/app-20261127.log", "/data/12345678901234567890"});
}

TEST_F(NameFoldingTest, UuidsAndHashesGo) {
  EXPECT_EQ(fold("/boot/01234567-89ab-cdef-0123-456789abcdef/linux"), "/boot/<uuid>/linux");
  EXPECT_EQ(fold("/cache/3f2504e04f8911d39a0c0305e82c3301.bin"), "/cache/<hash>.bin");
  EXPECT_EQ(fold("/usr/lib/debug/.build-id/ab/cdef0123456789abcdef0123456789abcdef01.debug"),
            "/usr/lib/debug/.build-id/<hh>/<hash>.debug");
  EXPECT_EQ(fold("/nix/store/0c5b8vw40dy178xlpddw65q9gf1h2186-glibc-2.38/lib/libc.so"),
            "/nix/store/<hash>-glibc-2.38/lib/libc.so");
  EXPECT_EQ(fold("/r/.git/objects/f9/0123456789abcdef0123456789abcdef012345"), "/r/.git/objects/<hh>/<hash>");
  EXPECT_EQ(fold("/cache/9/c/26hgkf9cbn2pq4o1v7s0d3u8e5t6r2M"), "/cache/<hh>/<hh>/<hash>");
  EXPECT_EQ(fold("/data/us/0123456789abcdef0123456789abcdef"), "/data/us/<hash>");
  EXPECT_EQ(fold("/t/debug/deps/libserde-1a2b3c4d5e6f7a8b.rlib"), "/t/debug/deps/libserde-<hash>.rlib");
}

TEST_F(NameFoldingTest, WhatOnlyResemblesAHashStays) {
  expect_left_alone({"/data/deadbeef", "/data/1234567890123456.dat", "/usr/lib/x86_64-linux-gnu/libc.so.6",
                     "/data/facade/decade", "/data/aaaaaaaaaaaaaaaaaaaa", "/data/01234567-89ab-cdef-0123"});
}

TEST_F(NameFoldingTest, OrdinaryNumbersStay) {
  const std::initializer_list<std::string_view> names = {
      "/usr/lib/libfoo.so.6",  "/data/0001.txt",          "/data/4711.txt",      "/photos/2024-01-31.jpg",
      "/lib/modules/6.1.0-31", "/usr/lib/gcc/12/cc1plus", "/var/log/syslog.1",   "/data/part-00000-of-00010",
      "/home/user1/x",         "/usr/bin/python3.11",     "/data/1700000000.log"};
  expect_left_alone(names);
}

TEST_F(NameFoldingTest, ThePidOfTheCreatorGoes) {
  const std::uint32_t pids[] = {4711, 12, 99};
  const std::span<const std::uint32_t> created = pids;
  EXPECT_EQ(fold("/run/lock.4711", created), "/run/lock.<pid>");
  EXPECT_EQ(fold("/x/__pycache__/a.cpython-311.pyc.4711", created), "/x/__pycache__/a.cpython-311.pyc.<pid>");
  expect_left_alone({"/run/lock.4712", "/run/lock.04711", "/run/lib.so.12", "/run/4711x", "/4711/a"},
                    created);
}

TEST_F(NameFoldingTest, VersionsAndDatesAreFoldedOnRequest) {
  ASSERT_TRUE(switch_fold_rule("version", true, spec_));
  ASSERT_TRUE(switch_fold_rule("date", true, spec_));
  EXPECT_EQ(fold("/usr/lib/libpcre2-8.so.0.11.2"), "/usr/lib/libpcre2-8.so.<version>");
  EXPECT_EQ(fold("/lib/modules/6.1.0-31-amd64/x.ko"), "/lib/modules/<version>-amd64/x.ko");
  EXPECT_EQ(fold("/usr/lib/libfoo.so.6"), "/usr/lib/libfoo.so.<version>");
  EXPECT_EQ(fold("/log/app-2026-11-22.log"), "/log/app-<date>.log");
  EXPECT_EQ(fold("/log/20261122"), "/log/<date>");
  expect_left_alone({"/data/0001.txt", "/data/20261122345", "/data/v2", "/usr/lib/gcc/12/cc1plus"});
}

TEST_F(NameFoldingTest, ARuleCanBeSwitchedOff) {
  ASSERT_TRUE(switch_fold_rule("temp", false, spec_));
  EXPECT_EQ(fold("/tmp/#12"), "/tmp/#12");
  ASSERT_TRUE(switch_fold_rule("all", false, spec_));
  EXPECT_EQ(fold("/proc/1/stat"), "/proc/1/stat");
  const auto unknown = switch_fold_rule("nonsense", false, spec_);
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message().find("uuid"), std::string::npos);
}

TEST_F(NameFoldingTest, MapsApplyToWholeComponentsBeforeTheRules) {
  map("/tmp/qA7xPz=/build");
  map("/home/a/b2/=/build");
  EXPECT_EQ(fold("/tmp/qA7xPz/main.o"), "/build/main.o");
  EXPECT_EQ(fold("/home/a/b2"), "/build");
  EXPECT_EQ(counts_.maps[1], 1U);
  expect_left_alone({"/home/a/b22/main.o"});
}

TEST_F(NameFoldingTest, MapsThatAreNoneAreRefused) {
  for (const auto* text : {"", "/a", "a=/b", "/a=b", "=/b", "/=/b"})
    EXPECT_FALSE(parse_directory_map(text)) << text;
}

TEST_F(NameFoldingTest, GlobsOfAFileNameWhatTheyMatch) {
  auto globs = parse_fold_file("# caches\n/home/*/.cache/**\n\n/data/part-?????.bin\n");
  ASSERT_TRUE(globs);
  spec_.globs = std::move(globs).value();
  EXPECT_EQ(fold("/home/ann/.cache/a/b"), "/home/*/.cache/**");
  EXPECT_EQ(fold("/data/part-00017.bin"), "/data/part-?????.bin");
  EXPECT_EQ(counts_.globs[1], 1U);
  expect_left_alone({"/data/part-17.bin"});
  const auto bad = parse_fold_file("/ok\n/[a\n");
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().message().find("line 2"), std::string::npos);
}

TEST_F(NameFoldingTest, ArgumentsFoldThePathInThem) {
  map("/home/a/build=/B");
  EXPECT_EQ(fold_argument("-I/home/a/build/include"), "-I/B/include");
  EXPECT_EQ(fold_argument("--prefix=/home/a/build"), "--prefix=/B");
  EXPECT_EQ(fold_argument("/tmp/cc1FJKPs.s"), "/tmp/cc<temp>.s");
  EXPECT_EQ(fold_argument("/tmp/src/OrderService.java"), "/tmp/src/OrderService.java");
  EXPECT_EQ(fold_argument("src/a.c"), "src/a.c");
  EXPECT_EQ(fold_argument("-O2"), "-O2");
}

}  // namespace
}  // namespace rfan::replay
