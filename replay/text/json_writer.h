// Writes JSON into a TextBuffer, and bytes that are not UTF-8 as base64.
#pragma once

#include <rapidjson/writer.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "replay/text/text_buffer.h"

namespace rfan::replay {

// Writes values one after the other; end_line() ends each with a newline. One thread; `out` must outlive the
// writer.
class JsonWriter {
 public:
  explicit JsonWriter(TextBuffer& out) : stream_{out}, writer_(stream_) {}

  void begin_object() { writer_.StartObject(); }
  void end_object() { writer_.EndObject(); }
  void begin_array() { writer_.StartArray(); }
  void end_array() { writer_.EndArray(); }
  void end_line();

  void key(std::string_view name) { writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size())); }
  void number(std::uint64_t value) { writer_.Uint64(value); }
  void signed_number(std::int64_t value) { writer_.Int64(value); }
  void real(double value) { writer_.Double(value); }  // finite
  void boolean(bool value) { writer_.Bool(value); }
  void null() { writer_.Null(); }
  void text(std::string_view utf8) {
    writer_.String(utf8.data(), static_cast<rapidjson::SizeType>(utf8.size()));
  }

  // These write members of the current object.
  void member(std::string_view name, std::uint64_t value) { key(name), number(value); }
  void member(std::string_view name, std::string_view utf8) { key(name), text(utf8); }
  void member_bool(std::string_view name, bool value) { key(name), boolean(value); }

  // Writes "name": "bytes", or "name_b64": base64 if `bytes` is not UTF-8.
  void member_bytes(std::string_view name, std::string_view bytes);
  // Writes an array of strings. If one element is not UTF-8, all are written as base64 under "name_b64".
  void member_bytes(std::string_view name, std::span<const std::string_view> elements);

 private:
  // The output stream concept of RapidJSON.
  struct Stream {
    using Ch = char;
    TextBuffer& out;
    void Put(char c) { out.put(c); }
    void Flush() {}
  };

  Stream stream_;
  rapidjson::Writer<Stream> writer_;
};

std::string base64(std::string_view bytes);

}  // namespace rfan::replay
