#include "tests/kernel/filesystems.h"

#include <sys/mount.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

namespace rfan::kernel_test {
namespace {

namespace fs = std::filesystem;

// Looks in fixed directories, because sbin may be missing from PATH.
Outcome run_tool(const std::string& program, std::vector<std::string> arguments) {
  for (const auto* directory : {"/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/"}) {
    if (!fs::exists(directory + program)) continue;
    arguments.insert(arguments.begin(), directory + program);
    return run(arguments);
  }
  return {127, "", program + " is not installed (tools/install-deps test)"};
}

bool kernel_has(const std::string& type) {
  return ("\n" + read_file("/proc/filesystems")).find("\t" + type + "\n") != std::string::npos;
}

bool is_mount_point(const std::string& path) {
  return read_file("/proc/self/mountinfo").find(" " + path + " ") != std::string::npos;
}

}  // namespace

TestMount::~TestMount() {
  if (why_not_.empty()) ::umount2(path().c_str(), MNT_DETACH);
}

void TestMount::mount(const std::vector<std::string>& arguments) {
  settle(try_mount(arguments));
}

std::string TestMount::try_mount(std::vector<std::string> arguments) const {
  arguments.push_back(path());
  return run_tool("mount", arguments).err;
}

void TestMount::settle(const std::string& why_not) {
  why_not_ = why_not.empty() ? "" : "KERNEL TEST SKIPPED: " + why_not;
}

Outcome TestMount::unmount() {
  const auto outcome = run_tool("umount", {path()});
  if (outcome.status == 0) why_not_ = "unmounted";
  return outcome;
}

std::string LoopFilesystem::attempt(const std::string& type) const {
  if (!kernel_has(type)) return "this kernel has no " + type;
  std::ofstream(image_).close();
  fs::resize_file(image_, 512 << 20);  // sparse; xfs needs at least 300 MiB
  const auto made = run_tool("mkfs." + type, {"-q", image_});
  return made.status != 0 ? made.err : try_mount({"-o", "loop", image_});
}

std::string OverlayFilesystem::attempt(const std::string& base) const {
  if (!kernel_has("overlay")) return "this kernel has no overlay";
  for (const auto* layer : {"/lower", "/upper", "/work"}) fs::create_directory(base + layer);
  return try_mount({"-t", "overlay", "none", "-o",
                    "lowerdir=" + base + "/lower,upperdir=" + base + "/upper,workdir=" + base + "/work"});
}

std::string FuseFilesystem::attempt(const std::string& directory) {
  if (!kernel_has("fuse") || !fs::exists("/dev/fuse")) return "this kernel has no FUSE";
  if (!fs::exists("/usr/bin/bindfs")) return "bindfs is not installed (tools/install-deps test)";
  using Words = std::vector<std::string>;
  daemon_ = std::make_unique<ChildProcess>(Words{"/usr/bin/bindfs", "-f", directory, path()});
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + std::chrono::seconds(10);
  while (!is_mount_point(path())) {
    if (steady_clock::now() > deadline) return "bindfs did not mount: " + daemon_->err();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return "";
}

}  // namespace rfan::kernel_test
