// The table of verbs, and the help that is made from it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "replay/verb/verb.h"

namespace rfan::replay {

// In the order in which --help lists them; the first is the default.
std::span<const VerbEntry* const> verbs();
const VerbEntry* find_verb(std::string_view name);  // null: there is none

// What `rfanreplay --help` and `rfanreplay VERB --help` print; an empty name is the program.
std::string help_text(std::string_view verb);

}  // namespace rfan::replay
