// Makes machine-readable output safe to show on a terminal.
#pragma once

#include <string>
#include <string_view>

namespace rfan::replay {

// Changes a stream of rows. One thread; keeps an incomplete row until the next call.
class RowFilter {
 public:
  virtual ~RowFilter() = default;
  virtual std::string pass(std::string_view bytes) = 0;
};

// Writes \uXXXX in JSON lines for each character that a terminal acts on or that makes one name look like
// another. A parser gets the same values.
class SafeJson : public RowFilter {
 public:
  std::string pass(std::string_view bytes) override;

 private:
  std::string line_;
};

// Escapes the same characters in comma-separated values as escaped_sentence() does. Puts a ' in front of a
// cell that begins with = + - or @ and is not a number, since a spreadsheet would take it for a formula.
class SafeCsv : public RowFilter {
 public:
  std::string pass(std::string_view bytes) override;

 private:
  std::string cell_;
  bool quoted_ = false;
};

}  // namespace rfan::replay
