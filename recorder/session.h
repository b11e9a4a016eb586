// One recording from set-up to summary: who starts what, in which order, and who ends it.
#pragma once

#include "recorder/options.h"
#include "recorder/system/inherited_signals.h"

namespace rfan::recorder {

// Runs the recording that `options` describe and returns the exit status of the program. Call from the main
// thread of a process that has no other threads yet.
int run_session(const Options& options, const InheritedSignals& signals);

}  // namespace rfan::recorder
