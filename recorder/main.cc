// rfanrec: records file accesses. recorder/README.md introduces the code.
#include "format/base/standard_descriptors.h"
#include "recorder/coverage.h"
#include "recorder/options.h"
#include "recorder/session.h"
#include "recorder/system/inherited_signals.h"
#include "recorder/system/messages.h"

int main(int argc, char** argv) {
  using namespace rfan::recorder;
  const auto signals = InheritedSignals::take_over();
  if (const auto status = rfan::occupy_standard_descriptors(); !status) {
    say(status.error().message());
    return 1;
  }
  const auto parsed = parse_options(argc, argv);
  if (parsed.options && parsed.options->coverage) return print_coverage(*parsed.options);
  if (parsed.options) return run_session(*parsed.options, signals);
  if (parsed.exit_status == 0) return print(parsed.text) ? 0 : 1;
  say(parsed.text);
  return parsed.exit_status;
}
