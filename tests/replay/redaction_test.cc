#include "replay/copy/redaction.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "format/base/limits.h"

namespace rfan::replay {
namespace {

using namespace std::string_literals;

Redaction keyed(std::string_view key = "0123456789abcdef") {
  auto redaction = Redaction::with_key(std::as_bytes(std::span(key)));
  EXPECT_TRUE(redaction.ok());
  return std::move(*redaction);
}

// Returns "/w.w" for "/ab.c".
std::string shape(const std::string& text) {
  std::string shape;
  for (const char c : text) {
    const bool letter = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (!letter || shape.empty() || shape.back() != 'w') shape += letter ? 'w' : c;
  }
  return shape;
}

std::string directory_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}
std::string extension_of(const std::string& path) {
  return path.substr(path.rfind('.'));
}

TEST(Redaction, NoWordOfAPathStaysReadable) {
  const auto redacted = keyed().path("/home/ann/taxes.2026.ods");
  for (const char* word : {"home", "ann", "taxes", "2026", "ods"})
    EXPECT_EQ(redacted.find(word), std::string::npos);
  EXPECT_EQ(shape(redacted), "/w/w/w.w.w");
}

TEST(Redaction, DirectoriesAndExtensionsStayComparable) {
  const auto redaction = keyed();
  const auto header = redaction.path("/src/a/b.h");
  EXPECT_EQ(directory_of(header), directory_of(redaction.path("/src/a/c.cc")));
  EXPECT_EQ(extension_of(header), extension_of(redaction.path("/usr/x.h")));
  EXPECT_NE(header, redaction.path("/src/a/c.h"));
}

TEST(Redaction, OneKeyGivesOneHashInAllTracesAndAnotherKeyAnotherOne) {
  EXPECT_EQ(keyed().path("/etc/passwd"), keyed().path("/etc/passwd"));
  EXPECT_EQ(keyed().key_id(), keyed().key_id());
  EXPECT_NE(keyed().path("/etc/passwd"), keyed("fedcba9876543210").path("/etc/passwd"));
  EXPECT_NE(keyed().key_id(), keyed("fedcba9876543210").key_id());
  EXPECT_NE(Redaction::with_random_key().path("/a"), Redaction::with_random_key().path("/a"));
}

TEST(Redaction, KeptPathsStayReadable) {
  auto redaction = keyed();
  redaction.keep(std::move(*format::PathPattern::compile("/usr/include/")));
  EXPECT_EQ(redaction.path("/usr/include/stdio.h"), "/usr/include/stdio.h");
  EXPECT_NE(redaction.path("/usr/includes/stdio.h"), "/usr/includes/stdio.h");
}

TEST(Redaction, ArgumentsKeepTheirNumberAndShape) {
  const auto redacted = keyed().command_line("vim\0--cmd=set\0/home/ann/a.txt\0\0"s);
  EXPECT_EQ(std::count(redacted.begin(), redacted.end(), '\0'), 4);
  EXPECT_EQ(shape(redacted), "w\0--w=w\0/w/w/w.w\0\0"s);
  EXPECT_NE(redacted.find(keyed().path("/home/ann/a.txt")), std::string::npos)
      << "a path is the same in arguments and events";
}

TEST(Redaction, CutCommandLineStaysOne) {
  EXPECT_EQ(shape(keyed().command_line("cc\0-o"s)), "w\0-w"s);
}

TEST(Redaction, PathsStayWithinTheLimitOfTheFormat) {
  std::string deep;
  while (deep.size() + 2 <= format::kMaxPathBytes) deep += "/a";
  EXPECT_LE(keyed().path(deep).size(), format::kMaxPathBytes);
}

TEST(Redaction, ProcessKeepsItsNumbersOnly) {
  format::Process process{
      .pid = 7, .ppid = 1, .uid = 1000, .comm = "vim", .cmdline = "vim\0x\0"s, .cgroup = "/user.slice"};
  keyed().apply(process);
  EXPECT_EQ(process.pid, 7U);
  EXPECT_EQ(process.uid, 1000U);
  EXPECT_LE(process.comm.size(), format::kMaxCommBytes);
  for (const auto& text : {process.comm, process.cmdline}) EXPECT_EQ(text.find("vim"), std::string::npos);
  EXPECT_EQ(process.cgroup.find("user"), std::string::npos);
}

TEST(Redaction, MetadataNamesNeitherHostNorCommand) {
  format::TraceMeta meta;
  meta.hostname = "ann-laptop";
  meta.command = {"make", "secret"};
  meta.recorder_args = {"rfanrec", "/home/ann"};
  meta.mounts = {{"/home/ann", "ext4", true, "filesystem mark"}};
  keyed().apply(meta);
  EXPECT_EQ(meta.hostname.find("ann"), std::string::npos);
  EXPECT_EQ(meta.command[1].find("secret"), std::string::npos);
  EXPECT_EQ(meta.recorder_args[1].find("ann"), std::string::npos);
  EXPECT_EQ(meta.mounts[0].path.find("ann"), std::string::npos);
  EXPECT_EQ(meta.mounts[0].fs_type, "ext4");
}

TEST(Redaction, ShortKeysAreRefused) {
  const std::string key(15, 'k');
  EXPECT_FALSE(Redaction::with_key(std::as_bytes(std::span(key))).ok());
}

}  // namespace
}  // namespace rfan::replay
