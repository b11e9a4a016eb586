// rfanreplay: reads traces that rfanrec wrote.
#include <csignal>

#include "format/base/standard_descriptors.h"
#include "replay/program.h"
#include "replay/text/standard_error.h"

int main(int argc, char** argv) {
  if (const auto status = rfan::occupy_standard_descriptors(); !status) {
    rfan::replay::write_to_standard_error("rfanreplay: " + status.error().message() + "\n");
    return rfan::replay::kExitError;
  }
  std::signal(SIGPIPE, SIG_IGN);  // `rfanreplay t.fbz | head` then gets EPIPE and ends quietly
  return rfan::replay::run_program({argv + 1, argv + argc}, {});
}
