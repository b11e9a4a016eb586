#include "replay/text/table.h"

#include <algorithm>

namespace rfan::replay {

namespace {

// Returns the columns that UTF-8 `text` takes on a terminal, counting one for each character: the bytes that
// do not continue a character.
std::size_t text_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// Returns `text` as a code span in a table cell. A span ends at as many backticks as it begins with.
std::string code_span(std::string_view text) {
  if (text.empty()) return {};
  std::size_t longest = 0;
  std::size_t run = 0;
  std::string cell;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
    if (c == '|') cell += '\\';
    cell += c;
  }
  const std::string fence(longest + 1, '`');
  return longest == 0 ? fence + cell + fence : fence + " " + cell + " " + fence;
}

}  // namespace

void Table::print(TextBuffer& out) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    auto width = text_width(columns_[i].heading);
    for (const auto& row : rows_) width = std::max(width, text_width(row.cells[i]));
    widths.push_back(width);
  }
  // Print nothing after the last cell that has text.
  const auto print_row = [&](const auto& cell_of) {
    auto end = columns_.size();
    while (end != 0 && cell_of(end - 1).empty()) --end;
    for (std::size_t i = 0; i < end; ++i) {
      const std::string_view cell = cell_of(i);
      const std::string padding(widths[i] - text_width(cell), ' ');
      if (i != 0) out.append("  ");
      if (columns_[i].align == Align::kRight) out.append(padding);
      out.append(cell);
      if (columns_[i].align == Align::kLeft && i + 1 < end) out.append(padding);
    }
  };
  if (colour_) out.append("\x1b[1m");
  print_row([&](std::size_t i) { return columns_[i].heading; });
  out.append(colour_ ? "\x1b[0m\n" : "\n");
  for (const auto& row : rows_) {
    const bool styled = colour_ && !row.style.empty();
    if (styled) out.append(row.style);
    print_row([&](std::size_t i) { return std::string_view(row.cells[i]); });
    out.append(styled ? "\x1b[0m\n" : "\n");
  }
}

void Table::print_markdown(TextBuffer& out) const {
  std::string rule;
  for (const auto& column : columns_) {
    out.append("| ");
    out.append(column.heading);
    out.put(' ');
    rule += column.align == Align::kRight ? "| ---: " : "| --- ";
  }
  out.append("|\n" + rule + "|\n");
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const auto& cell = row.cells[i];
      out.append("| " + (columns_[i].align == Align::kLeft ? code_span(cell) : cell) + " ");
    }
    out.append("|\n");
  }
}

}  // namespace rfan::replay
