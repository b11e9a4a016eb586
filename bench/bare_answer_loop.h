// The floor under every recorder that holds opens: a bare loop that reads events and answers them.
#pragma once

#include <string>
#include <vector>

namespace rfan::bench {

enum class Held { kOpens, kExecs };

// Marks the filesystem of each path with what rfanrec asks for in its permission group (--hold open: opens,
// execs and closes; --hold exec: execs), writes a byte to `ready`, and then reads and answers, and keeps
// nothing. Returns only when a mark fails; ended by a signal.
void answer_and_forget(const std::vector<std::string>& paths, Held held, int ready);

}  // namespace rfan::bench
