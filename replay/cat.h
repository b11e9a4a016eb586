// `rfanreplay cat`: the events of a trace that a filter wants, printed in the order of the trace.
#pragma once

#include <memory>

#include "format/byte_io.h"
#include "format/error.h"
#include "replay/notes.h"
#include "replay/options.h"
#include "replay/output.h"

namespace rfan::replay {

// Whether an answer covers everything that was to be recorded.
enum class Coverage : std::uint8_t { kWhole, kPartial };

// Prints to `out` and flushes it. kPartial after damage, a missing footer or a loss in the ledger, each with
// a note; an Error when the source is no trace or cannot be read, or `out` cannot be written. A reader of
// `out` that went away ends it early with kWhole.
Result<Coverage> run_cat(const Options& options, std::unique_ptr<format::ByteSource> source, Output& out,
                         const NoteSink& note);

}  // namespace rfan::replay
