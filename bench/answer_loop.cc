// The bare answer loop as a program, so that it can be measured under any load:
//
//   answer_loop [--execs] PATH...
//
// holds and answers the opens (or the execs only) on the filesystems of the paths until it is killed.
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "bench/bare_answer_loop.h"

int main(int argc, char** argv) {
  std::vector<std::string> paths(argv + 1, argv + argc);
  const bool execs = !paths.empty() && paths.front() == "--execs";
  if (execs) paths.erase(paths.begin());
  if (paths.empty()) {
    std::fputs("usage: answer_loop [--execs] PATH...\n", stderr);
    return 2;
  }
  using rfan::bench::Held;
  rfan::bench::answer_and_forget(paths, execs ? Held::kExecs : Held::kOpens, STDOUT_FILENO);
  std::perror("answer_loop: cannot mark the filesystems (root is needed)");
  return 1;
}
