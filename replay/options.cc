#include "replay/options.h"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace rfan::replay {
namespace {

// What was typed, before it is known to make sense.
struct Typed {
  std::string first_word, second_word, format = "text";
  FilterArguments filter;
  bool help = false, version = false, reltime = false, utc = false;
};

void add_options(CLI::App& app, Typed& typed) {
  const auto repeatable = [&](const char* name, std::vector<std::string>& values) {
    app.add_option(name, values)
        ->allow_extra_args(false);  // one value each time, or it would swallow the trace
  };
  app.set_help_flag();
  app.add_option("first", typed.first_word);
  app.add_option("second", typed.second_word);
  repeatable("--exe", typed.filter.exe);
  repeatable("--comm", typed.filter.comm);
  repeatable("--pid", typed.filter.pid);
  repeatable("--path", typed.filter.path);
  repeatable("--kind", typed.filter.kind);
  repeatable("--since", typed.filter.since);
  repeatable("--until", typed.filter.until);
  app.add_option("--format", typed.format);
  app.add_flag("--reltime", typed.reltime);
  app.add_flag("--utc", typed.utc);
  app.add_flag("-h,--help", typed.help);
  app.add_flag("--version", typed.version);
}

// The only place that sees CLI11's exceptions.
Result<Typed> parse_words(std::vector<std::string> arguments) {
  Typed typed;
  try {
    CLI::App app;
    add_options(app, typed);
    std::reverse(arguments.begin(), arguments.end());  // the order in which CLI11 takes a vector
    app.parse(std::move(arguments));
  } catch (const CLI::Error& failure) {
    return Error{failure.what(), {}, 0, {}};
  }
  return typed;
}

Status set_verb_and_trace(const Typed& typed, Options& options) {
  const bool is_verb = typed.first_word == "cat" || typed.first_word == "info";
  if (!is_verb && !typed.second_word.empty()) {
    return Error{"unknown verb", typed.first_word, 0, "the verbs are cat and info, and there is one trace"};
  }
  if (typed.first_word == "info") options.verb = Verb::kInfo;
  options.trace = is_verb ? typed.second_word : typed.first_word;
  if (options.trace.empty()) {
    return Error{
        "no trace given", {}, 0, is_verb ? "write ./" + typed.first_word + " for a file of that name" : ""};
  }
  return {};
}

Status set_format(const Typed& typed, Options& options) {
  const std::string json_name = options.verb == Verb::kCat ? "jsonl" : "json";
  if (typed.format == json_name) {
    options.format = OutputFormat::kJson;
  } else if (typed.format != "text") {
    return Error{"unknown format", typed.format, 0, "the formats are text and " + json_name};
  }
  return {};
}

}  // namespace

Result<Options> parse_options(std::vector<std::string> arguments) {
  auto typed = parse_words(std::move(arguments));
  if (!typed) return typed.error();
  Options options;
  options.reltime = typed->reltime;
  options.utc = typed->utc;
  if (typed->help || typed->version) {
    options.verb = typed->help ? Verb::kHelp : Verb::kVersion;
    return options;
  }
  if (auto status = set_verb_and_trace(*typed, options); !status) return status.error();
  if (auto status = set_format(*typed, options); !status) return status.error();
  if (options.verb == Verb::kInfo && !typed->filter.empty()) {
    return Error{"info takes no filters", {}, 0, "it describes the trace as a whole"};
  }
  auto filter = parse_filter(typed->filter, options.utc);
  if (!filter) return filter.error();
  options.filter = std::move(filter).value();
  return options;
}

}  // namespace rfan::replay
