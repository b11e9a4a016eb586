#include "recorder/kernel/named_events.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>

namespace rfan::recorder {
namespace {

using namespace std::string_literals;

template <typename T>
std::string bytes_of(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

// Returns fsid and struct file_handle, as in a HandleView.
std::string handle(const std::string& opaque, const std::string& fsid = "fsid-123") {
  return fsid + bytes_of(static_cast<std::uint32_t>(opaque.size())) + bytes_of(std::int32_t{1}) + opaque;
}

// Returns a record with `body`, padded to 4 bytes as by the kernel.
std::string record(std::uint8_t type, std::string body) {
  while (body.size() % 4 != 0) body += '\0';
  const auto length = static_cast<std::uint16_t>(body.size() + 4);
  return bytes_of(type) + '\0' + bytes_of(length) + body;
}
std::string record(std::uint8_t type, const std::string& object, const std::string& name) {
  return record(type, object + name + '\0');
}

// Bytes at the end of readable memory: reading one more crashes, even without a sanitizer.
class GuardedBytes {
 public:
  explicit GuardedBytes(const std::string& bytes) {
    memory_ = static_cast<std::byte*>(
        ::mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    EXPECT_EQ(::mprotect(memory_ + page_, page_, PROT_NONE), 0);
    EXPECT_LE(bytes.size(), page_);
    bytes_ = {memory_ + page_ - bytes.size(), bytes.size()};
    std::memcpy(bytes_.data(), bytes.data(), bytes.size());
  }
  ~GuardedBytes() { ::munmap(memory_, 2 * page_); }
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::size_t page_ = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::byte* memory_ = nullptr;
  std::span<std::byte> bytes_;
};

bool is_whole(const std::string& records) {
  const GuardedBytes guarded(records);
  return parse_named_event(guarded.bytes()).has_value();
}

// The bytes of an event and the result of parsing them.
struct Parsed {
  explicit Parsed(std::string bytes) : records(std::move(bytes)) {
    const auto parsed = parse_named_event(std::as_bytes(std::span(records)));
    EXPECT_TRUE(parsed.has_value());
    event = parsed.value_or(NamedEvent());
  }
  Parsed(const Parsed&) = delete;
  Parsed& operator=(const Parsed&) = delete;

  std::string records;
  NamedEvent event;
};

const std::string kCreation = record(FAN_EVENT_INFO_TYPE_DFID_NAME, handle("directory"), "name") +
                              record(FAN_EVENT_INFO_TYPE_FID, handle("object"));
const std::string kRename = record(FAN_EVENT_INFO_TYPE_OLD_DFID_NAME, handle("from"), "before") +
                            record(FAN_EVENT_INFO_TYPE_NEW_DFID_NAME, handle("to"), "after") +
                            record(FAN_EVENT_INFO_TYPE_FID, handle("object"));

TEST(NamedEvents, CreationHasDirectoryNameAndObject) {
  const Parsed parsed(kCreation);
  const auto& event = parsed.event;
  EXPECT_EQ(event.directory.bytes, handle("directory"));
  EXPECT_EQ(event.name, "name");
  EXPECT_EQ(event.object.bytes, handle("object"));
  EXPECT_TRUE(event.new_directory.empty());
  EXPECT_EQ(event.new_name, "");
}

TEST(NamedEvents, RenameHasBothDirectoriesAndBothNames) {
  const Parsed parsed(kRename);
  const auto& event = parsed.event;
  EXPECT_EQ(event.directory.bytes, handle("from"));
  EXPECT_EQ(event.name, "before");
  EXPECT_EQ(event.new_directory.bytes, handle("to"));
  EXPECT_EQ(event.new_name, "after");
  EXPECT_EQ(event.object.bytes, handle("object"));
}

TEST(NamedEvents, EventOnADirectoryItselfHasNoObject) {
  const Parsed parsed(record(FAN_EVENT_INFO_TYPE_DFID_NAME, handle("directory"), "."));
  const auto& event = parsed.event;
  EXPECT_EQ(event.directory.bytes, handle("directory"));
  EXPECT_EQ(event.name, kItself);
  EXPECT_TRUE(event.object.empty());
}

TEST(NamedEvents, ObjectAloneHasNoName) {
  const Parsed parsed(record(FAN_EVENT_INFO_TYPE_FID, handle("object")));
  const auto& event = parsed.event;
  EXPECT_EQ(event.object.bytes, handle("object"));
  EXPECT_TRUE(event.directory.empty());
  EXPECT_EQ(event.name, "");
}

TEST(NamedEvents, DirectoryRecordWithoutNameHasNone) {
  const Parsed parsed(record(FAN_EVENT_INFO_TYPE_DFID, handle("directory")));
  const auto& event = parsed.event;
  EXPECT_EQ(event.directory.bytes, handle("directory"));
  EXPECT_EQ(event.name, "");
}

TEST(NamedEvents, NoRecordIsAnEventWithoutNames) {
  const Parsed parsed("");
  const auto& event = parsed.event;
  EXPECT_TRUE(event.directory.empty());
  EXPECT_TRUE(event.object.empty());
}

TEST(NamedEvents, UnknownRecordsArePassedOver) {
  for (const int type : {0, FAN_EVENT_INFO_TYPE_PIDFD, FAN_EVENT_INFO_TYPE_ERROR, 6, 7, 11, 13, 255}) {
    const auto unknown = record(static_cast<std::uint8_t>(type), "what ever");
    const Parsed parsed(unknown + kCreation + unknown + record(static_cast<std::uint8_t>(type), ""));
    const auto& event = parsed.event;
    EXPECT_EQ(event.directory.bytes, handle("directory")) << type;
    EXPECT_EQ(event.name, "name") << type;
    EXPECT_EQ(event.object.bytes, handle("object")) << type;
  }
}

TEST(NamedEvents, HandleSplitsIntoFilesystemAndFileHandle) {
  const auto whole = handle("opaque", "FSID4567");
  const HandleView view{whole};
  EXPECT_EQ(view.fsid(), "FSID4567");
  EXPECT_EQ(view.file_handle(), whole.substr(8));
}

TEST(NamedEvents, HandlesDifferByFilesystemTypeAndBytes) {
  const Parsed parsed(record(FAN_EVENT_INFO_TYPE_DFID_NAME, handle("same", "fsid-one"), "x") +
                      record(FAN_EVENT_INFO_TYPE_FID, handle("same", "fsid-two")));
  const auto& event = parsed.event;
  EXPECT_NE(event.directory, event.object);
  auto other_type = handle("same");
  other_type[12] = 2;
  EXPECT_NE(Parsed(record(FAN_EVENT_INFO_TYPE_FID, other_type)).event.object.bytes, handle("same"));
}

TEST(NamedEvents, HandleThatTheKernelCouldNotMakeIsNone) {
  const Parsed parsed(record(FAN_EVENT_INFO_TYPE_DFID_NAME, handle(""), "name"));
  const auto& event = parsed.event;
  EXPECT_TRUE(event.directory.empty());
  EXPECT_EQ(event.name, "name");
}

TEST(NamedEvents, NamesAreBytes) {
  for (const auto& name : {"caf\xe9"s, "\xff\xfe\x80"s, "line\nbreak"s, " "s, ".."s, std::string(255, 'n')}) {
    EXPECT_EQ(Parsed(record(FAN_EVENT_INFO_TYPE_DFID_NAME, handle("d"), name)).event.name, name);
  }
}

TEST(NamedEvents, PaddingIsNotPartOfTheName) {
  for (std::size_t length = 1; length <= 8; ++length) {
    const std::string name(length, 'n');
    const Parsed parsed(record(FAN_EVENT_INFO_TYPE_DFID_NAME, handle("d"), name));
    const auto& event = parsed.event;
    EXPECT_EQ(event.name, name);
    EXPECT_EQ(event.directory.bytes, handle("d"));
  }
}

TEST(NamedEvents, LongestHandleIsWhole) {
  const std::string longest(MAX_HANDLE_SZ, 'h');
  EXPECT_EQ(Parsed(record(FAN_EVENT_INFO_TYPE_FID, handle(longest))).event.object.bytes, handle(longest));
}

TEST(NamedEvents, HandleLongerThanAnyIsRefused) {
  EXPECT_FALSE(is_whole(record(FAN_EVENT_INFO_TYPE_FID, handle(std::string(MAX_HANDLE_SZ + 1, 'h')))));
}

TEST(NamedEvents, CutAtAnyByteIsRefusedAndNothingBeyondIsRead) {
  for (const auto& records : {kCreation, kRename}) {
    std::size_t whole_prefixes = 0;
    for (std::size_t size = 0; size < records.size(); ++size) {
      if (is_whole(records.substr(0, size))) ++whole_prefixes;
    }
    EXPECT_EQ(whole_prefixes, records == kRename ? 3U : 2U) << "only cuts between records leave an event";
    EXPECT_TRUE(is_whole(records));
  }
}

TEST(NamedEvents, AnyFlippedByteReadsNothingBeyond) {
  for (const auto& records : {kCreation, kRename}) {
    for (std::size_t at = 0; at < records.size(); ++at) {
      for (const int flip : {0x01, 0x40, 0x80, 0xff}) {
        auto damaged = records;
        damaged[at] = static_cast<char>(damaged[at] ^ flip);
        const GuardedBytes guarded(damaged);
        const auto event = parse_named_event(guarded.bytes());
        if (!event) continue;
        const std::string touched = std::string(event->directory.bytes) + std::string(event->name) +
                                    std::string(event->new_directory.bytes) + std::string(event->new_name) +
                                    std::string(event->object.bytes);
        EXPECT_LE(touched.size(), damaged.size());
      }
    }
  }
}

TEST(NamedEvents, LengthsThatDoNotFitAreRefused) {
  auto length_of_header_only = kCreation;
  length_of_header_only[2] = 3;
  EXPECT_FALSE(is_whole(length_of_header_only));
  auto length_zero = kCreation;
  length_zero[2] = length_zero[3] = 0;
  EXPECT_FALSE(is_whole(length_zero)) << "must not loop either";
  auto handle_beyond_record = record(FAN_EVENT_INFO_TYPE_FID, handle("12345678"));
  handle_beyond_record[12] = 9;
  EXPECT_FALSE(is_whole(handle_beyond_record));
  auto handle_of_4_gib = handle_beyond_record;
  handle_of_4_gib.replace(12, 4, 4, '\xff');
  EXPECT_FALSE(is_whole(handle_of_4_gib));
}

TEST(NamedEvents, RecordTooShortForAHandleIsRefused) {
  for (const int type : {FAN_EVENT_INFO_TYPE_FID, FAN_EVENT_INFO_TYPE_DFID, FAN_EVENT_INFO_TYPE_DFID_NAME}) {
    for (std::size_t size = 0; size < handle("").size(); size += 4) {
      EXPECT_FALSE(is_whole(record(static_cast<std::uint8_t>(type), std::string(size, '\0')))) << size;
    }
  }
}

TEST(NamedEvents, NameWithoutEndIsRefused) {
  EXPECT_FALSE(is_whole(record(FAN_EVENT_INFO_TYPE_DFID_NAME, handle("1234") + "1234")));
  EXPECT_FALSE(is_whole(record(FAN_EVENT_INFO_TYPE_DFID_NAME, handle("1234"))));
}

}  // namespace
}  // namespace rfan::recorder
