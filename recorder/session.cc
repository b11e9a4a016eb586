#include "recorder/session.h"

#include <cerrno>

#include "recorder/command.h"
#include "recorder/recording.h"
#include "recorder/system/messages.h"

namespace rfan::recorder {

namespace {

Status find_command(const Options& options) {
  return options.command.empty() ? Status() : find_program(options.command.front());
}

// Returns the status of a shell for a command that it cannot find or run.
int status_of_shell(const Error& error) {
  return error.errno_value == ENOENT ? 127 : 126;
}

}  // namespace

int run_session(const Options& options, const InheritedSignals& signals) {
  for (const auto& note : options.notes) say("note: " + note);
  Recording recording(options, signals);
  auto status = find_command(options);
  const bool command_is_wrong = !status.ok();
  if (status.ok()) status = recording.set_up();
  if (status.ok()) status = recording.begin();
  if (!status) {
    say(status.error().message());
    return command_is_wrong ? status_of_shell(status.error()) : 1;
  }
  if (const auto started = recording.start_command(); !started) {
    say(started.error().message());
    recording.end();
    return status_of_shell(started.error());
  }
  recording.wait_for_end();
  return recording.end();
}

}  // namespace rfan::recorder
