// The kernel's process-event connector: which process became another user or group.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "format/base/error.h"
#include "format/base/unique_fd.h"
#include "recorder/kernel/perf_records.h"

namespace rfan::recorder {

// A netlink socket (NETLINK_CONNECTOR, CN_IDX_PROC; linux/cn_proc.h). The kernel queues a message before the
// system call that it tells of returns, so that what a held process did before its open is there when the
// open is read. A socket filter lets user and group messages of first threads through and nothing else: a
// process has the user of its first thread, as in /proc. Opened before the first mark, then the reader
// thread's.
//
// Costs each fork, exec and exit of the machine the making of a message that is dropped: 0.2 us each.
class ProcessConnector {
 public:
  // Fails where the kernel does not tell: before Linux 6.6 without CAP_NET_ADMIN; outside of the initial pid,
  // user and network namespaces.
  static Result<ProcessConnector> open();
  ProcessConnector(ProcessConnector&&) noexcept = default;
  ProcessConnector& operator=(ProcessConnector&&) = delete;
  ~ProcessConnector();  // unsubscribes: the kernel does not do that when the socket is closed

  int fd() const { return socket_.get(); }

  // Takes what is queued, up to kCapacity records together with those not popped. False when nothing came.
  // Never blocks or allocates.
  bool fetch();
  // The earliest record fetched, or null. kLost where the kernel found no room.
  const PerfRecord* front() const { return begin_ == end_ ? nullptr : &records_[begin_]; }
  void pop() { ++begin_; }

 private:
  explicit ProcessConnector(UniqueFd socket) : socket_(std::move(socket)) {}

  // More changes of users between two reads of events than these are applied after the forks of that time.
  static constexpr std::size_t kCapacity = 256;

  UniqueFd socket_;
  std::array<PerfRecord, kCapacity> records_{};
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

// The record in one datagram of the connector, or nothing where it tells of anything else. Pure, for tests.
std::optional<PerfRecord> decode_connector_message(std::span<const std::byte> message);

}  // namespace rfan::recorder
