// Holds the table of verbs and makes the help texts from it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "replay/verb/verb.h"

namespace rfan::replay {

// Returns the verbs in the order in which --help lists them. The first one is the default.
std::span<const VerbEntry* const> verbs();
const VerbEntry* find_verb(std::string_view name);  // null if there is none

// Returns the text of `rfanreplay VERB --help`, or of `rfanreplay --help` if `verb` is empty.
std::string help_text(std::string_view verb);

}  // namespace rfan::replay
