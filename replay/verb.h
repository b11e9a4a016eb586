// What a verb of rfanreplay is. To add one: a file with a subclass and a make function, and a line in
// verbs.cc.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "format/error.h"
#include "replay/notes.h"
#include "replay/options.h"
#include "replay/output.h"
#include "replay/program.h"
#include "replay/progress.h"
#include "replay/scan.h"

namespace rfan::replay {

// What a verb runs with.
struct Session {
  const Options& options;
  Output& out;
  const NoteSink& note;
  Progress& progress;
  bool colour = false;       // `out` is a terminal
  std::size_t columns = 80;  // its width
};

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

// In the order in which --help lists them; the first is the default.
std::span<const VerbEntry> verbs();
const VerbEntry* find_verb(std::string_view name);

// Runs `query` over the traces of the session, with its filters; says with -v what was read.
Result<Coverage> scan_traces(const Session& session, Query& query, bool follow = false);
// The same over a set that is open.
Result<Coverage> scan_set(const Session& session, const TraceSet& set, Query& query, bool follow = false);

// The verbs.
std::unique_ptr<Verb> make_cat();
std::unique_ptr<Verb> make_info();
std::unique_ptr<Verb> make_report();
std::unique_ptr<Verb> make_files();
std::unique_ptr<Verb> make_tree();
std::unique_ptr<Verb> make_hist();
std::unique_ptr<Verb> make_diff();
std::unique_ptr<Verb> make_verify();
std::unique_ptr<Verb> make_recover();
std::unique_ptr<Verb> make_slice();

}  // namespace rfan::replay
