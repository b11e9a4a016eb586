// The bare answer loop as a program, so that it can be measured under any load:
//
//   answer_loop PATH...     holds and answers the opens on the filesystems of the paths until it is killed
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "bench/bare_answer_loop.h"

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: answer_loop PATH...\n", stderr);
    return 2;
  }
  rfan::bench::answer_and_forget({argv + 1, argv + argc}, STDOUT_FILENO);
  std::perror("answer_loop: cannot mark the filesystems (root is needed)");
  return 1;
}
