// `rfanreplay verify` reads everything and names what is damaged or missing.
#include <fmt/format.h>

#include "format/base/escape.h"
#include "format/base/number_text.h"
#include "format/trace/trace_check.h"
#include "replay/text/json_writer.h"
#include "replay/trace/trace_names.h"
#include "replay/verbs/verbs.h"

namespace rfan::replay {
namespace {

using format::count_text;
using format::Damage;

enum class State : std::uint8_t { kWhole, kInProgress, kUnfinished, kDamaged };

std::string_view state_name(State state) {
  switch (state) {
    case State::kWhole:
      return "whole";
    case State::kInProgress:
      return "in progress";
    case State::kUnfinished:
      return "not finished";
    case State::kDamaged:
      return "damaged";
  }
  return {};
}

struct Finding {
  std::string name;
  State state = State::kWhole;
  format::TraceCheck check;
  std::vector<Damage> damage;
  std::vector<LossSum> losses;

  bool sound() const { return state == State::kWhole || state == State::kInProgress; }
  // Returns the number of events that the footer counts and no readable block has.
  std::optional<std::uint64_t> missing() const {
    if (!check.footer || check.footer->totals.events < check.totals.events) return std::nullopt;
    return check.footer->totals.events - check.totals.events;
  }
};

Result<Finding> look_at(const TraceMember& member) {
  Finding finding;
  finding.name = member.name;
  // Ask before opening: a file that is finished in between then has its footer.
  const bool writing = !member.stream && being_written(member.path);
  auto source = format::open_source(member.path);
  if (!source) return source.error();
  auto check = format::check_trace(std::move(*source),
                                   [&](const Damage& damage) { finding.damage.push_back(damage); });
  if (!check) return check.error();
  finding.check = std::move(*check);
  auto& damage = finding.damage;
  const bool open_end = writing && !finding.check.complete;
  // A frame that is being appended may be half written.
  if (open_end && !damage.empty() && damage.back().offset + damage.back().bytes == finding.check.bytes)
    damage.pop_back();
  finding.state = !damage.empty()          ? State::kDamaged
                  : finding.check.complete ? State::kWhole
                  : open_end               ? State::kInProgress
                                           : State::kUnfinished;
  finding.losses = sum_losses(finding.check.losses);
  return finding;
}

std::string amount_text(const Finding& finding) {
  const auto& check = finding.check;
  return fmt::format("{} event{} in {} block{}", count_text(check.totals.events),
                     check.totals.events == 1 ? "" : "s", count_text(check.blocks),
                     check.blocks == 1 ? "" : "s");
}

std::string verdict_text(const Finding& finding) {
  switch (finding.state) {
    case State::kWhole:
      return fmt::format("whole: {}", amount_text(finding));
    case State::kInProgress:
      return fmt::format("in progress: {} so far", amount_text(finding));
    case State::kUnfinished:
      return fmt::format("not finished: {}; what came after the last flush is missing", amount_text(finding));
    case State::kDamaged:
      break;
  }
  const auto missing = finding.missing();
  return fmt::format("damaged in {} place{}: {} readable, {} lost", finding.damage.size(),
                     finding.damage.size() == 1 ? "" : "s", amount_text(finding),
                     missing ? count_text(*missing) : "an unknown number");
}

void print_text(const Finding& finding, TimeFormat& time, TextBuffer& out) {
  const auto line = [&](const std::string& text) {
    out.append(fmt::format("{}: {}\n", escaped(finding.name), text));
  };
  for (const auto& damage : finding.damage) line(damage_text(damage));
  for (const auto& loss : finding.losses) line(loss_note(loss, time));
  line(verdict_text(finding));
}

void print_json(const Finding& finding, TextBuffer& out) {
  JsonWriter json(out);
  json.begin_object();
  json.member_bytes("file", finding.name);
  json.member("state", state_name(finding.state));
  json.member("events", finding.check.totals.events);
  json.member("blocks", finding.check.blocks);
  if (const auto missing = finding.missing()) json.member("missing_events", *missing);
  json.key("damage");
  json.begin_array();
  for (const auto& damage : finding.damage) {
    json.begin_object();
    json.member("offset", damage.offset);
    json.member("bytes", damage.bytes);
    json.member("what", damage.description);
    if (damage.events) json.member("events", *damage.events);
    json.end_object();
  }
  json.end_array();
  json.key("losses");
  json.begin_array();
  for (const auto& loss : finding.losses) {
    json.begin_object();
    json.member("cause", identifier(format::loss_cause_name(loss.cause)));
    json.member("count", loss.count.known);
    json.member_bool("count_known", !loss.count.and_more);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  json.end_line();
}

class Verify : public Verb {
 public:
  Result<Coverage> run(const Session& session) override {
    // Opening finds only some of the damage; the full read below finds all of it.
    const auto set =
        TraceSet::open(session.options.traces, session.note, [](const std::string&, const Damage&) {});
    if (!set) return set.error();
    bool whole = !set.value().incomplete();
    for (const auto& member : set.value().members()) {
      auto finding = look_at(member);
      if (!finding) return finding.error();
      Timeline timeline(finding->check.clocks);
      timeline.refresh(finding->check.totals.first_ns);
      TimeFormat time(timeline, session.options.utc ? TimeStyle::kUtc : TimeStyle::kLocal);
      if (session.options.format == OutputFormat::kJson) {
        print_json(*finding, session.out.text());
      } else {
        print_text(*finding, time, session.out.text());
      }
      if (const auto unknown = finding->check.unknown_frames; unknown != 0)
        session.note(unknown_frames_note(unknown));
      whole = whole && finding->sound() && !any_concerns_events(finding->losses);
    }
    return whole ? Coverage::kWhole : Coverage::kPartial;
  }
};

}  // namespace

constexpr VerbEntry kVerifyVerb{
    .name = "verify",
    .summary = "read all of a trace and name what is damaged or missing",
    .synopsis = "TRACE... [OUTPUT]",
    .about =
        R"(Reads everything: compares all checksums, decodes all events, and holds what a trace says twice against
each other. A trace that is being written is in progress, not damaged.

  rfanreplay verify trace.fbz
  rfanreplay verify /var/log/traces --format json | jq 'select(.state != "whole")'

Exit status: 0 whole, or in progress; 1 no trace at all; 3 something is damaged or missing, also when the
recorder itself lost events.
)",
    .groups = 0,
    .make = make_verb<Verify>};

}  // namespace rfan::replay
