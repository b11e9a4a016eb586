// rfanrec: records file accesses. See recorder/README.md for the way through the code.
#include <cstdio>

#include "recorder/coverage.h"
#include "recorder/options.h"
#include "recorder/session.h"

int main(int argc, char** argv) {
  const auto parsed = rfan::recorder::parse_options(argc, argv);
  if (parsed.options && parsed.options->coverage) return rfan::recorder::print_coverage(*parsed.options);
  if (parsed.options) return rfan::recorder::run_session(*parsed.options);
  std::fputs(parsed.text.c_str(), parsed.exit_status == 0 ? stdout : stderr);
  return parsed.exit_status;
}
