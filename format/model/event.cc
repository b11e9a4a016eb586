#include "format/model/event.h"

#include <array>

namespace rfan::format {
namespace {

constexpr std::array<std::string_view, kEventKindLimit> kKindNames = {
    "unknown",       "open",   "exec",   "access", "modify", "close_write",
    "close_nowrite", "create", "delete", "rename", "attrib"};

constexpr std::array<std::string_view, kLossCauseLimit> kLossNames = {
    "unknown",         "queue overflow",      "no arena",          "descriptor failed",
    "unresolved path", "write error",         "process channel",   "unknown scope",
    "unreadable",      "unmarked filesystem", "uncertain process", "stall"};

}  // namespace

std::string_view event_kind_name(EventKind kind) {
  const auto value = static_cast<std::size_t>(kind);
  return value < kKindNames.size() ? kKindNames[value] : kKindNames[0];
}

std::string event_kind_names() {
  std::string names;
  for (std::size_t kind = 1; kind < kEventKindLimit; ++kind) {
    if (!names.empty()) names += ' ';
    names += event_kind_name(static_cast<EventKind>(kind));
  }
  return names;
}

std::optional<EventKind> event_kind_from_name(std::string_view name) {
  for (std::size_t value = 1; value < kKindNames.size(); ++value) {
    if (kKindNames[value] == name) return static_cast<EventKind>(value);
  }
  return {};
}

std::string_view loss_cause_name(LossCause cause) {
  const auto value = static_cast<std::size_t>(cause);
  return value < kLossNames.size() ? kLossNames[value] : kLossNames[0];
}

bool loses_events(LossCause cause) {
  return cause == LossCause::kQueueOverflow || cause == LossCause::kNoArena ||
         cause == LossCause::kWriteError || cause == LossCause::kUnknownScope ||
         cause == LossCause::kUnreadable || cause == LossCause::kUnmarkedFilesystem;
}

bool concerns_events(LossCause cause) {
  return cause != LossCause::kStall;
}

}  // namespace rfan::format
