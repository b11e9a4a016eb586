// Runs one recording from set-up to summary.
#pragma once

#include "recorder/options.h"
#include "recorder/system/inherited_signals.h"

namespace rfan::recorder {

// Runs the recording that `options` describe and returns the exit status of the program. Call it from the
// main thread while there are no other threads.
int run_session(const Options& options, const InheritedSignals& signals);

}  // namespace rfan::recorder
