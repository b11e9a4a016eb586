// What machines read, made safe to be looked at on a terminal.
#pragma once

#include <string>
#include <string_view>

namespace rfan::replay {

// Changes a stream of rows. One thread; keeps what is incomplete until the next call.
class RowFilter {
 public:
  virtual ~RowFilter() = default;
  virtual std::string pass(std::string_view bytes) = 0;
};

// JSON lines with each character that a terminal acts on, or that makes one name look like another, as
// \uXXXX: the same values to whoever parses them.
class SafeJson : public RowFilter {
 public:
  std::string pass(std::string_view bytes) override;

 private:
  std::string line_;
};

// Comma-separated values with the same characters as escaped_sentence() gives them, and a ' in front of a
// cell that is not a number and begins with = + - or @: a spreadsheet would take it for a formula.
class SafeCsv : public RowFilter {
 public:
  std::string pass(std::string_view bytes) override;

 private:
  std::string cell_;
  bool quoted_ = false;
};

}  // namespace rfan::replay
