// Whose file an entry of a directory is: everybody may put files, pipes and links of any name into /tmp or a
// spool directory. Shared by recorder and replay.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace rfan::format {

struct UserIds {
  std::uint32_t user = 0;
  std::uint32_t group = 0;
};

// Returns who called sudo(8), to whom rfanrec gives its traces. Empty where this program is not root, or the
// environment holds no such ids.
std::optional<UserIds> invoking_user();

// Returns whether it is the effective user, root, or the invoking user.
bool is_own_user(std::uint32_t uid);

// Returns why the entry at `path` is somebody else's, as a clause: "it belongs to user 65534". Empty where it
// is of an own user, or of the owner of the directory, who may do with the names in it as he likes anyway;
// and where there is no entry. Does not follow a symbolic link and opens nothing.
std::string objection_to_owner(const std::string& path);

// Likewise, and empty for nothing but a regular file without other names: "it is a FIFO". What this objects
// to is not to be read, counted, renamed or removed unasked.
std::string objection_to_file(const std::string& path);

}  // namespace rfan::format
