#include "recorder/choice/record_filter.h"

#include <gtest/gtest.h>

namespace rfan::recorder {
namespace {

RecordFilter filter_of(const RecordFilterArguments& arguments) {
  auto filter = RecordFilter::parse(arguments);
  EXPECT_TRUE(filter.ok());
  return filter.ok() ? *filter : RecordFilter();
}

std::string error_of(const RecordFilterArguments& arguments) {
  const auto filter = RecordFilter::parse(arguments);
  return filter.ok() ? "" : filter.error().message();
}

constexpr ProcessTraits kVim{"/usr/bin/vim.basic", "vim", 1000, "/user.slice/session-1.scope"};
constexpr ProcessTraits kCron{"/usr/sbin/cron", "cron", 0, "/system.slice/cron.service"};

TEST(RecordFilter, WithoutOptionsEverythingIsAccepted) {
  const RecordFilter filter;
  EXPECT_TRUE(filter.accepts_process(kVim));
  EXPECT_TRUE(filter.accepts_process({}));
  EXPECT_TRUE(filter.accepts_path(""));
  EXPECT_FALSE(filter.asks_about_processes());
  EXPECT_FALSE(filter.asks_about_paths());
}

TEST(RecordFilter, ExeWithoutASlashMatchesBaseNameOrComm) {
  EXPECT_TRUE(filter_of({.exe = {"vim"}}).accepts_process(kVim));
  EXPECT_TRUE(filter_of({.exe = {"vim.basic"}}).accepts_process(kVim));
  EXPECT_TRUE(filter_of({.exe = {"vim*"}}).accepts_process(kVim));
  EXPECT_FALSE(filter_of({.exe = {"vi"}}).accepts_process(kVim));
  EXPECT_FALSE(filter_of({.exe = {"vim"}}).accepts_process(kCron));
}

TEST(RecordFilter, ExeWithASlashMatchesTheWholePath) {
  EXPECT_TRUE(filter_of({.exe = {"/usr/bin/*"}}).accepts_process(kVim));
  EXPECT_FALSE(filter_of({.exe = {"/bin/vim"}}).accepts_process(kVim));
}

TEST(RecordFilter, ValuesOfOneOptionAreAlternativesAndOptionsMustAllMatch) {
  const auto filter = filter_of({.exe = {"vim", "cron"}, .user = {"0"}});
  EXPECT_FALSE(filter.accepts_process(kVim));
  EXPECT_TRUE(filter.accepts_process(kCron));
}

TEST(RecordFilter, NegatedValueMustNotMatch) {
  EXPECT_FALSE(filter_of({.exe = {"!vim"}}).accepts_process(kVim));
  EXPECT_TRUE(filter_of({.exe = {"!vim"}}).accepts_process(kCron));
  EXPECT_FALSE(filter_of({.exe = {"*", "!vim"}}).accepts_process(kVim));
  EXPECT_FALSE(filter_of({.user = {"!1000"}}).accepts_process(kVim));
  EXPECT_FALSE(filter_of({.cgroup = {"!/user.slice/"}}).accepts_process(kVim));
}

TEST(RecordFilter, UserIsANameOrANumber) {
  EXPECT_TRUE(filter_of({.user = {"root"}}).accepts_process(kCron));
  EXPECT_TRUE(filter_of({.user = {"1000"}}).accepts_process(kVim));
  EXPECT_FALSE(filter_of({.user = {"root"}}).accepts_process(kVim));
}

TEST(RecordFilter, CgroupIsMatchedLikeAPath) {
  EXPECT_TRUE(filter_of({.cgroup = {"cron.service"}}).accepts_process(kCron));
  EXPECT_TRUE(filter_of({.cgroup = {"/system.slice/"}}).accepts_process(kCron));
  EXPECT_TRUE(filter_of({.cgroup = {"/system.slice/*.service"}}).accepts_process(kCron));
  EXPECT_FALSE(filter_of({.cgroup = {"/system.slice"}}).accepts_process(kCron));
  EXPECT_FALSE(filter_of({.cgroup = {"/system.slice/"}}).accepts_process(kVim));
}

TEST(RecordFilter, WhatIsUnknownMatchesNoPlainValueAndNoNegatedOne) {
  EXPECT_FALSE(filter_of({.exe = {"*"}}).accepts_process({}));
  EXPECT_TRUE(filter_of({.exe = {"!vim"}}).accepts_process({}));
  EXPECT_FALSE(filter_of({.user = {"root"}}).accepts_process({})) << "unknown is not root";
  EXPECT_TRUE(filter_of({.user = {"!root"}}).accepts_process({}));
  EXPECT_FALSE(filter_of({.cgroup = {"*"}}).accepts_process({}));
  EXPECT_FALSE(filter_of({.path = {"*"}}).accepts_path(""));
  EXPECT_TRUE(filter_of({.path = {"!*.log"}}).accepts_path(""));
}

TEST(RecordFilter, PathIsDecidedApartFromTheProcess) {
  const auto filter = filter_of({.path = {"/etc/"}});
  EXPECT_TRUE(filter.accepts_path("/etc/passwd"));
  EXPECT_FALSE(filter.accepts_path("/usr/etc/passwd"));
  EXPECT_TRUE(filter.accepts_process({}));
  EXPECT_TRUE(filter.asks_about_paths());
  EXPECT_FALSE(filter.asks_about_processes());
}

TEST(RecordFilter, RenameIsKeptWhenEitherPathMatchesAndDroppedWhenEitherIsNegated) {
  EXPECT_TRUE(filter_of({.path = {"/etc/"}}).accepts_path("/tmp/a", "/etc/a"));
  EXPECT_FALSE(filter_of({.path = {"/etc/"}}).accepts_path("/tmp/a", "/tmp/b"));
  EXPECT_FALSE(filter_of({.path = {"!/etc/"}}).accepts_path("/tmp/a", "/etc/a"));
}

TEST(RecordFilter, ErrorNamesTheOptionAndTheRemedy) {
  EXPECT_EQ(
      error_of({.user = {"no such user of this machine"}}),
      "--user: no such user 'no such user of this machine'; write the name of a user of this machine, or a "
      "number");
  EXPECT_NE(error_of({.user = {"4294967296"}}).find("--user: no user has the number"), std::string::npos);
  EXPECT_NE(error_of({.user = {"-1"}}), "");
  EXPECT_NE(error_of({.exe = {"[a"}}).find("--exe: "), std::string::npos);
  EXPECT_NE(error_of({.path = {"a\\"}}).find("--path: "), std::string::npos);
  EXPECT_NE(error_of({.cgroup = {"!"}}).find("--cgroup: empty value"), std::string::npos);
  EXPECT_NE(error_of({.user = {""}}).find("--user: empty value"), std::string::npos);
}

}  // namespace
}  // namespace rfan::recorder
