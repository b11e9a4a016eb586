#include "recorder/kernel/process_connector.h"

#include <arpa/inet.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace rfan::recorder {

namespace {

// A datagram: netlink header, connector head, event. The event is not aligned.
constexpr std::size_t kEventOffset = NLMSG_HDRLEN + sizeof(cn_msg);

// Replaces cn_msg, which C++ cannot have as a member because it ends in an array without a length.
struct Head {
  cb_id id;
  std::uint32_t seq, ack;
  std::uint16_t len, flags;
};
static_assert(sizeof(Head) == sizeof(cn_msg));

struct Message {
  Head head{};
  proc_event event{};
};

std::optional<Message> parse(std::span<const std::byte> bytes) {
  Message message;
  if (bytes.size() < kEventOffset + sizeof message.event) return std::nullopt;
  std::memcpy(&message.head, bytes.data() + NLMSG_HDRLEN, sizeof message.head);
  std::memcpy(&message.event, bytes.data() + kEventOffset, sizeof message.event);
  if (message.head.id.idx != CN_IDX_PROC || message.head.id.val != CN_VAL_PROC) return std::nullopt;
  return message;
}

// Passes the user and group messages of first threads, and the kernel's answer to a request.
bool filter_messages(int socket) {
  constexpr std::uint32_t kWhat = kEventOffset + offsetof(proc_event, what);
  constexpr std::uint32_t kThread = kEventOffset + offsetof(proc_event, event_data.id.process_pid);
  constexpr std::uint32_t kProcess = kEventOffset + offsetof(proc_event, event_data.id.process_tgid);
  // The filter's loads take the bytes for big-endian.
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kWhat),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(proc_event::PROC_EVENT_NONE), 6, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(proc_event::PROC_EVENT_UID), 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(proc_event::PROC_EVENT_GID), 0, 5),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kThread),
      BPF_STMT(BPF_MISC | BPF_TAX, 0),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kProcess),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  const sock_fprog filter{std::size(program), program};
  return ::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
}

// The kernel's answer carries `number` plus one. All listeners get it.
bool request(int socket, proc_cn_mcast_op operation, std::uint32_t number) {
  std::array<std::byte, kEventOffset + sizeof operation> message{};
  nlmsghdr header{};
  header.nlmsg_len = message.size();
  header.nlmsg_type = NLMSG_DONE;
  Head head{};
  head.id = {CN_IDX_PROC, CN_VAL_PROC};
  head.ack = number;
  head.len = sizeof operation;
  std::memcpy(message.data(), &header, sizeof header);
  std::memcpy(message.data() + NLMSG_HDRLEN, &head, sizeof head);
  std::memcpy(message.data() + kEventOffset, &operation, sizeof operation);
  return ::send(socket, message.data(), message.size(), MSG_DONTWAIT) >= 0;
}

// The kernel has answered by the time the request is sent. If it does not serve us, it does not answer at
// all.
Status await_consent(int socket, std::uint32_t number) {
  std::array<std::byte, kEventOffset + sizeof(proc_event)> bytes;
  for (;;) {
    const auto size = ::recv(socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN)
      return Error{"the process connector serves the initial namespaces only", {}, 0, {}};
    if (size < 0) return errno_error("cannot read from the process connector");
    const auto answer = parse(std::span(bytes).first(static_cast<std::size_t>(size)));
    if (!answer || answer->event.what != proc_event::PROC_EVENT_NONE || answer->head.ack != number + 1)
      continue;
    if (answer->event.event_data.ack.err == 0) return {};
    errno = static_cast<int>(answer->event.event_data.ack.err);
    return errno_error("cannot listen to the process connector");
  }
}

}  // namespace

std::optional<PerfRecord> decode_connector_message(std::span<const std::byte> bytes) {
  const auto message = parse(bytes);
  if (!message) return std::nullopt;
  const auto& event = message->event;
  const bool user = event.what == proc_event::PROC_EVENT_UID;
  if (!user && event.what != proc_event::PROC_EVENT_GID) return std::nullopt;
  PerfRecord record;
  record.type = user ? PerfRecord::Type::kUser : PerfRecord::Type::kGroup;
  record.pid = static_cast<std::uint32_t>(event.event_data.id.process_tgid);
  record.id = user ? event.event_data.id.r.ruid : event.event_data.id.r.rgid;
  record.time_ns = event.timestamp_ns;
  return record;
}

Result<ProcessConnector> ProcessConnector::open() {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR));
  if (!socket) return errno_error("cannot open the process connector");
  // Holds about 1,000 messages; fewer if only the second call is permitted.
  constexpr int kBufferBytes = 1024 * 1024;
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kBufferBytes, sizeof kBufferBytes) != 0)
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &kBufferBytes, sizeof kBufferBytes);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = CN_IDX_PROC;
  const auto number = static_cast<std::uint32_t>(::getpid());
  if (!filter_messages(socket.get()) ||
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      !request(socket.get(), PROC_CN_MCAST_LISTEN, number))
    return errno_error("cannot listen to the process connector");
  if (auto status = await_consent(socket.get(), number); !status) return status.error();
  return ProcessConnector(std::move(socket));
}

ProcessConnector::~ProcessConnector() {
  // Otherwise the kernel counts a listener for ever and goes on making messages.
  if (socket_) request(socket_.get(), PROC_CN_MCAST_IGNORE, 0);
}

bool ProcessConnector::fetch() {
  if (begin_ == end_) begin_ = end_ = 0;
  const auto before = end_;
  std::array<std::byte, kEventOffset + sizeof(proc_event)> bytes;
  while (end_ < kCapacity) {
    const auto size = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0) {
      if (errno == ENOBUFS) records_[end_++] = {.type = PerfRecord::Type::kLost, .lost = 1, .text = {}};
      break;
    }
    if (auto record = decode_connector_message(std::span(bytes).first(static_cast<std::size_t>(size))))
      records_[end_++] = *record;
  }
  return end_ != before;
}

}  // namespace rfan::recorder
