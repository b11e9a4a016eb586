// Decides whose file a directory entry is: everybody may put files, pipes and links of any name into /tmp or
// a spool directory. Recorder and replay share this code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace rfan::format {

struct UserIds {
  std::uint32_t user = 0;
  std::uint32_t group = 0;
};

// Returns the user who called sudo(8); rfanrec gives its traces to that user. Empty if this program is not
// root, or if the environment has no such ids.
std::optional<UserIds> invoking_user();

// Returns true for the effective user, root, and the invoking user.
bool is_own_user(std::uint32_t uid);

// Returns why the entry at `path` is somebody else's, as a clause: "it belongs to user 65534". Returns an
// empty string if there is no entry, or if its owner is an own user or the owner of the directory, who
// controls the names in it anyway. Does not follow a symbolic link and opens nothing.
std::string objection_to_owner(const std::string& path);

// Does the same, and also objects to everything but a regular file without other names: "it is a FIFO". The
// programs do not read, count, rename or remove an entry unasked if this objects to it.
std::string objection_to_file(const std::string& path);

}  // namespace rfan::format
