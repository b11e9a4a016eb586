// Describes what is missing from a trace: the notes on standard error and the losses that `info` lists.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/model/damage.h"
#include "format/model/event.h"
#include "format/model/loss_summary.h"
#include "replay/trace/time_format.h"

namespace rfan::replay {

using NoteSink = std::function<void(std::string_view)>;  // one line, without its newline

// Returns a name of the format as one word: "queue overflow" as "queue_overflow".
std::string identifier(std::string_view name);

// The sum of all entries of the loss ledger with one cause.
struct LossSum {
  format::LossCause cause = format::LossCause::kQueueOverflow;
  format::LossCount count;
  std::uint64_t entries = 0;
  std::uint64_t first_ns = 0;  // CLOCK_MONOTONIC
  std::uint64_t last_ns = 0;
};
std::vector<LossSum> sum_losses(std::span<const format::Loss> losses);

// Returns true if format::concerns_events() is true for any of the losses.
bool any_concerns_events(std::span<const LossSum> losses);

// Returns "the trace lost 120 events (queue_overflow, 10:31:02.1-10:31:02.4): counts are lower bounds".
std::string loss_note(const LossSum& loss, TimeFormat& time);

// Returns "damaged at byte 1574: frame 12 (EVENTS): body checksum differs; 240 bytes skipped, 300 events
// lost".
std::string damage_text(const format::Damage& damage);

// Returns a DamageCallback that passes the first kMaxDamageNotes reports on as notes.
inline constexpr std::uint64_t kMaxDamageNotes = 20;
format::DamageCallback damage_notes(NoteSink note);

// Returns "the trace is not finished ...".
std::string unfinished_note();

// Returns the note about frames that a newer minor version wrote.
std::string unknown_frames_note(std::uint64_t frames);

}  // namespace rfan::replay
