// Describes bytes that a reader cannot use.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace rfan::format {

// An unreadable part of a trace. The reader reports it, goes on after it, and invents nothing.
struct Damage {
  std::uint64_t offset = 0;  // of the first unusable byte
  std::uint64_t bytes = 0;   // how many were skipped
  std::string description;   // "frame 12 (EVENTS): body checksum differs"
  // Events lost with it: 0 for a frame that has none; empty if the metadata of the block no longer tells.
  std::optional<std::uint64_t> events;
};
using DamageCallback = std::function<void(const Damage&)>;

}  // namespace rfan::format
