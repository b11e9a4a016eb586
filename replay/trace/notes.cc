#include "replay/trace/notes.h"

#include <fmt/format.h>

#include <algorithm>

namespace rfan::replay {
namespace {

using format::LossCause;

std::string_view plural(const LossSum& loss) {
  return loss.count == format::LossCount{1, false} ? "" : "s";
}

}  // namespace

std::string identifier(std::string_view name) {
  std::string word(name);
  std::replace(word.begin(), word.end(), ' ', '_');
  return word;
}

std::vector<LossSum> sum_losses(std::span<const format::Loss> losses) {
  std::vector<LossSum> sums;
  for (const auto& loss : losses) {
    auto sum =
        std::find_if(sums.begin(), sums.end(), [&](const LossSum& s) { return s.cause == loss.cause; });
    if (sum == sums.end()) sum = sums.insert(sum, {loss.cause, {}, 0, loss.first_ns, loss.last_ns});
    sum->count.add(loss);
    ++sum->entries;
    sum->first_ns = std::min(sum->first_ns, loss.first_ns);
    sum->last_ns = std::max(sum->last_ns, loss.last_ns);
  }
  return sums;
}

bool any_concerns_events(std::span<const LossSum> losses) {
  return std::any_of(losses.begin(), losses.end(),
                     [](const LossSum& loss) { return format::concerns_events(loss.cause); });
}

std::string loss_note(const LossSum& loss, TimeFormat& time) {
  const auto where = fmt::format("({}, {}-{})", identifier(format::loss_cause_name(loss.cause)),
                                 time.brief(loss.first_ns), time.brief(loss.last_ns));
  switch (loss.cause) {
    case LossCause::kUnresolvedPath:
      return fmt::format("the path of {} event{} is unknown {}: a path filter misses them",
                         loss_count_text(loss.count), plural(loss), where);
    case LossCause::kDescriptorFailed:
      return fmt::format(
          "the kernel could not open the file of {} event{} for the recorder {}: the path is unknown, a held "
          "open was denied",
          loss_count_text(loss.count), plural(loss), where);
    case LossCause::kProcessChannel:
      return fmt::format(
          "{} fork, exec or exit notification{} were dropped {}: processes were read again from /proc",
          loss_count_text(loss.count), plural(loss), where);
    case LossCause::kUnmarkedFilesystem:
      return fmt::format(
          "the trace lost {} event{} {}: a filesystem was mounted and not yet recorded; counts are lower "
          "bounds",
          loss_count_text(loss.count), plural(loss), where);
    case LossCause::kUncertainProcess:
      return fmt::format(
          "the process of {} event{} is uncertain {}: it changed its program or user at about that time",
          loss_count_text(loss.count), plural(loss), where);
    case LossCause::kStall:
      return fmt::format("the recorder stood still {} time{} {}: held opens waited meanwhile",
                         loss_count_text(loss.count), plural(loss), where);
    default:
      return fmt::format("the trace lost {} event{} {}: counts are lower bounds", loss_count_text(loss.count),
                         plural(loss), where);
  }
}

format::DamageCallback damage_notes(NoteSink note) {
  return [note = std::move(note), count = std::uint64_t{0}](const format::Damage& damage) mutable {
    if (++count > kMaxDamageNotes + 1) return;
    if (count > kMaxDamageNotes) return note("the trace is damaged in more places, which are not listed");
    note(damage_text(damage));
  };
}

std::string damage_text(const format::Damage& damage) {
  return fmt::format("damaged at byte {}: {}; {} bytes skipped, {} events lost", damage.offset,
                     damage.description, damage.bytes,
                     !damage.events        ? "an unknown number of"
                     : *damage.events == 0 ? "no"
                                           : fmt::format("{}", *damage.events));
}

std::string unfinished_note() {
  return "the trace is not finished: it ends without a footer (still being recorded, or cut off)";
}

std::string unknown_frames_note(std::uint64_t frames) {
  return fmt::format("skipped {} frame{} that a newer version wrote", frames, frames == 1 ? "" : "s");
}

}  // namespace rfan::replay
