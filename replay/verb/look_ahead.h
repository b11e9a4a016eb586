// Filters that need to have seen the traces: --wrote and --slowest. Each runs a scan of its own and gives a
// Condition.
#pragma once

#include <string>

#include "replay/verb/session.h"

namespace rfan::replay {

// The session's filter together with its --wrote and --slowest. Damage found on the way is noted.
Result<ConditionPtr> look_ahead(const Session& session, const TraceSet& set);

}  // namespace rfan::replay
