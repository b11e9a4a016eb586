#include "tests/kernel/replayed_trace.h"

#include <rapidjson/document.h>

#include <algorithm>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "tests/kernel/child_process.h"

namespace rfan::kernel_test {
namespace {

using rapidjson::Value;

std::string decode_base64(std::string_view text) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  int bit_count = 0;
  for (const char c : text) {
    if (c == '=') break;
    const auto value = kAlphabet.find(c);
    if (value == std::string_view::npos) throw std::runtime_error("not base64: " + std::string(text));
    bits = (bits << 6) | static_cast<unsigned>(value);
    bit_count += 6;
    if (bit_count >= 8) {
      bit_count -= 8;
      bytes.push_back(static_cast<char>((bits >> bit_count) & 0xFF));
    }
  }
  return bytes;
}

std::string string_of(const Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

// Returns the value of `key`, or the bytes of `key`_b64 if they are not UTF-8.
std::string bytes_of(const Value& line, const std::string& key) {
  if (const auto plain = line.FindMember(key.c_str()); plain != line.MemberEnd())
    return string_of(plain->value);
  const auto coded = line.FindMember((key + "_b64").c_str());
  return coded == line.MemberEnd() ? "" : decode_base64(string_of(coded->value));
}

std::int64_t number_of(const Value& line, const char* key, std::int64_t otherwise) {
  const auto member = line.FindMember(key);
  return member == line.MemberEnd() ? otherwise : member->value.GetInt64();
}

ReplayedEvent event_of(const Value& line) {
  ReplayedEvent event;
  event.time_ns = number_of(line, "time_ns", 0);
  event.kind = bytes_of(line, "kind");
  event.pid = static_cast<pid_t>(number_of(line, "pid", 0));
  event.ppid = static_cast<pid_t>(number_of(line, "ppid", 0));
  event.uid = number_of(line, "uid", -1);
  event.exe = bytes_of(line, "exe");
  event.comm = bytes_of(line, "comm");
  if (const auto words = line.FindMember("cmdline"); words != line.MemberEnd()) {
    for (const auto& word : words->value.GetArray()) event.cmdline.push_back(string_of(word));
  }
  event.cgroup = bytes_of(line, "cgroup");
  event.path = bytes_of(line, "path");
  event.path2 = bytes_of(line, "path2");
  if (const auto held = line.FindMember("held"); held != line.MemberEnd()) event.held = held->value.GetBool();
  if (const auto dir = line.FindMember("dir"); dir != line.MemberEnd())
    event.directory = dir->value.GetBool();
  event.reply_ns = number_of(line, "reply_ns", -1);
  event.verdict = bytes_of(line, "verdict");
  event.uncertain = line.HasMember("uncertain");
  return event;
}

template <typename Wanted>
std::vector<ReplayedEvent> select(const std::vector<ReplayedEvent>& events, Wanted wanted) {
  std::vector<ReplayedEvent> selected;
  std::copy_if(events.begin(), events.end(), std::back_inserter(selected), wanted);
  return selected;
}

}  // namespace

std::vector<ReplayedEvent> ReplayedTrace::of_process(pid_t pid) const {
  return select(events, [&](const ReplayedEvent& event) { return event.pid == pid; });
}

std::vector<ReplayedEvent> ReplayedTrace::of_kind(const std::string& kind) const {
  return select(events, [&](const ReplayedEvent& event) { return event.kind == kind; });
}

std::vector<ReplayedEvent> ReplayedTrace::of_path(const std::string& path) const {
  return select(events, [&](const ReplayedEvent& event) { return event.path == path; });
}

ReplayedTrace parse_jsonl(const std::string& lines) {
  ReplayedTrace trace;
  std::istringstream stream(lines);
  for (std::string line; std::getline(stream, line);) {
    rapidjson::Document document;
    document.Parse<rapidjson::kParseValidateEncodingFlag>(line.data(), line.size());
    if (document.HasParseError() || !document.IsObject())
      throw std::runtime_error("not a JSON object: " + line);
    trace.events.push_back(event_of(document));
  }
  return trace;
}

ReplayedTrace replay(const std::string& trace, const std::vector<std::string>& arguments) {
  std::vector<std::string> command{RFANREPLAY_PATH, trace, "--format", "jsonl"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const auto outcome = run(command);
  auto replayed = parse_jsonl(outcome.out);
  replayed.status = outcome.status;
  replayed.messages = outcome.err;
  return replayed;
}

std::uint64_t TraceFigures::lost_in_all() const {
  std::uint64_t sum = 0;
  for (const auto& [cause, count] : lost) {
    if (cause != "stall") sum += count;
  }
  return sum;
}

TraceFigures figures_of(const std::string& trace) {
  const auto outcome = run({RFANREPLAY_PATH, "info", "--format", "json", trace});
  rapidjson::Document info;
  info.Parse(outcome.out.data(), outcome.out.size());
  if (info.HasParseError() || !info.IsObject()) throw std::runtime_error("no info: " + outcome.err);
  TraceFigures figures;
  figures.status = outcome.status;
  const auto number = [](const Value& in, const char* key) {
    return static_cast<std::uint64_t>(number_of(in, key, 0));
  };
  figures.written = number(info, "events");
  figures.with_exe = number(info, "events_with_exe");
  if (const auto cost = info.FindMember("recorder_cost"); cost != info.MemberEnd()) {
    figures.seen = number(cost->value, "events_seen");
    figures.filtered = number(cost->value, "events_filtered");
  }
  for (const auto& loss : info["losses"].GetArray())
    figures.lost[bytes_of(loss, "cause")] += number(loss, "count");
  return figures;
}

std::vector<std::string> story(const std::vector<ReplayedEvent>& events, const std::string& root) {
  const auto relative = [&](const std::string& path) {
    return path.starts_with(root + "/") ? path.substr(root.size() + 1) : path;
  };
  std::vector<std::string> lines;
  for (const auto& event : events) {
    lines.push_back(event.kind + " " + relative(event.path));
    if (!event.path2.empty()) lines.back() += " -> " + relative(event.path2);
  }
  return lines;
}

}  // namespace rfan::kernel_test
