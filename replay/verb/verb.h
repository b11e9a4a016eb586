// Defines what a verb of rfanreplay is. To add one: write a subclass and its VerbEntry in a file of verbs/,
// and name the entry in verbs/verbs.h and verb_table.cc.
#pragma once

#include <memory>
#include <string_view>

#include "format/base/error.h"
#include "replay/query/scan.h"
#include "replay/verb/exit_status.h"
#include "replay/verb/option_table.h"
#include "replay/verb/options.h"
#include "replay/verb/session.h"

namespace rfan::replay {

// One command: options(), then check(), then run(), each once.
class Verb {
 public:
  virtual ~Verb() = default;
  // The verb's own options; they point into the verb.
  virtual OptionGroup options() { return {}; }
  // Whether the values of the verb's own options make sense together with the others; an Error is a usage
  // error.
  virtual Status check(const Options&) { return {}; }
  // Prints to `session.out`. kPartial when something is missing from the traces, with notes that say what.
  virtual Result<Coverage> run(const Session& session) = 0;
  // After run().
  virtual int exit_status(const Result<Coverage>& coverage) const {
    if (!coverage) return kExitError;
    return coverage.value() == Coverage::kWhole ? kExitClean : kExitPartial;
  }
};

struct VerbEntry {
  std::string_view name;
  std::string_view summary;   // for the list of verbs
  std::string_view synopsis;  // what follows "rfanreplay NAME "
  std::string_view about;     // paragraphs for VERB --help, ending in examples
  unsigned groups;            // OptionGroups
  std::unique_ptr<Verb> (*make)();
};

}  // namespace rfan::replay
