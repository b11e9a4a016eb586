// The input is values of filter options, one a line; the first byte of each line selects the option. The last
// option is an expression, which is also parsed on its own. Values that parse become a filter, which is used.
#include <iterator>
#include <sstream>

#include "replay/query/filter.h"
#include "replay/query/filter_parser.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/support/hand_made_dictionary.h"

namespace {

using namespace rfan;

void use(const replay::ConditionPtr& condition) {
  tests::HandMadeDictionary dictionary;
  format::Process process;
  process.exe = dictionary.add_path("/usr/bin/vim");
  process.comm = "vim";
  dictionary.add_process(process);
  replay::Filter filter(condition);
  filter.extend(dictionary);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  replay::FilterArguments arguments;
  std::vector<std::string>* lists[] = {
      &arguments.exe,   &arguments.comm,    &arguments.pid,  &arguments.path,   &arguments.kind,
      &arguments.since, &arguments.until,   &arguments.tree, &arguments.cgroup, &arguments.min_latency,
      &arguments.user,  &arguments.verdict, &arguments.where};
  std::istringstream lines(std::string(reinterpret_cast<const char*>(data), size));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    auto* list = lists[static_cast<unsigned char>(line[0]) % std::size(lists)];
    list->push_back(line.substr(1));
    if (list != &arguments.where) continue;
    if (auto parsed = replay::parse_where(list->back(), true)) use(*parsed);
  }
  if (auto parsed = replay::parse_filter(arguments, true)) use(*parsed);
  return 0;
}
