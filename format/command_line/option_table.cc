#include "format/command_line/option_table.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

namespace rfan::command_line {
namespace {

constexpr std::size_t kTextColumn = 25;

// CLI11 takes 0x7 and " 7" for numbers, and its own range checks quote the limits of double, with 308 digits.
CLI::Validator whole_number_in(const Range& range) {
  const auto check = [range](const std::string& text) -> std::string {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    const bool is_number = error == std::errc{} && rest == end;
    if (is_number && number > range.most)
      return fmt::format("{} is too large, {} is the most", text, range.most);
    if (is_number && number >= range.least) return {};
    const auto least = range.least > 0 ? fmt::format(" of {} or more", range.least) : "";
    return fmt::format("needs a whole number{}, not '{}'", least, text);
  };
  return {check, "", ""};
}

struct Definer {
  CLI::App& app;
  const OptionSpec& option;

  void operator()(bool* target) const { app.add_flag(option.names, *target); }
  void operator()(std::string* target) const { app.add_option(option.names, *target); }
  void operator()(std::optional<std::string>* target) const { app.add_option(option.names, *target); }
  void operator()(std::optional<std::uint64_t>* target) const {
    app.add_option(option.names, *target)->check(whole_number_in(option.range));
  }
  // Take one value each time; otherwise the option would also take the trace.
  void operator()(std::vector<std::string>* target) const {
    app.add_option(option.names, *target)->allow_extra_args(false);
  }
};

std::string label_of(const OptionSpec& option) {
  std::string names = option.names;
  if (const auto comma = names.find(','); comma != names.npos) names.insert(comma + 1, " ");
  return "  " + names + (option.metavar.empty() ? "" : " " + option.metavar);
}

std::string help_of(const OptionSpec& option) {
  const auto* const* text = std::get_if<std::string*>(&option.target);
  return text == nullptr || (*text)->empty() ? option.help
                                             : fmt::format("{} (default: {})", option.help, **text);
}

// Appends the words of `text` from `column` on, in lines of at most kHelpWidth.
void append_wrapped(std::string_view text, std::size_t column, std::string& out) {
  std::size_t at = column;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (at != column && at + 1 + word.size() > kHelpWidth) {
      out += '\n' + std::string(column, ' ');
      at = column;
    }
    if (at != column) out += ' ', ++at;
    out += word;
    at += word.size();
  }
  out += '\n';
}

}  // namespace

Status parse_words(std::span<const OptionGroup> groups, std::vector<std::string> arguments,
                   std::vector<std::string>& words) {
  try {
    CLI::App app;
    app.set_help_flag();
    for (const auto& group : groups) {
      for (const auto& option : group.options) std::visit(Definer{app, option}, option.target);
    }
    app.allow_extras();  // CLI11 would read "[a,b]" as a list if the words were an option
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes a vector in reverse
    app.parse(std::move(arguments));
    for (auto& word : app.remaining()) {
      if (word.size() > 1 && word.front() == '-') return Error{"unknown option", word, 0, {}};
      words.push_back(std::move(word));
    }
  } catch (const CLI::Error& failure) {
    return Error{failure.what(), {}, 0, {}};
  }
  return {};
}

std::string option_help(std::span<const OptionGroup> groups) {
  std::string text;
  for (const auto& group : groups) {
    if (group.options.empty()) continue;
    text += "\n" + group.heading + ":\n";
    for (const auto& option : group.options) {
      auto label = label_of(option);
      if (label.size() + 1 > kTextColumn) {
        text += label + '\n';
        label.clear();
      }
      text += label + std::string(kTextColumn - label.size(), ' ');
      append_wrapped(help_of(option), kTextColumn, text);
    }
  }
  return text;
}

std::vector<std::string> names_of(const OptionSpec& option) {
  const auto comma = option.names.find(',');
  if (comma == option.names.npos) return {option.names};
  return {option.names.substr(0, comma), option.names.substr(comma + 1)};
}

}  // namespace rfan::command_line
