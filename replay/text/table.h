// Prints text in columns.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "replay/text/text_buffer.h"

namespace rfan::replay {

enum class Align : std::uint8_t { kLeft, kRight };

// Prints columns as wide as their widest cell, two spaces apart, under a heading that is bold if colour is
// on. Does not pad the last column. Cells must hold printable text. One thread.
class Table {
 public:
  struct Column {
    std::string_view heading;
    Align align = Align::kLeft;
  };
  Table(std::vector<Column> columns, bool colour) : columns_(std::move(columns)), colour_(colour) {}

  // Adds a row. If colour is on, the row begins with the escape sequence `style`.
  void add(std::vector<std::string> cells, std::string_view style = {}) {
    rows_.push_back({std::move(cells), style});
  }
  bool empty() const { return rows_.empty(); }
  void print(TextBuffer& out) const;
  // Prints a table for a pull request. The cells of left columns are code spans, so that no name in them is
  // taken for markup.
  void print_markdown(TextBuffer& out) const;

 private:
  struct Row {
    std::vector<std::string> cells;
    std::string_view style;
  };

  std::vector<Column> columns_;
  std::vector<Row> rows_;
  bool colour_;
};

}  // namespace rfan::replay
