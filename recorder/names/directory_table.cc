#include "recorder/names/directory_table.h"

#include <fcntl.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "format/base/pattern.h"
#include "recorder/kernel/file_handles.h"
#include "recorder/kernel/file_status.h"

namespace rfan::recorder {

namespace {

constexpr int kOpenPath = O_PATH | O_DIRECTORY | O_CLOEXEC;
constexpr int kOpenAnything = O_PATH | O_CLOEXEC;

// Changes the thread's working directory while it lives. open_by_handle_at(2) takes the mount from there. A
// descriptor would have to be open for reading, and such an open waits for the reader thread.
class WorkingDirectory {
 public:
  explicit WorkingDirectory(const std::string& path)
      : home_(::open(".", kOpenPath)), there_(home_ && ::chdir(path.c_str()) == 0) {}
  ~WorkingDirectory() {
    // Fails only if search permission was removed meanwhile. None of our paths are relative to it.
    [[maybe_unused]] const int back = there_ ? ::fchdir(home_.get()) : 0;
  }
  WorkingDirectory(const WorkingDirectory&) = delete;
  WorkingDirectory& operator=(const WorkingDirectory&) = delete;
  explicit operator bool() const { return there_; }  // on false, errno has the reason

 private:
  UniqueFd home_;
  bool there_;
};

// Opens by handle on the mount of the working directory.
UniqueFd open_by_handle(HandleView handle, int flags = kOpenPath) {
  FileHandle buffer{};
  const auto bytes = handle.file_handle();
  if (bytes.size() > buffer.bytes.size()) return UniqueFd();
  std::memcpy(&buffer, bytes.data(), bytes.size());
  return UniqueFd(::open_by_handle_at(AT_FDCWD, &buffer.handle, flags));
}

// Returns the root of its mount, or of our chroot. Returns an invalid descriptor, with errno, if it is out of
// reach.
UniqueFd mount_root_of_working_directory() {
  UniqueFd at(::open(".", kOpenPath));
  struct statx last {};
  while (at) {
    struct statx here {};
    if (::statx(at.get(), "", AT_EMPTY_PATH, STATX_INO, &here) != 0) return UniqueFd();
    const bool is_above_itself = here.stx_ino == last.stx_ino && here.stx_dev_major == last.stx_dev_major &&
                                 here.stx_dev_minor == last.stx_dev_minor;
    if ((here.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0 || is_above_itself) break;
    last = here;
    at.reset(::openat(at.get(), "..", kOpenPath));
  }
  return at;
}

bool names_a_child(std::string_view name) {
  return !name.empty() && name != kItself;
}

// Returns whether `path` leads to the object open as `fd`. If a mount does not show an object, the kernel
// gives it a path as if the mount were the whole filesystem.
bool leads_to(const std::string& path, int fd) {
  struct stat named {};
  struct stat object {};
  return ::lstat(path.c_str(), &named) == 0 && ::fstat(fd, &object) == 0 && named.st_dev == object.st_dev &&
         named.st_ino == object.st_ino;
}

}  // namespace

Result<DirectoryTable> DirectoryTable::create(std::size_t max_directories) {
  auto names = PathResolver::open();
  if (!names) return names.error();
  return DirectoryTable(std::move(*names), max_directories);
}

Status DirectoryTable::add_filesystem(const std::string& path) {
  const WorkingDirectory here(path);
  if (!here) return errno_error("cannot go to directory", path);
  std::string fsid = fsid_of(AT_FDCWD);
  if (fsid.empty()) return errno_error("cannot identify filesystem", path);
  const UniqueFd root = mount_root_of_working_directory();
  if (!root) return errno_error("cannot find the mount of", path);
  const std::string handle = handle_of(root.get(), fsid);
  if (handle.empty()) return errno_error("filesystem has no file handles", path);
  if (!open_by_handle(HandleView{handle})) {
    return errno_error("cannot look up directories by handle on", path,
                       errno == EPERM ? "rfanrec needs the capability CAP_DAC_READ_SEARCH for that" : "");
  }
  if (settle(HandleView{handle}) != nullptr) return {};  // an earlier mount shows this whole one
  const auto mount_point = names_.resolve(root.get());
  if (!mount_point) return errno_error("cannot name the mount of", path);
  Directory& directory = enter(handle);
  directory.is_root = true;
  directory.name = mount_point->path.substr(1);
  const auto status = status_of(root.get());
  mounts_.push_back(
      {.path = "/" + directory.name, .fsid = std::move(fsid), .id = status ? status->mount : 0});
  return {};
}

std::optional<std::string_view> DirectoryTable::path_of(HandleView directory, std::string_view name) {
  if (!begin_path(name)) return std::nullopt;
  const Directory* at = settle(directory);
  // The loop ends: prepend() fails at the latest when the path is full. That also ends a circle. Two
  // directories can form one for a while if the place of one came from the kernel and the other's rename is
  // still queued.
  while (at != nullptr && !at->is_root) {
    if (!prepend(at->name)) return std::nullopt;
    at = settle(at->parent);
  }
  return finish_path(at);
}

std::optional<std::string_view> DirectoryTable::path_then(
    const Link& link, const std::function<std::optional<Link>(HandleView)>& link_then) {
  if (!begin_path(link.name)) return std::nullopt;
  // Ends as path_of() does.
  for (HandleView directory = link.directory;;) {
    if (const auto then = link_then(directory)) {
      if (!prepend(then->name)) return std::nullopt;
      directory = then->directory;
      continue;
    }
    const Directory* at = settle(directory);
    if (at == nullptr || at->is_root) return finish_path(at);
    if (!prepend(at->name)) return std::nullopt;
    directory = HandleView{at->parent->handle};
  }
}

bool DirectoryTable::begin_path(std::string_view name) {
  if (name.empty()) return false;
  make_room();
  path_begin_ = path_.size();
  return name == kItself || prepend(name);
}

std::optional<std::string_view> DirectoryTable::finish_path(const Directory* root) {
  if (root == nullptr || (!root->name.empty() && !prepend(root->name))) return std::nullopt;
  if (path_begin_ == path_.size()) return "/";
  return std::string_view(path_.data() + path_begin_, path_.size() - path_begin_);
}

bool DirectoryTable::knows_filesystem(HandleView object) const {
  return !object.empty() && std::any_of(mounts_.begin(), mounts_.end(),
                                        [&](const Mount& mount) { return mount.fsid == object.fsid(); });
}

bool DirectoryTable::shows(std::uint64_t mount_id) const {
  return std::any_of(mounts_.begin(), mounts_.end(),
                     [&](const Mount& mount) { return mount.id == mount_id; });
}

std::optional<std::string_view> DirectoryTable::object_path(const NamedEvent& event) {
  return path_of(event.directory, event.name);
}

std::optional<std::string_view> DirectoryTable::new_path(const NamedEvent& event) {
  return path_of(event.new_directory, event.new_name);
}

std::optional<ResolvedPath> DirectoryTable::path_of_object(int fd) {
  return path_of_object(HandleView{handle_of(fd, fsid_of(fd))});
}

std::optional<ResolvedPath> DirectoryTable::path_of_object(HandleView handle) {
  if (handle.empty()) return std::nullopt;
  for (const auto& mount : mounts_) {
    if (mount.fsid != handle.fsid()) continue;
    const WorkingDirectory there(mount.path);
    if (!there || fsid_of(AT_FDCWD) != mount.fsid) continue;
    const UniqueFd object = open_by_handle(handle, kOpenAnything);
    const auto found = object ? names_.resolve(object.get()) : std::nullopt;
    if (found && (found->deleted || leads_to(std::string(found->path), object.get()))) return found;
  }
  return std::nullopt;
}

void DirectoryTable::foresee(std::uint64_t mask, const NamedEvent& event) {
  const bool leaves = (mask & (FAN_DELETE | FAN_RENAME)) != 0 && (mask & FAN_CREATE) == 0;
  if ((mask & FAN_ONDIR) == 0 || !leaves) return;
  if (event.directory.empty() || event.object.empty() || !names_a_child(event.name)) return;
  make_room();
  Directory& parent = enter(event.directory.bytes);
  Directory& directory = enter(event.object.bytes);
  if (directory.is_root || directory.parent != nullptr) return;
  directory.parent = &parent;
  directory.name = event.name;
  directory.last_use = parent.last_use = epoch_;
}

void DirectoryTable::follow(std::uint64_t mask, const NamedEvent& event) {
  if ((mask & FAN_ONDIR) == 0) return;
  // The kernel can merge a creation and a removal into one event. This is the order in which they can have
  // happened.
  if ((mask & FAN_CREATE) != 0) created(event.directory, event.name, event.object);
  if ((mask & FAN_RENAME) != 0) renamed(event.new_directory, event.new_name, event.object);
  if ((mask & FAN_DELETE) != 0) removed(event.object);
}

void DirectoryTable::created(HandleView directory, std::string_view name, HandleView object) {
  place(object, directory, name);
}

void DirectoryTable::renamed(HandleView new_directory, std::string_view new_name, HandleView object) {
  place(object, new_directory, new_name);
}

void DirectoryTable::removed(HandleView object) {
  if (Directory* known = find(object)) known->last_use = 0;
}

void DirectoryTable::forget_all() {
  absl::erase_if(directories_, [](const auto& entry) { return !entry.second->is_root; });
}

DirectoryTable::Directory* DirectoryTable::find(HandleView handle) {
  const auto found = directories_.find(handle.bytes);
  return found == directories_.end() ? nullptr : found->second.get();
}

DirectoryTable::Directory& DirectoryTable::enter(std::string_view handle) {
  if (Directory* known = find(HandleView{handle})) return *known;
  if (++entered_ % std::max<std::size_t>(max_directories_ / 4, 1) == 0) ++epoch_;
  auto directory = std::make_unique<Directory>();
  directory->handle = handle;
  const std::string_view key = directory->handle;
  return *directories_.emplace(key, std::move(directory)).first->second;
}

// Sets the link of `object`. Returns null if there is none to set: no handle, no name, or a root, whose path
// is that of the mount. If the new parent is unknown, the object becomes unknown too.
DirectoryTable::Directory* DirectoryTable::place(HandleView object, HandleView directory,
                                                 std::string_view name) {
  if (object.empty() || !names_a_child(name)) return nullptr;
  make_room();
  Directory* parent = settle(directory);
  Directory* placed = parent == nullptr ? find(object) : &enter(object.bytes);
  if (placed == nullptr || placed->is_root) return nullptr;
  placed->parent = parent;
  placed->name = name;
  placed->last_use = epoch_;
  return placed;
}

// Returns the directory with a known link, or null if the link cannot be found.
DirectoryTable::Directory* DirectoryTable::settle(HandleView handle) {
  if (handle.empty()) return nullptr;
  if (Directory* known = find(handle)) return settle(known);
  return ask_kernel(handle) ? settle(find(handle)) : nullptr;
}

DirectoryTable::Directory* DirectoryTable::settle(Directory* directory) {
  directory->last_use = epoch_;
  if (directory->is_root || directory->parent != nullptr) return directory;
  ask_kernel(HandleView{directory->handle});
  return directory->parent != nullptr ? directory : nullptr;
}

// Opens it through the first mount that shows it.
UniqueFd DirectoryTable::open_directory(HandleView handle) const {
  for (const auto& mount : mounts_) {
    if (mount.fsid != handle.fsid()) continue;
    const WorkingDirectory there(mount.path);
    // It was unmounted, or another filesystem covers it by now.
    if (!there || fsid_of(AT_FDCWD) != mount.fsid) continue;
    UniqueFd directory = open_by_handle(handle);
    // On a mount that does not show it, ".." fails.
    if (directory && UniqueFd(::openat(directory.get(), "..", kOpenPath))) return directory;
  }
  return UniqueFd();
}

bool DirectoryTable::ask_kernel(HandleView handle) {
  return climb(open_directory(handle), std::string(handle.bytes));
}

// A rename between the two look-ups mixes old and new. Its event is still to come and corrects that.
std::optional<DirectoryTable::Above> DirectoryTable::look_above(int directory, std::string_view handle) {
  const auto path = names_.resolve(directory);
  UniqueFd above(::openat(directory, "..", kOpenPath));
  if (!path || !above) return std::nullopt;
  std::string handle_above = handle_of(above.get(), HandleView{handle}.fsid());
  const auto name = format::base_name(path->path);
  if (handle_above.empty() || handle_above == handle || name.empty()) return std::nullopt;
  return Above{std::move(above), std::move(handle_above), std::string(name)};
}

std::optional<Link> DirectoryTable::link_now(HandleView directory) {
  const UniqueFd opened = open_directory(directory);
  auto above = opened ? look_above(opened.get(), directory.bytes) : std::nullopt;
  if (!above) return std::nullopt;
  link_now_ = std::move(*above);
  return Link{HandleView{link_now_.handle}, link_now_.name};
}

// Enters `directory` and its ancestors, up to the first one with a known link.
bool DirectoryTable::climb(UniqueFd directory, std::string handle) {
  while (directory) {
    auto above = look_above(directory.get(), handle);
    if (!above) return false;
    Directory& parent = enter(above->handle);
    Directory& child = enter(handle);
    child.parent = &parent;
    child.name = std::move(above->name);
    child.last_use = epoch_;
    if (parent.is_root || parent.parent != nullptr) return true;
    directory = std::move(above->directory);
    handle = std::move(above->handle);
  }
  return false;
}

bool DirectoryTable::prepend(std::string_view name) {
  if (name.size() + 1 > path_begin_) return false;
  path_begin_ -= name.size();
  std::memcpy(path_.data() + path_begin_, name.data(), name.size());
  path_[--path_begin_] = '/';
  return true;
}

// Call it only at the start of a function, because later code holds pointers to directories.
void DirectoryTable::make_room() {
  if (directories_.size() < max_directories_) return;
  forget_unused();
  // Nearly all are in use. A sweep for every few new directories would cost more than asking for all of them
  // again.
  if (directories_.size() > max_directories_ / 4 * 3) forget_all();
}

// Keeps directories used in this epoch or the last, and their ancestors.
void DirectoryTable::forget_unused() {
  const auto oldest = epoch_ - 1;
  for (const auto& [handle, directory] : directories_) {
    if (directory->last_use < oldest) continue;
    for (Directory* above = directory->parent; above != nullptr && above->last_use < oldest;
         above = above->parent) {
      above->last_use = oldest;
    }
  }
  absl::erase_if(directories_, [&](const auto& entry) {
    return entry.second->last_use < oldest && !entry.second->is_root;
  });
}

}  // namespace rfan::recorder
