#include "recorder/choice/deny_rules.h"

#include <gtest/gtest.h>

namespace rfan::recorder {
namespace {

DenyRules rules(const DenyArguments& arguments) {
  auto parsed = DenyRules::parse(arguments);
  EXPECT_TRUE(parsed.ok()) << parsed.error().message();
  return *parsed;
}

std::string refusal(const DenyArguments& arguments) {
  const auto parsed = DenyRules::parse(arguments);
  EXPECT_FALSE(parsed.ok());
  return parsed.ok() ? "" : parsed.error().message();
}

TEST(DenyRules, NoneDenyNothing) {
  EXPECT_TRUE(DenyRules().empty());
  EXPECT_FALSE(DenyRules().matches("/etc/passwd"));
}

TEST(DenyRules, MatchPathsAsTheFiltersDo) {
  const auto deny = rules({.globs = {"*.conf", "/data/**"}});
  EXPECT_TRUE(deny.matches("/etc/a.conf"));
  EXPECT_TRUE(deny.matches("/data/x/y"));
  EXPECT_FALSE(deny.matches("/etc/a.config"));
}

TEST(DenyRules, AnExceptionIsNotDenied) {
  const auto deny = rules({.globs = {"/data/**", "!*.log"}});
  EXPECT_TRUE(deny.matches("/data/a"));
  EXPECT_FALSE(deny.matches("/data/a.log"));
}

TEST(DenyRules, AnUnknownPathIsNotDenied) {
  EXPECT_FALSE(rules({.globs = {"**"}}).matches(""));
}

TEST(DenyRules, TheErrorIsEpermUnlessAsked) {
  EXPECT_EQ(rules({.globs = {"a"}}).error(), EPERM);
  EXPECT_EQ(rules({.globs = {"a"}, .error = "ENOSPC"}).error(), ENOSPC);
}

TEST(DenyRules, AnErrorThatTheKernelDoesNotTakeIsRefusedWithThoseItDoes) {
  const auto text = refusal({.globs = {"a"}, .error = "ENOENT"});
  for (const auto* part : {"ENOENT", "EPERM EIO EBUSY ETXTBSY EAGAIN ENOSPC EDQUOT"})
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(DenyRules, AnErrorAloneIsRefused) {
  EXPECT_NE(refusal({.error = "EIO"}).find("without --deny"), std::string::npos);
}

}  // namespace
}  // namespace rfan::recorder
