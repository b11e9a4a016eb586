// The responses to the permission events of a turn.
#pragma once

#include <optional>

#include "recorder/choice/deny_rules.h"
#include "recorder/choice/record_filter.h"
#include "recorder/kernel/event_source.h"
#include "recorder/kernel/fanotify_group.h"
#include "recorder/kernel/kernel_events.h"
#include "recorder/names/path_resolver.h"
#include "recorder/processes/process_tracker.h"

namespace rfan::recorder {

// Collects responses and sends them with one writev. Denies what the rules of a fault injection name, allows
// everything else. Reader thread.
class Responder {
 public:
  // Only events that are recorded are denied, so that every denial is in the trace: an event that is given up
  // for lack of room, or whose process is not known for certain, gets its file.
  struct Denial {
    const DenyRules& rules;
    const RecordFilter& filter;
    PathResolver names;
  };

  // `group`: null where there is no permission group; then nothing else may be called.
  Responder(EventSource* group, std::optional<Denial> denial, ProcessTracker& tracker)
      : group_(group), denial_(std::move(denial)), tracker_(tracker) {}

  // Responds to the event by the rules. Returns true when it is denied.
  bool respond(const KernelEvent& event);
  void allow(int event_fd);
  void send();

 private:
  bool denies(const KernelEvent& event);
  void make_room();

  EventSource* group_;
  std::optional<Denial> denial_;
  ProcessTracker& tracker_;
  ReplyBatch replies_;
};

}  // namespace rfan::recorder
