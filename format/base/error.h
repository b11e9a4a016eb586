// Defines Result and Error, with which every fallible function of rfanrec and rfanreplay reports failure.
// Checks of bytes that are in memory return a Fault (fault.h), which their caller turns into a report.
#pragma once

#include <cassert>
#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace rfan {

// Tells apart the errors that callers treat differently.
enum class ErrorKind : std::uint8_t {
  kFailure,  // the caller cannot go on
  kDamage,   // bytes of a trace are wrong or missing: the caller reads on without them
};

// Says what failed, on which object, why, and what the user can do. An Error may cross a folder boundary; an
// exception never does. Only `kind` and `errno_value` are for programs to decide by; texts are for people.
struct Error {
  std::string what{};     // the action that failed, lower case, no full stop: "cannot open trace"
  std::string path{};     // the file, mount or process concerned; empty when there is none
  int errno_value = 0;    // errno, 0 when the cause is not a system call
  std::string hint{};     // the remedy, a full clause; empty when none is known
  std::string excerpt{};  // lines that show the fault, such as input above a caret; escaped already
  ErrorKind kind = ErrorKind::kFailure;

  bool is_damage() const { return kind == ErrorKind::kDamage; }

  // Returns one line: `what 'path': strerror; hint`, and the excerpt below it. Escapes everything that a
  // terminal must not get (format/base/escape.h).
  std::string message() const;
};

// Builds an Error from the current errno. Call it straight after the failed system call.
Error errno_error(std::string_view what, std::string_view path = {}, std::string_view hint = {});

// Holds either a T or an Error. The caller must check `ok()` before `value()` (asserted).
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & { return *checked(); }
  const T& value() const& { return const_cast<Result*>(this)->value(); }
  T&& value() && { return std::move(*checked()); }
  T& operator*() { return value(); }
  T* operator->() { return checked(); }
  const Error& error() const {
    assert(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  T* checked() {
    assert(ok());
    return std::get_if<0>(&state_);
  }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), failed_(true) {}  // NOLINT: implicit by design

  bool ok() const { return !failed_; }
  explicit operator bool() const { return ok(); }
  const Error& error() const {
    assert(failed_);
    return error_;
  }

 private:
  Error error_;
  bool failed_ = false;
};

using Status = Result<void>;

}  // namespace rfan
