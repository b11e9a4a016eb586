// Which processes of the base runs are the same as which of the new runs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "replay/diff/names/process_shape.h"

namespace rfan::replay {

enum class Side : std::uint8_t { kBase = 0, kNew = 1 };

struct RunShapes {
  Side side = Side::kBase;
  std::span<const ProcessShape> shapes;
};

// The actors of a comparison. An actor may stand for several shapes; its own is the first one seen.
struct ActorMatch {
  std::vector<ProcessShape> actors;
  std::vector<std::vector<std::uint32_t>> actor_of;  // by run, then by index of the shape
};

// Equal shapes are one actor. A shape that only one side has joins, in this order, the most similar shape of
// the other side with
//  1. the same program, script and ancestors (an option was added);
//  2. the same program and script under other ancestors that no shape of its own side explains (a wrapper
//     was put in between): the one with most of the inner ancestors in common.
// Command lines that have half of their options in common come first, in both; then any. Otherwise a shape
// stays alone: the program is new, or gone.
ActorMatch match_processes(std::span<const RunShapes> runs);

}  // namespace rfan::replay
