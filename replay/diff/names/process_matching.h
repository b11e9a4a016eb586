// Matches the processes of the base runs with those of the new runs.
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

// The actors of a comparison. An actor may stand for several shapes and has the shape that was seen first.
struct ActorMatch {
  std::vector<ProcessShape> actors;
  std::vector<std::vector<std::uint32_t>> actor_of;  // by run, then index of the shape
};

// Matches shapes. Equal shapes are one actor. A shape that only one side has joins the most similar shape of
// the other side that meets one of these conditions, in this order:
//   1. the same program, script and ancestors (an option was added);
//   2. the same program and script under other ancestors (a wrapper was inserted). The other shape must be
//      one-sided, too, and have no partner yet. The one with the most inner ancestors in common wins.
// Both conditions first require half of the options in common, then none. A shape without a partner stays
// alone: its program is new or gone.
ActorMatch match_processes(std::span<const RunShapes> runs);

}  // namespace rfan::replay
