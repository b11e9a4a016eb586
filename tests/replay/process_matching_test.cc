// Tests which processes of two runs are taken as the same.
#include "replay/diff/names/process_matching.h"

#include <gtest/gtest.h>

#include "tests/support/hand_made_dictionary.h"

namespace rfan::replay {
namespace {

ProcessShape shape(std::initializer_list<std::string> exes, std::vector<std::string> options = {},
                   std::string script = {}) {
  ProcessShape shape;
  for (const auto& exe : exes) shape.chain.push_back({exe, {}});
  shape.chain.back().script = std::move(script);
  shape.options = std::move(options);
  return shape;
}

class ProcessMatchingTest : public testing::Test {
 protected:
  void match(const std::vector<ProcessShape>& base, const std::vector<ProcessShape>& fresh) {
    const RunShapes runs[] = {{Side::kBase, base}, {Side::kNew, fresh}};
    match_ = match_processes(runs);
  }
  std::uint32_t base(std::size_t i) const { return match_.actor_of[0][i]; }
  std::uint32_t fresh(std::size_t i) const { return match_.actor_of[1][i]; }

  ActorMatch match_;
};

TEST_F(ProcessMatchingTest, EqualShapesAreOneActor) {
  match({shape({"make"}), shape({"make", "gcc"}, {"-c"})}, {shape({"make", "gcc"}, {"-c"}), shape({"make"})});
  EXPECT_EQ(base(0), fresh(1));
  EXPECT_EQ(base(1), fresh(0));
  EXPECT_EQ(match_.actors.size(), 2U);
}

TEST_F(ProcessMatchingTest, AnAddedOptionDoesNotMakeAnotherProgram) {
  match({shape({"make", "gcc"}, {"-c", "-o"}), shape({"make", "gcc"}, {"-o", "-shared"})},
        {shape({"make", "gcc"}, {"-o", "-shared"}), shape({"make", "gcc"}, {"-I", "-c", "-o"})});
  EXPECT_EQ(base(0), fresh(1));
  EXPECT_EQ(base(1), fresh(0));
}

TEST_F(ProcessMatchingTest, AWrapperInBetweenIsTheOnlyNewProgram) {
  match({shape({"make"}), shape({"make", "gcc"}), shape({"make", "gcc", "cc1"})},
        {shape({"make"}), shape({"make", "ccache"}), shape({"make", "ccache", "gcc"}),
         shape({"make", "ccache", "gcc", "cc1"})});
  EXPECT_EQ(base(1), fresh(2));
  EXPECT_EQ(base(2), fresh(3));
  EXPECT_EQ(match_.actors.size(), 4U);
}

TEST_F(ProcessMatchingTest, AProgramUnderAnotherParentToo) {
  match({shape({"make", "cp"})}, {shape({"make", "cp"}), shape({"make", "sh", "cp"})});
  EXPECT_EQ(base(0), fresh(0));
  EXPECT_NE(base(0), fresh(1)) << "the base has its own counterpart already";
}

TEST_F(ProcessMatchingTest, OtherProgramsAndScriptsStayApart) {
  match({shape({"make", "ld.bfd"}), shape({"python3"}, {}, "a.py")},
        {shape({"make", "ld.gold"}), shape({"python3"}, {}, "b.py")});
  EXPECT_EQ(match_.actors.size(), 4U);
}

class ShapeTableTest : public testing::Test {
 protected:
  format::ProcessId add(format::ProcessId parent, std::string_view exe, std::string_view cmdline) {
    format::Process process;
    process.parent = parent;
    process.exe = dictionary_.add_path(exe);
    process.cmdline = cmdline;
    return dictionary_.add_process(process);
  }
  const ProcessShape& shape_of(format::ProcessId id) {
    table_.extend();
    return table_.shapes()[table_.shape_of(id)];
  }

  tests::HandMadeDictionary dictionary_;
  NameFolding folding_{FoldingSpec{}};
  ShapeTable table_{dictionary_, folding_};
};

TEST_F(ShapeTableTest, ForksOfTheSameProgramAddNoLevel) {
  const auto make = add(0, "/usr/bin/make", {"make\0-j2\0", 9});
  const auto fork = add(make, "/usr/bin/make", {"make\0-j2\0", 9});
  const auto gcc = add(fork, "/usr/bin/gcc", {"gcc\0-c\0-O2\0-I/a/b\0--sysroot=/x\0a.c\0", 36});
  EXPECT_EQ(shape_of(gcc).chain, (std::vector<Program>{{"/usr/bin/make", ""}, {"/usr/bin/gcc", ""}}));
  EXPECT_EQ(shape_of(gcc).options, (std::vector<std::string>{"--sysroot", "-I", "-O", "-c"}));
  EXPECT_EQ(table_.shape_of(make), table_.shape_of(fork));
}

TEST_F(ShapeTableTest, InterpretersAreKnownByTheirScript) {
  const auto script = add(0, "/usr/bin/python3.11", {"python3\0-u\0/home/a/build.py\0x\0", 30});
  const auto inline_script = add(0, "/usr/bin/dash", {"sh\0-c\0make all\0", 15});
  EXPECT_EQ(shape_of(script).program().label(), "python3.11 build.py");
  EXPECT_EQ(shape_of(inline_script).program().label(), "dash");
}

}  // namespace
}  // namespace rfan::replay
