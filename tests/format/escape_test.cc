#include "format/base/escape.h"

#include <gtest/gtest.h>

namespace rfan {
namespace {

TEST(Escape, LeavesPrintableTextAlone) {
  for (const auto* text : {"", "/usr/bin/vim", "a b", "ü€𝄞", "\xC2\xA0"}) {
    EXPECT_EQ(escaped(text), text);
    EXPECT_TRUE(printable(text));
  }
}

TEST(Escape, WritesControlBytesBackslashesAndForeignBytes) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"a\nb", "a\\nb"},
      {"\t\r", "\\t\\r"},
      {"\x1b[31m", "\\x1b[31m"},
      {"a\\b", "a\\\\b"},
      {"\xff", "\\xff"},
      {"\x7f", "\\x7f"},
      {"\xC3\xBC\xFC", "\xC3\xBC\\xfc"},
      {"\xC2\x9B", "\\xc2\\x9b"},           // C1 control: CSI
      {"\xC0\xAF", "\\xc0\\xaf"},           // overlong '/'
      {"\xED\xA0\x80", "\\xed\\xa0\\x80"},  // surrogate
      {"\xE2\x82", "\\xe2\\x82"},           // cut off
      {"\xF4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
      {std::string_view("\0", 1), "\\x00"},
  };
  for (const auto& [bytes, expected] : rows) {
    EXPECT_EQ(escaped(bytes), expected);
    EXPECT_FALSE(printable(bytes)) << expected;
  }
}

// These characters are invisible, or reverse the order of visible ones.
TEST(Escape, WritesCharactersByWhichANameLooksLikeAnother) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"a\u202Egnp.exe", "a\\xe2\\x80\\xaegnp.exe"},  // right-to-left override
      {"\u202A", "\\xe2\\x80\\xaa"},
      {"\u2066", "\\xe2\\x81\\xa6"},
      {"\u2069", "\\xe2\\x81\\xa9"},
      {"\u061C", "\\xd8\\x9c"},
      {"pass\u200Bwd", "pass\\xe2\\x80\\x8bwd"},  // zero-width space
      {"\u200D", "\\xe2\\x80\\x8d"},
      {"\uFEFF", "\\xef\\xbb\\xbf"},
      {"\u2028", "\\xe2\\x80\\xa8"},
      {"\u2029", "\\xe2\\x80\\xa9"},
      {"\U000E0041", "\\xf3\\xa0\\x81\\x81"},  // tag
  };
  for (const auto& [bytes, expected] : rows) {
    EXPECT_EQ(escaped(bytes), expected);
    EXPECT_FALSE(printable(bytes)) << expected;
  }
  // Their neighbours stay as they are.
  for (const auto* text :
       {"\u200A", "\u2010", "\u2027", "\u202F", "\u205F", "\u2070", "\uFEFE", "\U000E0080"})
    EXPECT_EQ(escaped(text), text);
}

TEST(EscapedSentence, LeavesNamesThatAreEscapedAlreadyAlone) {
  EXPECT_EQ(escaped_sentence("no 'a\\xff\\n' in \x9b"), "no 'a\\xff\\n' in \\x9b");
}

TEST(Utf8, KnowsItsBounds) {
  for (const auto* text : {"\x7f", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEF\xBF\xBF",
                           "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(valid_utf8(text)) << escaped(text);
  }
  for (const auto* text : {"\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF",
                           "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xC2", "\xE1\x80", "\xC2\x41"}) {
    EXPECT_FALSE(valid_utf8(text)) << escaped(text);
  }
}

}  // namespace
}  // namespace rfan
