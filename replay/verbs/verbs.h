// Declares the verbs. Each is defined in the file of its name.
#pragma once

#include "replay/verb/verb.h"

namespace rfan::replay {

extern const VerbEntry kCatVerb;
extern const VerbEntry kReportVerb;
extern const VerbEntry kFilesVerb;
extern const VerbEntry kTreeVerb;
extern const VerbEntry kHistVerb;
extern const VerbEntry kDiffVerb;
extern const VerbEntry kInfoVerb;
extern const VerbEntry kVerifyVerb;
extern const VerbEntry kRecoverVerb;
extern const VerbEntry kSliceVerb;

}  // namespace rfan::replay
