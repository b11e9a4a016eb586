// Evaluates --wrote and --slowest, which need to see the traces first. Each runs its own scan and gives a
// Condition.
#pragma once

#include <string>

#include "replay/verb/session.h"

namespace rfan::replay {

// Returns the session's filter combined with its --wrote and --slowest. Notes damage found meanwhile. Fails
// if one of them is given and the set has streams, or if --slowest finds no held event.
Result<ConditionPtr> look_ahead(const Session& session, const TraceSet& set);

}  // namespace rfan::replay
