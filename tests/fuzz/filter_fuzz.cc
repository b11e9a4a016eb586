// The input is values of filter options, one a line; the first byte of each says of which option.
#include <array>
#include <sstream>

#include "replay/filter.h"
#include "replay/filter_parser.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rfan;
  replay::FilterArguments arguments;
  const std::array lists{&arguments.exe,   &arguments.comm,  &arguments.pid,         &arguments.tree,
                         &arguments.user,  &arguments.path,  &arguments.kind,        &arguments.since,
                         &arguments.until, &arguments.where, &arguments.min_latency, &arguments.verdict};
  std::istringstream lines(std::string(reinterpret_cast<const char*>(data), size));
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) lists[static_cast<unsigned char>(line[0]) % lists.size()]->push_back(line.substr(1));
  }
  auto condition = replay::parse_filter(arguments, true);
  if (!condition) return 0;
  format::Dictionary dictionary;
  dictionary.add_path("/usr/bin/vim");
  dictionary.add_process({});
  replay::Filter filter(*std::move(condition));
  filter.extend(dictionary);
  return 0;
}
