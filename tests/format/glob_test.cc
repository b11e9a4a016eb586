#include "format/base/glob.h"

#include <gtest/gtest.h>

#include <random>

#include "format/base/pattern.h"
#include "tests/support/test_seed.h"

namespace rfan::format {
namespace {

bool glob_matches(std::string_view pattern, std::string_view text,
                  Glob::Subject subject = Glob::Subject::kPath) {
  const auto glob = Glob::compile(pattern, subject);
  EXPECT_TRUE(glob.ok()) << pattern;
  return glob.ok() && glob.value().matches(text);
}

struct Row {
  std::string_view pattern;
  std::string_view text;
  bool matches;
};

TEST(Glob, Table) {
  const Row rows[] = {
      {"vim", "vim", true},
      {"vim", "vim.basic", false},
      {"vim", "gvim", false},
      {"*.h", "stdio.h", true},
      {"*.h", ".h", true},
      {"*.h", "stdio.hh", false},
      {"a*b*c", "aXbYc", true},
      {"a*b*c", "abcbc", true},
      {"a*b*c", "acb", false},
      {"?", "", false},
      {"?", "\xff", true},
      {"*", "a/b", false},
      {"a?b", "a/b", false},
      {"/usr/*/x", "/usr/lib/x", true},
      {"/usr/*/x", "/usr/lib/y/x", false},
      {"/usr/**/x", "/usr/lib/y/x", true},
      {"/usr/**/x", "/usr/x", true},
      {"/usr/**/x", "/usrx", false},
      {"/usr/**/x", "/usr/lib/yx", false},
      {"**/src/*.h", "/home/me/src/a.h", true},
      {"**/src/*.h", "/src/a.h", true},
      {"**/src/*.h", "/home/me/xsrc/a.h", false},
      {"**/src/*.h", "/src/b/src/c/a.h", false},
      {"/usr/**", "/usr/", true},
      {"/usr/**", "/usr/a/b", true},
      {"/usr/**", "/usr", false},
      {"/a**z", "/a/b/z", true},
      {"/**/b/**/c", "/x/b/b/y/c", true},
      {"/**/b/*c", "/b/x/b/yc", true},
      {"[a-c]x", "bx", true},
      {"[a-c]x", "dx", false},
      {"[!a-c]x", "dx", true},
      {"[^a-c]x", "ax", false},
      {"[!a]", "/", false},
      {"[]x]", "]", true},
      {"[a-]", "-", true},
      {"[\\]]", "]", true},
      {"\\*", "*", true},
      {"\\*", "x", false},
      {"\\!x", "!x", true},
      {"", "", true},
      {"", "x", false},
      {"\xff*", "\xff\xfe", true},
  };
  for (const auto& row : rows)
    EXPECT_EQ(glob_matches(row.pattern, row.text), row.matches) << row.pattern << " on " << row.text;
}

TEST(Glob, SlashIsAnOrdinaryByteInNames) {
  EXPECT_TRUE(glob_matches("kworker*", "kworker/0:1-events", Glob::Subject::kName));
  EXPECT_TRUE(glob_matches("kworker?0*", "kworker/0:1", Glob::Subject::kName));
  EXPECT_FALSE(glob_matches("kworker*", "kworker/0:1", Glob::Subject::kPath));
}

TEST(Glob, RefusesUnfinishedPatterns) {
  for (const auto* pattern : {"[", "[a", "x[!", "[]", "[a-", "[\\]", "a\\"}) {
    EXPECT_FALSE(Glob::compile(pattern, Glob::Subject::kPath).ok()) << pattern;
  }
}

TEST(Glob, ManyStarsOnALongTextEndQuickly) {
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "*a**b";
  EXPECT_FALSE(glob_matches(pattern + "c", std::string(4000, 'a')));
}

// The definition, written for clarity: it tries every split. `start` means that a component begins here.
bool naive(std::string_view pattern, std::string_view text, bool start = true) {
  if (pattern.empty()) return text.empty();
  if (start && pattern.starts_with("**/")) {
    if (naive(pattern.substr(3), text, true)) return true;
    const auto slash = text.find('/');
    return slash != text.npos && naive(pattern, text.substr(slash + 1), true);
  }
  if (pattern.starts_with("**")) {
    for (std::size_t i = 0; i <= text.size(); ++i) {
      if (naive(pattern.substr(2), text.substr(i), false)) return true;
    }
    return false;
  }
  if (pattern[0] == '*') {
    for (std::size_t i = 0; i <= text.size(); ++i) {
      if (naive(pattern.substr(1), text.substr(i), false)) return true;
      if (i < text.size() && text[i] == '/') return false;
    }
    return false;
  }
  if (text.empty()) return false;
  const bool one = pattern[0] == '?' ? text[0] != '/' : pattern[0] == text[0];
  return one && naive(pattern.substr(1), text.substr(1), pattern[0] == '/');
}

TEST(Glob, AgreesWithTheDefinitionOnRandomPatterns) {
  std::mt19937 random(tests::test_seed());
  const auto make = [&](std::string_view alphabet, std::size_t longest) {
    std::string text(random() % (longest + 1), '\0');
    for (auto& c : text) c = alphabet[random() % alphabet.size()];
    return text;
  };
  int matched = 0;
  for (int i = 0; i < 200'000; ++i) {
    auto pattern = make("ab/**?", 8);
    while (pattern.find("***") != pattern.npos) pattern.erase(pattern.find("***"), 1);
    const auto text = make("ab/", 9);
    const bool expected = naive(pattern, text);
    matched += expected;
    ASSERT_EQ(glob_matches(pattern, text), expected) << "'" << pattern << "' on '" << text << "'";
  }
  EXPECT_GT(matched, 1000);
}

TEST(Glob, KnowsTheClassesOfPosix) {
  const Row rows[] = {
      {"[[:alpha:]]", "x", true},           {"[[:alpha:]]", "a:", false},
      {"[[:alpha:]]", "1", false},          {"[[:alpha:]]", ":", false},
      {"[![:alpha:]]", "1", true},          {"[^[:alpha:]]", "x", false},
      {"x[[:digit:]]*", "x1b", true},       {"x[[:digit:]_-]", "x_", true},
      {"x[[:digit:]_-]", "x-", true},       {"[[:upper:][:digit:]]", "7", true},
      {"[[:upper:][:digit:]]", "a", false}, {"[[:xdigit:]]", "F", true},
      {"[[:space:]]", "\n", true},          {"[[:punct:]]", "~", true},
      {"[[:punct:]]", "/", false},          {"[[:print:]]", "\x7f", false},
      {"[[:cntrl:]]", "\x7f", true},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(glob_matches(row.pattern, row.text), row.matches) << row.pattern << " on " << row.text;
  }
  EXPECT_TRUE(glob_matches("[[:punct:]]", "/", Glob::Subject::kName));
}

// Each of these would otherwise silently be a set of other bytes.
TEST(Glob, RefusesClassesThatItDoesNotKnow) {
  for (const auto* pattern :
       {"[[:word:]]", "[[:Alpha:]]", "[[.hyphen.]]", "[[=a=]]", "[:alpha:]", "a[:digit:]*"}) {
    const auto glob = Glob::compile(pattern, Glob::Subject::kPath);
    ASSERT_FALSE(glob.ok()) << pattern;
    EXPECT_NE(glob.error().message().find("class"), std::string::npos) << glob.error().message();
  }
  EXPECT_TRUE(Glob::compile("[a:]", Glob::Subject::kPath).ok());
  EXPECT_TRUE(Glob::compile("[[:]", Glob::Subject::kPath).ok());
}

TEST(PathPattern, NotesWhatMatchesNoAbsolutePath) {
  const std::pair<const char*, const char*> rows[] = {
      {"sub/*", "'**/sub/*'"},   {"!sub/", "'**/sub/'"},      {"./a/b", "'**/a/b'"},
      {"*bin/x", "'**/*bin/x'"}, {"[a-z]/x", "'**/[a-z]/x'"}, {"../x/y", "the whole path"}};
  for (const auto& [value, remedy] : rows) {
    const auto note = relative_pattern_note("--path", value);
    EXPECT_NE(note.find(remedy), std::string::npos) << value << ": " << note;
    EXPECT_FALSE(PathPattern::compile(value).value().matches("/home/sub/x")) << value;
  }
  for (const auto* value : {"sub", "*.h", "/a/b", "**/sub/*", "**", "*/x", "\\/a/b", "!/a/b", "["})
    EXPECT_EQ(relative_pattern_note("--path", value), "") << value;
}

TEST(PathPattern, WithoutASlashLooksAtTheBaseName) {
  const auto pattern = PathPattern::compile("*.h");
  EXPECT_TRUE(pattern.value().matches("/usr/include/stdio.h"));
  EXPECT_TRUE(pattern.value().matches("stdio.h"));
  EXPECT_FALSE(pattern.value().matches("/usr/include.h/x"));
}

TEST(PathPattern, WithASlashLooksAtTheWholePath) {
  const auto pattern = PathPattern::compile("/usr/*.h");
  EXPECT_TRUE(pattern.value().matches("/usr/a.h"));
  EXPECT_FALSE(pattern.value().matches("/usr/include/a.h"));
  EXPECT_FALSE(pattern.value().matches("/x/usr/a.h"));
}

TEST(PathPattern, EndingInASlashMeansEverythingBelow) {
  const auto pattern = PathPattern::compile("/usr/");
  EXPECT_TRUE(pattern.value().matches("/usr/a"));
  EXPECT_TRUE(pattern.value().matches("/usr/lib/x/y"));
  EXPECT_FALSE(pattern.value().matches("/usr"));
  EXPECT_FALSE(pattern.value().matches("/usrlocal/a"));
}

TEST(PathPattern, UnknownPathMatchesNothing) {
  EXPECT_FALSE(PathPattern::compile("*").value().matches(""));
  EXPECT_FALSE(PathPattern::compile("**/").value().matches(""));
}

TEST(CommPattern, LongerThanTheKernelKeepsMatchesTheCutName) {
  const auto pattern = CommPattern::compile("clang-format-diff");
  EXPECT_TRUE(pattern.value().matches("clang-format-di"));
  EXPECT_FALSE(pattern.value().matches("clang-format"));
  EXPECT_TRUE(CommPattern::compile("a\\*bcdefghijklmnop").value().matches("a*bcdefghijklmn"));
}

TEST(ExePattern, WithoutASlashFindsExecutableOrComm) {
  const auto vim = ExePattern::compile("vim");
  EXPECT_TRUE(vim.value().matches("/usr/bin/vim", "anything"));
  EXPECT_TRUE(vim.value().matches("/usr/bin/vim.basic", "vim"));
  EXPECT_FALSE(vim.value().matches("/usr/bin/vim.basic", "vi"));
  EXPECT_TRUE(ExePattern::compile("build.sh").value().matches("/usr/bin/bash", "build.sh"));
}

TEST(ExePattern, WithASlashLooksAtTheExecutableAlone) {
  const auto vim = ExePattern::compile("/usr/bin/vim");
  EXPECT_TRUE(vim.value().matches("/usr/bin/vim", "x"));
  EXPECT_FALSE(vim.value().matches("/usr/bin/vim.basic", "vim"));
  EXPECT_FALSE(vim.value().matches("", "/usr/bin/vim"));
}

}  // namespace
}  // namespace rfan::format
