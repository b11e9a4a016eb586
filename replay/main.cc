// rfanreplay: reads traces that rfanrec wrote.
#include <csignal>

#include "replay/program.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // `rfanreplay t.fbz | head` is seen as EPIPE and ends quietly
  return rfan::replay::run_program({argv + 1, argv + argc}, {});
}
