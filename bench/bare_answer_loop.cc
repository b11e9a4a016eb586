#include "bench/bare_answer_loop.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <span>

#include "recorder/kernel/fanotify_group.h"
#include "recorder/kernel/kernel_events.h"

namespace rfan::bench {
namespace {

using recorder::FanotifyGroup;
using recorder::KernelEvent;
using recorder::KernelEventWalker;

void answer_for_ever(FanotifyGroup& group) {
  static std::array<std::byte, 64 * 1024> buffer;
  static recorder::ReplyBatch replies;
  std::vector<int> descriptors;
  pollfd readable{group.fd(), POLLIN, 0};
  for (;;) {
    const long bytes = group.read(buffer);
    if (bytes <= 0) {
      ::poll(&readable, 1, -1);
      continue;
    }
    KernelEventWalker walker(std::span<const std::byte>(buffer).first(static_cast<std::size_t>(bytes)));
    KernelEvent event;
    while (walker.next(event)) {
      if (replies.full()) group.answer(replies);
      if (event.is_permission()) replies.allow(event.fd);
      descriptors.push_back(event.fd);
    }
    if (!replies.empty()) group.answer(replies);
    for (const int fd : descriptors) ::close(fd);
    descriptors.clear();
  }
}

}  // namespace

void answer_and_forget(const std::vector<std::string>& paths, Held held, int ready) {
  constexpr std::uint64_t kWithOpens =
      FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM | FAN_CLOSE_WRITE | FAN_CLOSE_NOWRITE;
  const std::uint64_t mask = held == Held::kOpens ? kWithOpens : FAN_OPEN_EXEC_PERM;
  auto group = FanotifyGroup::create(recorder::GroupKind::kPermission);
  if (!group) return;
  for (const auto& path : paths) {
    if (!group->add_mark(recorder::MarkKind::kFilesystem, mask, path)) return;
  }
  [[maybe_unused]] const auto told = ::write(ready, "1", 1);
  answer_for_ever(*group);
}

}  // namespace rfan::bench
