#include "recorder/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <string_view>
#include <utility>

namespace rfan::recorder {

namespace {

constexpr const char* kDescription =
    "Records who opened, executed, wrote and closed which file, through fanotify, into a compact trace.\n"
    "Read the trace with rfanreplay.";

constexpr const char* kFooter = R"(
PATH: the filesystem that it lies on is recorded, all of it. Default: that of the current directory; with a COMMAND,
every mounted filesystem.

With a COMMAND, only it and its descendants are recorded, and rfanrec ends with it and with its exit status.
Without, the recording ends with Ctrl-C (or SIGTERM, or --duration).

Examples:
  sudo rfanrec /                          everything on the root filesystem, into trace.fbz
  sudo rfanrec -o vim.fbz -- vim notes    what vim touches, on all filesystems
  sudo rfanrec --duration 10s /home       ten seconds of /home's filesystem
  rfanreplay trace.fbz --exe vim          what vim did

Exit status: that of COMMAND; else 0 recorded, 1 error, 2 wrong command line. 126 and 127: COMMAND cannot be run.)";

class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App*, std::string) const override {
    return "Usage: rfanrec [OPTIONS] [-o FILE] [PATH...] [-- COMMAND...]\n";
  }
};

void define_options(CLI::App& app, Options& options, std::string& duration) {
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("rfanrec ") + RFAN_VERSION);
  app.add_option("-o,--output", options.output,
                 "trace file, '-' for standard output; an existing one becomes FILE.old")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_option("--duration", duration, "end after this time: 500ms, 10s, 5m, 1h")->type_name("TIME");
  app.add_option("--cpu", options.cpu, "pin the reader thread to this CPU (default: the last one allowed)")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  app.add_flag("-q,--quiet", options.quiet, "print no status line and no summary");
  // PATHs are what is left over, word for word: as an option of their own CLI11 would take "[a,b]" for a
  // list.
  app.allow_extras();
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(const std::string& text) {
  constexpr std::array<std::pair<std::string_view, double>, 5> kUnits{
      {{"ms", 1.0}, {"s", 1000.0}, {"m", 60'000.0}, {"h", 3'600'000.0}, {"", 1000.0}}};
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const auto* known =
      std::find_if(kUnits.begin(), kUnits.end(), [&](const auto& u) { return u.first == unit; });
  constexpr double kMaxMs = 1e14;  // 3,000 years: far from overflow
  if (error != std::errc{} || known == kUnits.end() || !(number * known->second >= 1) ||
      number * known->second > kMaxMs) {
    return Error{"cannot understand the duration", text, 0, "write 500ms, 10s, 5m or 1h, at least 1ms"};
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(number * known->second));
}

ParsedOptions parse_options(int argc, const char* const* argv) {
  // Everything behind "--" is the command, word for word.
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto dashes = std::find(words.begin(), words.end(), "--");
  Options options;
  options.words.assign(argv, argv + argc);
  std::string duration;
  CLI::App app(kDescription, "rfanrec");
  app.formatter(std::make_shared<HelpFormatter>());
  define_options(app, options, duration);
  try {
    app.parse(std::vector<std::string>(std::make_reverse_iterator(dashes), words.rend()));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      const bool version = std::find(words.begin(), dashes, "--version") != dashes;
      return {std::nullopt, version ? app.version() + "\n" : app.help(), 0};
    }
    return {std::nullopt, std::string("rfanrec: ") + error.what() + "; try rfanrec --help\n", 2};
  }
  for (const auto& word : app.remaining()) {
    if (word.size() > 1 && word.front() == '-') {
      return {std::nullopt, "rfanrec: unknown option '" + word + "'; try rfanrec --help\n", 2};
    }
    options.paths.push_back(word);
  }
  if (dashes != words.end()) {
    options.command.assign(dashes + 1, words.end());
    if (options.command.empty())
      return {std::nullopt, "rfanrec: a command must follow '--'; try rfanrec --help\n", 2};
  }
  if (app.count("--duration") != 0) {
    const auto parsed = parse_duration(duration);
    if (!parsed) return {std::nullopt, "rfanrec: " + parsed.error().message() + "\n", 2};
    options.duration = parsed.value();
  }
  return {std::move(options), {}, 0};
}

}  // namespace rfan::recorder
