#include "recorder/kernel/event_plan.h"

#include <sys/fanotify.h>

#include <array>

namespace rfan::recorder {

using format::EventKind;
using format::HoldMode;

namespace {

struct KindMask {
  EventKind kind;
  std::uint64_t mask;
};

// Reported by name in every mode: the permission group does not offer them, or each would cost a descriptor.
constexpr std::array<KindMask, 6> kAlwaysNotification{{
    {EventKind::kAccess, FAN_ACCESS},
    {EventKind::kModify, FAN_MODIFY},
    {EventKind::kCreate, FAN_CREATE},
    {EventKind::kDelete, FAN_DELETE},
    {EventKind::kRename, FAN_RENAME},
    {EventKind::kAttrib, FAN_ATTRIB},
}};
constexpr std::array<KindMask, 2> kCloses{{
    {EventKind::kCloseWrite, FAN_CLOSE_WRITE},
    {EventKind::kCloseNowrite, FAN_CLOSE_NOWRITE},
}};

template <std::size_t N>
std::uint64_t masks_of(const std::array<KindMask, N>& table, std::uint32_t kinds) {
  std::uint64_t mask = 0;
  for (const auto& entry : table) {
    if ((kinds & (1U << static_cast<unsigned>(entry.kind))) != 0) mask |= entry.mask;
  }
  return mask;
}

}  // namespace

std::uint64_t EventPlan::notifications_of_files() const {
  return (notification | instead_of_permission) & ~(FAN_CREATE | FAN_DELETE | FAN_RENAME);
}

EventPlan plan_events(HoldMode hold, std::uint32_t event_kinds) {
  const bool open = (event_kinds & (1U << static_cast<unsigned>(EventKind::kOpen))) != 0;
  const bool exec = (event_kinds & (1U << static_cast<unsigned>(EventKind::kExec))) != 0;
  const std::uint64_t closes = masks_of(kCloses, event_kinds);
  const bool hold_open = hold == HoldMode::kOpen;
  const bool hold_exec = hold != HoldMode::kNone;
  EventPlan plan;
  plan.notification = masks_of(kAlwaysNotification, event_kinds);
  if (open) (hold_open ? plan.permission : plan.notification) |= hold_open ? FAN_OPEN_PERM : FAN_OPEN;
  if (exec)
    (hold_exec ? plan.permission : plan.notification) |= hold_exec ? FAN_OPEN_EXEC_PERM : FAN_OPEN_EXEC;
  (hold_open ? plan.permission : plan.notification) |= closes;
  plan.instead_of_permission = (open ? FAN_OPEN : 0U) | (exec ? FAN_OPEN_EXEC : 0U) | closes;
  plan.recorded = plan.permission | plan.notification | plan.instead_of_permission;
  if (plan.notification != 0) {
    // It separates events before and after an exec (ExecOrder).
    (hold_exec ? plan.permission : plan.notification) |= hold_exec ? FAN_OPEN_EXEC_PERM : FAN_OPEN_EXEC;
    // FAN_CREATE is the only source of a name for a directory that is gone when we look it up. It also gives
    // a changed link count the name that comes or goes with it (EventNames).
    plan.notification |= FAN_CREATE;
  }
  plan.instead_of_permission |= FAN_OPEN_EXEC | FAN_CREATE;
  // We look up a file after its event, through directories. Both may have moved by then.
  plan.notification |= FAN_RENAME | FAN_DELETE;
  return plan;
}

}  // namespace rfan::recorder
