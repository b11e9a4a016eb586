// Defines the interface of a verb. To add one: write a subclass and its VerbEntry in a file of verbs/, and
// name the entry in verbs/verbs.h and verb_table.cc.
#pragma once

#include <memory>
#include <string_view>

#include "format/base/error.h"
#include "replay/query/scan.h"
#include "replay/verb/exit_status.h"
#include "replay/verb/options.h"
#include "replay/verb/session.h"

namespace rfan::replay {

// One command. The caller calls options(), then check(), then run(), each once.
class Verb {
 public:
  virtual ~Verb() = default;
  // Returns the verb's own options. Their targets are in the verb.
  virtual OptionGroup options() { return {}; }
  // Checks the values of the verb's own options together with the others. Fails on a usage error.
  virtual Status check(const Options&) { return {}; }
  // Prints to `session.out`. Returns kPartial if something is missing from the traces; notes say what.
  virtual Result<Coverage> run(const Session& session) = 0;
  // Returns the exit status for the result of run().
  virtual int exit_status(const Result<Coverage>& coverage) const {
    if (!coverage) return kExitError;
    return coverage.value() == Coverage::kWhole ? kExitClean : kExitPartial;
  }
};

template <typename OneVerb>
std::unique_ptr<Verb> make_verb() {
  return std::make_unique<OneVerb>();
}

struct VerbEntry {
  std::string_view name;
  std::string_view summary;   // for the list of verbs
  std::string_view synopsis;  // the rest of the usage line, after "rfanreplay NAME "
  std::string_view about;     // paragraphs for VERB --help, ending in examples
  unsigned groups;            // OptionGroups
  std::unique_ptr<Verb> (*make)();
};

}  // namespace rfan::replay
