// Holds the table of verbs and makes the help texts from it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "replay/verb/verb.h"

namespace rfan::replay {

// Returns the verbs in the order in which --help lists them. The first one is the default.
std::span<const VerbEntry* const> verbs();
const VerbEntry* find_verb(std::string_view name);  // null if there is none

// Returns the options of a verb, its own first. Their targets are in `verb` and `typed`.
std::vector<command_line::OptionGroup> options_of(const VerbEntry& entry, Verb& verb, TypedOptions& typed);

// Returns the script with which a shell completes the command line. Fails for an unknown shell.
Result<std::string> completion_script(std::string_view shell);

// Returns the text of `rfanreplay VERB --help`, or of `rfanreplay --help` if `verb` is empty.
std::string help_text(std::string_view verb);

}  // namespace rfan::replay
