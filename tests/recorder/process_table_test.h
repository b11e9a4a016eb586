// Processes as the writer thread knows them: the fixture of the tests of ProcessTable.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "recorder/processes/process_table.h"
#include "tests/recorder/memory_trace.h"

namespace rfan::recorder {

class ProcessTableTest : public ::testing::Test {
 protected:
  using ProcessId = format::ProcessId;
  using Scope = ProcessTable::Scope;

  static constexpr std::uint64_t kSecondNs = 1'000'000'000;

  void everything() { record_tree_of(0); }
  void record_tree_of(std::uint32_t root_pid) { table_.emplace(root_pid); }

  void seen(ImageSerial serial, std::uint32_t pid, std::uint32_t ppid, const std::string& exe,
            const std::string& cmdline = "cmd") {
    table_->apply({.fact = ProcessFact::kDetails,
                   .serial = serial,
                   .pid = pid,
                   .ppid = ppid,
                   .uid = 1000,
                   .gid = 100,
                   .time_ns = 7 * kSecondNs,
                   .comm = "comm",
                   .exe = exe,
                   .cmdline = cmdline});
  }
  void seen_in_cgroup(ImageSerial serial, const std::string& cgroup) {
    table_->apply(
        {.serial = serial, .pid = 50, .ppid = 1, .comm = "comm", .exe = "/bin/sh", .cgroup = cgroup});
  }
  // Image 1 becomes image 2.
  void moves_unseen_to(std::uint64_t since_ns, std::uint64_t time_ns, const std::string& cgroup) {
    seen_in_cgroup(1, "/a.slice");
    table_->apply({.fact = ProcessFact::kChanged,
                   .serial = 2,
                   .other = 1,
                   .pid = 50,
                   .time_ns = time_ns,
                   .since_ns = since_ns});
    seen_in_cgroup(2, cgroup);
  }
  void forks(ImageSerial parent, ImageSerial child, std::uint32_t ppid, std::uint32_t pid,
             std::uint64_t time_ns = 10 * kSecondNs) {
    table_->apply({.fact = ProcessFact::kFork,
                   .serial = child,
                   .other = parent,
                   .pid = pid,
                   .ppid = ppid,
                   .time_ns = time_ns});
  }
  void execs(ImageSerial before, ImageSerial after, std::uint32_t pid, const std::string& comm,
             std::uint64_t time_ns = 11 * kSecondNs) {
    table_->apply({.fact = ProcessFact::kExec,
                   .serial = after,
                   .other = before,
                   .pid = pid,
                   .time_ns = time_ns,
                   .comm = comm});
  }
  void becomes_user(ImageSerial before, ImageSerial after, std::uint32_t pid, std::uint32_t uid) {
    table_->apply({.fact = ProcessFact::kUser,
                   .serial = after,
                   .other = before,
                   .pid = pid,
                   .uid = uid,
                   .time_ns = 12 * kSecondNs});
  }
  void takes_name(ImageSerial before, ImageSerial after, std::uint32_t pid, const std::string& comm) {
    table_->apply({.fact = ProcessFact::kComm,
                   .serial = after,
                   .other = before,
                   .pid = pid,
                   .time_ns = 12 * kSecondNs,
                   .comm = comm});
  }
  void runs(ImageSerial serial, std::uint32_t pid, const std::string& exe) {
    table_->apply({.fact = ProcessFact::kExePath, .serial = serial, .pid = pid, .exe = exe});
  }
  void exits(ImageSerial serial, std::uint32_t pid, std::uint64_t time_ns) {
    table_->apply({.fact = ProcessFact::kExit, .serial = serial, .pid = pid, .time_ns = time_ns});
  }
  static RecordFilter filter(const RecordFilterArguments& arguments) {
    auto parsed = RecordFilter::parse(arguments);
    EXPECT_TRUE(parsed.ok());
    return *parsed;
  }
  ProcessId enter(ImageSerial serial) { return table_->trace_id(serial, trace_.writer()); }
  // Returns their entries in the trace, which it ends.
  std::vector<format::Process> entries_of(std::initializer_list<ImageSerial> serials) {
    std::vector<ProcessId> ids;
    for (const auto serial : serials) ids.push_back(enter(serial));
    const auto trace = trace_.read();
    std::vector<format::Process> entries;
    for (const auto id : ids) entries.push_back(trace.processes.at(id - 1));
    return entries;
  }
  bool in_scope(ImageSerial serial) { return table_->scope_of(serial) == ProcessTable::Scope::kInside; }

  std::optional<ProcessTable> table_{0U};
  MemoryTrace trace_;
};

}  // namespace rfan::recorder
