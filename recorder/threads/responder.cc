#include "recorder/threads/responder.h"

namespace rfan::recorder {

bool Responder::respond(const KernelEvent& event) {
  if (!denies(event)) {
    allow(event.fd);
    return false;
  }
  make_room();
  replies_.deny(event.fd, denial_->rules.error());
  return true;
}

void Responder::allow(int event_fd) {
  make_room();
  replies_.allow(event_fd);
}

void Responder::send() {
  if (!replies_.empty()) group_->answer(replies_);
}

void Responder::make_room() {
  if (replies_.full()) send();
}

bool Responder::denies(const KernelEvent& event) {
  if (!denial_ || !tracker_.is_recorded(event.pid)) return false;
  auto& [rules, filter, names] = *denial_;
  const auto path = names.read(event.fd);
  return path && rules.matches(*path) && filter.accepts_path(*path);
}

}  // namespace rfan::recorder
