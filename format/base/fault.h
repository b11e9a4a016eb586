// Defines Fault, the result of a check of bytes.
#pragma once

#include <string>
#include <utility>

namespace rfan {

// Says what a check found wrong, or nothing if all is well; true if there is a fault. It is a part of a
// sentence, "body checksum differs": the caller, who knows the place of the bytes, puts that in front and
// reports both.
struct [[nodiscard]] Fault {
  Fault() = default;
  Fault(std::string text) : what(std::move(text)) {}  // NOLINT: implicit by design
  Fault(const char* text) : what(text) {}             // NOLINT: implicit by design

  explicit operator bool() const { return !what.empty(); }

  std::string what;
};

}  // namespace rfan
