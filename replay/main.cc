// rfanreplay: reads traces that rfanrec wrote.
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "format/byte_io.h"
#include "replay/cat.h"
#include "replay/info.h"
#include "replay/options.h"

namespace {

using namespace rfan;

constexpr int kExitClean = 0;
constexpr int kExitError = 1;
constexpr int kExitUsage = 2;
constexpr int kExitPartial = 3;

void print_note(std::string_view note) {
  fmt::print(stderr, "rfanreplay: note: {}\n", note);
}

int fail(const Error& error) {
  fmt::print(stderr, "rfanreplay: {}\n", error.message());
  return kExitError;
}

int print_and_exit(std::string_view text) {
  replay::Output out(STDOUT_FILENO);
  out.append(text);
  out.flush();
  return out.status() || out.closed() ? kExitClean : fail(out.status().error());
}

int run(const replay::Options& options) {
  auto source = format::open_source(options.trace);
  if (!source) return fail(source.error());
  replay::Output out(STDOUT_FILENO);
  const auto run_verb = options.verb == replay::Verb::kInfo ? replay::run_info : replay::run_cat;
  const auto coverage = run_verb(options, std::move(source).value(), out, print_note);
  if (!coverage) return fail(coverage.error());
  return coverage.value() == replay::Coverage::kWhole ? kExitClean : kExitPartial;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // `rfanreplay t.fbz | head` is seen as EPIPE and ends quietly
  const auto options = replay::parse_options({argv + 1, argv + argc});
  if (!options) {
    fmt::print(stderr, "rfanreplay: {}\nTry 'rfanreplay --help'.\n", options.error().message());
    return kExitUsage;
  }
  switch (options.value().verb) {
    case replay::Verb::kHelp:
      return print_and_exit(replay::help_text());
    case replay::Verb::kVersion:
      return print_and_exit("rfanreplay " RFAN_VERSION "\n");
    default:
      return run(options.value());
  }
}
