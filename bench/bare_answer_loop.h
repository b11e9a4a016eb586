// The minimum cost of every recorder that holds opens: a bare loop that reads events and answers them.
#pragma once

#include <string>
#include <vector>

namespace rfan::bench {

enum class Held { kOpens, kExecs };

// Marks the filesystem of each path with the mask of rfanrec's permission group (--hold open: opens, execs
// and closes; --hold exec: execs) and writes a byte to `ready`. Then reads and answers events and keeps
// nothing, until a signal ends it. Returns only if a mark fails.
void answer_and_forget(const std::vector<std::string>& paths, Held held, int ready);

}  // namespace rfan::bench
