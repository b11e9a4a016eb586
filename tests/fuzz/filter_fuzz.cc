// The input is values of filter options, one a line, the first byte of each says of which option.
#include <sstream>

#include "replay/filter.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rfan;
  replay::FilterArguments arguments;
  std::vector<std::string>* lists[] = {&arguments.exe,  &arguments.comm,  &arguments.pid,  &arguments.path,
                                       &arguments.kind, &arguments.since, &arguments.until};
  std::istringstream lines(std::string(reinterpret_cast<const char*>(data), size));
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) lists[static_cast<unsigned char>(line[0]) % 7]->push_back(line.substr(1));
  }
  auto spec = replay::parse_filter(arguments, true);
  if (!spec) return 0;
  format::Dictionary dictionary;
  dictionary.add_path("/usr/bin/vim");
  dictionary.add_process({});
  replay::Filter filter(std::move(spec).value());
  filter.extend(dictionary);
  return 0;
}
