#include "recorder/mounts/mounts.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <sstream>

#include "format/model/kernel_interfaces.h"

namespace rfan::recorder {

namespace {

// Local filesystems that store their own data; the safety rule of can_have_permission_events() was checked on
// them.
constexpr std::array<std::string_view, 9> kHoldable{"ext2", "ext3",  "ext4", "xfs",     "btrfs",
                                                    "f2fs", "tmpfs", "vfat", "devtmpfs"};

bool contains(std::span<const std::string_view> list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool is_octal(char c) {
  return c >= '0' && c <= '7';
}

// mountinfo writes space, tab, newline and backslash as \ooo.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) && is_octal(text[i + 2]) &&
        is_octal(text[i + 3])) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<std::string> split(const std::string& line, char separator) {
  std::vector<std::string> fields;
  std::istringstream words(line);
  for (std::string field; std::getline(words, field, separator);) fields.push_back(field);
  return fields;
}

bool is_below(std::string_view path, std::string_view mount_point) {
  if (mount_point == "/") return true;
  return path.starts_with(mount_point) &&
         (path.size() == mount_point.size() || path[mount_point.size()] == '/');
}

}  // namespace

std::vector<Mount> parse_mountinfo(std::string_view text) {
  std::vector<Mount> mounts;
  std::istringstream lines{std::string(text)};
  std::string line;
  while (std::getline(lines, line)) {
    const auto fields = split(line, ' ');
    // 36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/root rw: the number of fields before the dash
    // varies.
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() < 7 || std::distance(dash, fields.end()) < 2) continue;
    const auto id = std::strtoull(fields[0].c_str(), nullptr, 10);
    mounts.push_back({unescape(fields[4]), *(dash + 1), fields[2], id});
  }
  return mounts;
}

Result<std::string> read_mountinfo() {
  constexpr const char* kPath = "/proc/self/mountinfo";
  std::ifstream file(kPath, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.empty()) return errno_error("cannot read", kPath, "rfanrec needs proc to find filesystems");
  return text;
}

Result<std::vector<Mount>> read_mounts() {
  const auto text = read_mountinfo();
  if (!text) return text.error();
  return parse_mountinfo(text.value());
}

Result<Mount> mount_of(const std::string& path, const std::vector<Mount>& mounts) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  if (!real) return errno_error("cannot record", path);
  const auto id = mount_id(path);
  const Mount* best = nullptr;
  for (const auto& mount : mounts) {
    if (id != 0 && mount.id == id) return mount;
    // If two mounts share a mount point, the later one hides the earlier.
    if (is_below(real.get(), mount.path) && (best == nullptr || mount.path.size() >= best->path.size()))
      best = &mount;
  }
  if (best == nullptr) return Error{"cannot find the mount of", path, 0, {}};
  return *best;
}

std::uint64_t mount_id(const std::string& path) {
  struct statx found {};
  if (::statx(AT_FDCWD, path.c_str(), 0, STATX_MNT_ID, &found) != 0) return 0;
  return (found.stx_mask & STATX_MNT_ID) != 0 ? found.stx_mnt_id : 0;
}

bool can_have_permission_events(std::string_view fs_type) {
  return contains(kHoldable, fs_type);
}

std::string why_no_permission_events(std::string_view fs_type) {
  assert(!can_have_permission_events(fs_type));
  if (format::is_kernel_interface(fs_type)) return "a kernel interface, not a store of files";
  if (fs_type == "overlay") return "overlay: its opens raise further opens below, holding both can deadlock";
  if (fs_type.starts_with("fuse")) return "FUSE: its daemon may need a file that is being held";
  return "not on the list of filesystems on which opens can be held safely";
}

}  // namespace rfan::recorder
