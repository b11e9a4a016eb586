// golden_generator DIRECTORY: writes the golden traces and their readable twins.
#include <cstdio>
#include <fstream>

#include "tests/format/golden_traces.h"
#include "tests/format/trace_text.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: golden_generator DIRECTORY\n", stderr);
    return 2;
  }
  const std::string directory = argv[1];
  for (const auto& [name, bytes] : rfan::tests::golden_traces()) {
    std::ofstream trace(directory + "/" + name + ".fbz", std::ios::binary);
    trace.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    std::ofstream text(directory + "/" + name + ".txt");
    text << rfan::tests::trace_text(rfan::tests::read_all(bytes));
    if (!trace.flush() || !text.flush()) {
      std::fprintf(stderr, "cannot write the golden files of '%s'\n", name.c_str());
      return 1;
    }
  }
  return 0;
}
