// Tests traces with correct checksums and hostile contents: every verb ends in order, reports that something
// is wrong, and takes no more resources than the size of the file justifies.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "format/base/limits.h"
#include "replay/program.h"
#include "tests/replay/sample_trace.h"
#include "tests/support/resealed_trace.h"

namespace rfan::replay {
namespace {

using format::Event;
using format::EventKind;
using format::FrameType;
using format::Process;
using replay_test::Outcome;
using tests::LooseTrace;

using Texts = std::vector<std::string>;
constexpr std::uint64_t kSecond = replay_test::kSecond;

Event open_at(std::uint64_t time_ns, format::ProcessId process, format::PathId path) {
  return {time_ns, EventKind::kOpen, 0, process, path, 0, 0};
}

// Makes one DICT frame.
tests::LooseFrame names(const Texts& paths, const std::vector<Process>& processes = {},
                        format::PathId first_path = 1, format::ProcessId first_process = 1) {
  const std::vector<std::string_view> views(paths.begin(), paths.end());
  return tests::names_frame({first_path, first_process, views, processes});
}

Process process_with(std::uint32_t pid, std::string comm, std::string cgroup = {}) {
  Process process;
  process.pid = pid;
  process.exe = 1;
  process.comm = std::move(comm);
  process.cgroup = std::move(cgroup);
  return process;
}

class HostileTest : public testing::Test {
 protected:
  void write(const tests::Bytes& bytes) {
    replay_test::write_file(trace_, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }

  Outcome run(Texts arguments) const {
    std::filesystem::remove(made_);
    arguments.push_back(trace_);
    return replay_test::run(arguments);
  }

  // Runs every verb with its options and returns the outcomes by command line. `diff` compares the trace with
  // itself.
  std::map<std::string, Outcome> run_all() const {
    const std::vector<Texts> queries = {
        {"cat"},
        {"cat", "--format", "jsonl"},
        {"cat", "--format", "csv"},
        {"cat", "--sort", "latency"},
        {"report", "--by", "path", "--format", "jsonl"},
        {"report", "--by", "exe,comm,cgroup", "--format", "csv"},
        {"report", "--by", "dir,ext,process", "-F", "events,opens,reopens,short,files,wait,p50"},
        {"files"},
        {"files", "-0"},
        {"files", "--churn"},
        {"files", "--dirs", "-l"},
        {"tree"},
        {"tree", "--args", "--format", "jsonl"},
        {"hist"},
        {"info"},
        {"info", "--format", "json"},
        {"verify"},
        {"verify", "--format", "json"},
        {"recover", "-o", made_},
        {"slice", "-o", made_},
        {"slice", "-o", made_, "--level", "1", "--redact"},
        {"diff", trace_},
        {"diff", trace_, "--sequence"},
        {"diff", trace_, "--sets"},
    };
    std::map<std::string, Outcome> outcomes;
    for (const auto& query : queries) {
      std::string typed;
      for (const auto& word : query) typed += word + ' ';
      outcomes[typed] = run(query);
    }
    return outcomes;
  }

  // Expects the queries, which read names, to report that some are lost.
  void expect_damage_in(const std::vector<Texts>& queries) const {
    for (const auto& query : queries) {
      const auto outcome = run(query);
      EXPECT_EQ(outcome.status, kExitPartial) << query[0];
      EXPECT_TRUE(query[0] == "verify" || says(outcome, "damaged")) << query[0];
    }
    EXPECT_NE(run({"verify"}).out.find("damaged"), std::string::npos);
  }

  // Returns what a shell command prints on both channels.
  static std::string output_of(const std::string& command) {
    std::string output;
    auto* pipe = ::popen(("(" + command + ") 2>&1").c_str(), "r");
    if (pipe == nullptr) return output;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) output += static_cast<char>(c);
    ::pclose(pipe);
    return output;
  }

  bool second_reader_refuses() const {
    return output_of(std::string("python3 " RFAN_READ_TRACE " ") + trace_).find("read-trace: damaged") !=
           std::string::npos;
  }

  static bool says(const Outcome& outcome, std::string_view text) {
    return std::any_of(outcome.notes.begin(), outcome.notes.end(),
                       [&](const auto& note) { return note.find(text) != std::string::npos; });
  }

  const tests::ScratchDirectory scratch_;
  const std::string trace_ = scratch_.file("t.fbz");
  const std::string made_ = scratch_.file("made.fbz");
};

// ---- one name that would be two

TEST_F(HostileTest, APathWithANulIsDamageAndNoSecondPath) {
  const std::string path("/innocent\0/etc/shadow", 21);
  write(tests::trace_of({names({"/bin/sh", path}, {process_with(7, "sh")}),
                         tests::events_frame(std::vector{open_at(2 * kSecond, 1, 2)})})
            .sealed_with_directory());
  expect_damage_in({{"cat"},
                    {"cat", "--format", "jsonl"},
                    {"report", "--by", "path"},
                    {"files"},
                    {"files", "-0"},
                    {"report", "--by", "exe,path", "--format", "csv"}});
  for (const auto& [typed, outcome] : run_all())
    EXPECT_EQ(outcome.out.find("/etc/shadow"), std::string::npos) << typed;
  EXPECT_TRUE(says(run({"files", "-0"}), "a path is malformed"));
  EXPECT_TRUE(second_reader_refuses());
}

TEST_F(HostileTest, ACommOrControlGroupWithANulIsDamage) {
  const auto with_nul = [](std::string text) { return text + '\0' + text; };
  for (const auto& process : {process_with(7, with_nul("sh")), process_with(7, "sh", with_nul("/a.slice"))}) {
    write(tests::trace_of({names({"/bin/sh", "/a"}, {process}),
                           tests::events_frame(std::vector{open_at(2 * kSecond, 1, 2)})})
              .sealed_with_directory());
    expect_damage_in({{"cat"}, {"report", "--by", "comm"}, {"report", "--by", "process,cgroup"}, {"tree"}});
    for (const auto& [typed, outcome] : run_all()) EXPECT_NE(outcome.status, kExitError) << typed;
    EXPECT_TRUE(says(run({"report", "--by", "comm"}), "a process is malformed"));
    EXPECT_TRUE(second_reader_refuses());
  }
}

TEST_F(HostileTest, AMountWithANulIsDamage) {
  auto trace = tests::trace_of({});
  format::TraceMeta meta;
  meta.mounts = {{std::string("/a\0/b", 5), "ext4", true, "filesystem mark", 0}};
  trace.frames[0] = tests::meta_frame(meta);
  write(trace.sealed_with_directory());
  EXPECT_TRUE(says(run({"info"}), "META"));
  EXPECT_TRUE(second_reader_refuses());
}

// ---- bombs

TEST_F(HostileTest, TextsThatShareTheirBytesAreRefused) {
  auto trace = tests::trace_of({});
  trace.frames[0] = tests::meta_with_shared_text(100'000, 1'000'000);  // 100 GB
  write(trace.sealed_with_directory());
  ASSERT_LT(std::filesystem::file_size(trace_), 1'000'000U);
  for (const auto& [typed, outcome] : run_all()) {
    if (typed.starts_with("recover") || typed.starts_with("hist")) continue;
    EXPECT_EQ(outcome.status, kExitPartial) << typed;
  }
  EXPECT_TRUE(says(run({"cat"}), "metadata is malformed"));
  EXPECT_TRUE(second_reader_refuses());
}

TEST_F(HostileTest, IdsThatNoFrameBeforeCouldHaveGivenAreRefused) {
  const auto far = static_cast<std::uint32_t>(format::kMaxPaths - 10);
  write(tests::trace_of({names({"/bin/sh"}, {process_with(7, "sh")}, far, far),
                         tests::events_frame(std::vector{open_at(2 * kSecond, far, far)})})
            .sealed_with_directory());
  expect_damage_in({{"cat"}, {"report", "--by", "path"}, {"files"}, {"tree"}});
  for (const auto& [typed, outcome] : run_all()) EXPECT_NE(outcome.status, kExitError) << typed;
  EXPECT_TRUE(says(run({"files"}), "the names unfold to more than 64 MiB"));
  EXPECT_TRUE(second_reader_refuses());
}

// Makes a trace with four times 32 MB of paths in some KB.
LooseTrace trace_that_unfolds() {
  Texts paths;
  for (int i = 0; i < 8000; ++i) paths.push_back("/" + std::string(4080, 'x') + std::to_string(100'000 + i));
  LooseTrace trace = tests::trace_of({});
  for (std::uint32_t i = 0; i < 4; ++i) trace.frames.push_back(names(paths, {}, 1 + i * 8000));
  trace.frames.push_back(
      tests::events_frame(std::vector{open_at(2 * kSecond, 0, 1), open_at(2 * kSecond, 0, 30'000)}));
  return trace;
}

TEST_F(HostileTest, NamesUnfoldToAMultipleOfTheFileOnly) {
  write(trace_that_unfolds().sealed_with_directory());
  ASSERT_LT(std::filesystem::file_size(trace_), 20'000U);
  expect_damage_in({{"report", "--by", "path"}, {"files"}});
  EXPECT_TRUE(says(run({"files"}), "limit for a trace of this size (--unfold-limit)"));
  EXPECT_TRUE(second_reader_refuses());
}

TEST_F(HostileTest, TheLimitOfUnfoldingCanBeRaised) {
  write(trace_that_unfolds().sealed_with_directory());
  const auto outcome = run({"files", "--unfold-limit", "100000"});
  EXPECT_EQ(outcome.status, kExitClean);
  EXPECT_NE(outcome.out.find("x105999"), std::string::npos);
  EXPECT_EQ(run({"recover", "-o", made_, "--unfold-limit", "100000"}).status, kExitClean);
  EXPECT_EQ(replay_test::run({"verify", made_}).status, kExitClean)
      << "a writer stays within the limit of all readers";
}

TEST_F(HostileTest, WithoutMemoryTheMessageNamesTheLimit) {
  if (!std::string_view(RFAN_SANITIZE).empty())
    GTEST_SKIP() << "a sanitizer takes terabytes of address space";
  write(trace_that_unfolds().sealed_with_directory());
  for (const std::string verb : {"files", "report --by path", "verify", "diff t.fbz"}) {
    const auto said = output_of("cd " + scratch_.path() + "; ulimit -v 120000; " RFANREPLAY_PATH " " + verb +
                                " t.fbz --unfold-limit 100000; echo status $?");
    EXPECT_NE(said.find("rfanreplay: out of memory; a trace may take 64 MiB and 100000 times its bytes"),
              std::string::npos)
        << said;
    EXPECT_NE(said.find(verb[0] == 'd' ? "status 2" : "status 1"), std::string::npos) << said;
  }
}

// Makes a chain of processes: the parent of each is the one before.
LooseTrace chain_of_processes(std::uint32_t depth) {
  LooseTrace trace = tests::trace_of({names({"/bin/sh"})});
  constexpr std::uint32_t kEach = 50'000;
  std::uint32_t made = 0;
  while (made < depth) {
    std::vector<Process> processes;
    const auto first = made + 1;
    for (std::uint32_t i = 0; i < kEach && made < depth; ++i) {
      processes.push_back(process_with(100 + made, "sh"));
      processes.back().parent = made;
      processes.back().start_time_ns = made++ * 1000;
    }
    trace.frames.push_back(names({}, processes, 2, first));
  }
  trace.frames.push_back(tests::events_frame(std::vector{open_at(2 * kSecond, depth, 1)}));
  return trace;
}

TEST_F(HostileTest, AChainOfProcessesIsDrawnInALineEach) {
  constexpr std::uint32_t kDepth = 120'000;
  write(chain_of_processes(kDepth).sealed_with_directory());
  const auto outcome = run({"tree"});
  EXPECT_EQ(outcome.status, kExitClean);
  EXPECT_EQ(static_cast<std::uint32_t>(std::count(outcome.out.begin(), outcome.out.end(), '\n')), kDepth + 1);
  EXPECT_LT(outcome.out.size(), kDepth * 300U);
  EXPECT_NE(outcome.out.find("(119999 deep) sh[120099]"), std::string::npos);
  const auto rows = run({"tree", "--format", "csv"});
  EXPECT_NE(rows.out.find("\n120099,0,119999,"), std::string::npos);
}

TEST_F(HostileTest, FiltersAndComparisonsTakeLongChains) {
  write(chain_of_processes(60'000).sealed_with_directory());
  EXPECT_NE(run({"cat", "--tree", "100"}).out, "") << "an ancestor of all";
  EXPECT_EQ(run({"cat", "--tree", "99"}).out, "");
  EXPECT_EQ(run({"cat", "--tree", "!60000"}).out, "");
  EXPECT_EQ(run({"diff", trace_}).status, kExitClean);
}

TEST_F(HostileTest, ProcessesThatAreEachOthersParentsAreShown) {
  auto one = process_with(7, "one");
  auto two = process_with(8, "two");
  two.parent = 1;
  auto again = process_with(7, "one");  // another image of the first
  again.parent = 2;
  write(tests::trace_of(
            {names({"/bin/sh"}, {one, two, again}),
             tests::events_frame(std::vector{open_at(2 * kSecond, 2, 1), open_at(2 * kSecond, 3, 1)})})
            .sealed_with_directory());
  const auto outcome = run({"tree", "--format", "csv"});
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 3) << outcome.out;
}

TEST_F(HostileTest, SliceTakesManyMounts) {
  auto trace = tests::trace_of({});
  format::TraceMeta meta;
  meta.time_unit_ns = 1000;
  for (int i = 0; i < 150'000; ++i) meta.mounts.push_back({"/m" + std::to_string(i), "ext4", true, "", 0});
  trace.frames[0] = tests::meta_frame(meta);
  write(trace.sealed_with_directory());
  EXPECT_EQ(run({"slice", "-o", made_}).status, kExitClean);
  EXPECT_NE(replay_test::run({"info", made_, "--format", "json"}).out.find("/m149999"), std::string::npos);
}

// ---- two sources of one fact

class DirectoryTest : public HostileTest {
 protected:
  DirectoryTest() {
    LooseTrace trace = tests::trace_of({names({"/bin/sh", "/a", "/b"}, {process_with(7, "sh")})});
    for (std::uint64_t i = 0; i < 2; ++i) {
      const auto at = (2 + i) * kSecond;
      trace.frames.push_back(
          tests::events_frame(std::vector{open_at(at, 1, 2), open_at(at, 1, 3), open_at(at, 1, 2)}));
    }
    honest_ = std::move(trace);
  }
  static std::size_t lines(const Outcome& outcome) {
    return static_cast<std::size_t>(std::count(outcome.out.begin(), outcome.out.end(), '\n'));
  }
  // A trace without INDEX and FOOTER, for which verbs also report the missing end.
  LooseTrace honest_;
  static constexpr std::size_t kFirstBlock = 3;
};

TEST_F(DirectoryTest, AnIndexThatAgreesIsBelieved) {
  write(honest_.sealed_with_directory());
  const auto outcome = run({"cat"});
  EXPECT_EQ(outcome.status, kExitClean) << (outcome.notes.empty() ? "" : outcome.notes[0]);
  EXPECT_EQ(lines(outcome), 6U);
  EXPECT_EQ(run({"verify"}).status, kExitClean) << run({"verify"}).out;
}

TEST_F(DirectoryTest, ABlockThatTheIndexMisnamesIsFoundAllTheSame) {
  for (const auto type : {FrameType::kLoss, FrameType::kDict, FrameType::kClock, FrameType::kMounts,
                          static_cast<FrameType>(9), static_cast<FrameType>(200)}) {
    write(honest_.sealed_with_false_type(kFirstBlock, type));
    EXPECT_TRUE(second_reader_refuses());
    for (const Texts& query :
         {Texts{"cat"}, {"cat", "--format", "jsonl"}, {"files", "-l", "--format", "jsonl"}}) {
      const auto outcome = run(query);
      EXPECT_EQ(outcome.status, kExitPartial) << static_cast<int>(type);
      EXPECT_EQ(lines(outcome), query[0] == "cat" ? 6U : 2U) << static_cast<int>(type);
      EXPECT_TRUE(says(outcome, "damaged")) << static_cast<int>(type);
    }
    for (const auto* verb : {"report", "hist", "tree", "verify", "info"})
      EXPECT_EQ(run({verb}).status, kExitPartial) << verb << ' ' << static_cast<int>(type);
    const auto saved = run({"recover", "-o", made_});
    EXPECT_NE(saved.out.find(": 6 events saved, "), std::string::npos) << saved.out;
    EXPECT_EQ(lines(replay_test::run({"cat", made_})), 6U);
  }
}

TEST_F(DirectoryTest, TotalsThatAreNotTheSumAreNotPrinted) {
  auto trace = LooseTrace::of(honest_.sealed_with_directory());
  auto* footer = trace.find(FrameType::kFooter);
  ASSERT_NE(footer, nullptr);
  format::TraceSummary summary;
  summary.path_count = 3;
  summary.process_count = 1;
  summary.totals.events = UINT64_MAX;
  summary.totals.by_kind[1] = UINT64_MAX;
  *footer = tests::footer_frame(summary);
  write(trace.sealed());
  EXPECT_TRUE(second_reader_refuses());
  for (const auto& [typed, outcome] : run_all()) {
    EXPECT_EQ(outcome.out.find("18446744073709551615"), std::string::npos) << typed;
    EXPECT_EQ(outcome.out.find("18,446,744,073,709,551,615"), std::string::npos) << typed;
    if (typed.starts_with("recover")) continue;
    EXPECT_EQ(outcome.status, kExitPartial) << typed;
  }
}

TEST_F(DirectoryTest, FramesBehindTheLastIndexAreFound) {
  auto trace = LooseTrace::of(honest_.sealed_with_directory());
  const auto block = trace.frames[kFirstBlock + 1];
  trace.frames.insert(trace.frames.end() - 1, block);
  write(trace.sealed());
  const auto outcome = run({"cat"});
  EXPECT_EQ(outcome.status, kExitPartial);
  EXPECT_EQ(lines(outcome), 9U);
}

}  // namespace
}  // namespace rfan::replay
