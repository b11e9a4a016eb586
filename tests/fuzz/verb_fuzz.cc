// The input is a choice of verb and options (kChoiceBytes) and a trace with right checksums: the mutator
// changes the contents of frames, their types and their order, and seals them again. Every verb runs as a
// user would run it.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <random>
#include <sstream>

#include "replay/program.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/support/resealed_trace.h"
#include "tests/support/scratch_directory.h"

// Mutates bytes; defined by libFuzzer or by replay_corpus.cc.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace rfan::fuzz {
namespace {

using tests::Bytes;
using tests::LooseFrame;
using tests::LooseTrace;

constexpr std::size_t kChoiceBytes = 16;  // the verb, and a bit for each option

struct VerbChoice {
  const char* words;
  std::vector<const char*> options;  // any of them may be chosen
};

const std::vector<const char*>& filters() {
  static const std::vector<const char*> kFilters = {
      "--since 10%",       "--until 90%",      "--exe cc1*",       "--comm !vim",
      "--path /usr/",      "--kind open,exec", "--tree 100",       "--user 1000",
      "--cgroup /**",      "--verdict deny",   "--wrote *",        "--slowest 8ns",
      "--min-latency 1us", "--where pid>=7",   "--where time<+1s", "--where latency>1ms",
  };
  return kFilters;
}

// Each verb with its options. {T} is the trace, {O} a name for a new one.
const std::vector<VerbChoice>& verbs() {
  static const std::vector<VerbChoice> kVerbs = {
      {"cat {T}", {"--format jsonl", "--sort latency", "--top 3", "-H", "--reltime", "--utc", "--threads 2"}},
      {"cat {T} --format csv", {"-F time,kind,pid,exe,path,path2,latency", "--reltime", "--threads 2"}},
      {"report {T}", {"--by path", "--sort last", "--top 0", "--format jsonl", "--threads 2"}},
      {"report {T} --by exe,comm,cgroup",
       {"-F events,opens,reopens,short,files", "--short 1s", "--format csv"}},
      {"report {T} --by dir,ext,process,kind,user", {"-F wait,p50,p99,max,first,rate", "--depth 2", "-H"}},
      {"files {T}", {"-0", "-l", "--existing", "--dirs", "--churn", "--format jsonl"}},
      {"tree {T}", {"--depth 2", "--args", "--format jsonl", "--threads 2"}},
      {"hist {T}", {"--rows 3", "--format csv", "--threads 2"}},
      {"diff {T} {T}", {"--by dir", "--all", "--format jsonl", "--fail-on count:+10%", "--no-fold"}},
      {"diff {T} {T} --sets", {"--format csv"}},
      {"diff {T} {T} --sequence", {"--format jsonl"}},
      {"info {T}", {"--format json", "--utc"}},
      {"verify {T}", {"--format json"}},
      {"recover {T} -o {O}", {}},
      {"slice {T} -o {O}", {"--level 1", "--redact", "--redact-keep /usr/", "--threads 2"}},
  };
  return kVerbs;
}

bool takes_filters(const VerbChoice& verb) {
  const std::string_view words = verb.words;
  return !words.starts_with("info") && !words.starts_with("verify") && !words.starts_with("recover");
}

class Choice {
 public:
  explicit Choice(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  std::vector<std::string> arguments(const std::string& trace, const std::string& made) {
    const auto& verb = verbs()[bytes_[0] % verbs().size()];
    std::string line = verb.words;
    for (const auto* option : verb.options) add_if_chosen(option, line);
    bit_ = 8 * 8;
    for (const auto* filter : filters()) {
      if (takes_filters(verb)) add_if_chosen(filter, line);
    }
    std::vector<std::string> words;
    std::istringstream stream(line);
    for (std::string word; stream >> word;)
      words.push_back(word == "{T}" ? trace : word == "{O}" ? made : word);
    return words;
  }

 private:
  void add_if_chosen(const char* words, std::string& line) {
    ++bit_;
    if ((bytes_[bit_ / 8 % kChoiceBytes] >> (bit_ % 8) & 1U) != 0) (line += ' ') += words;
  }

  std::span<const std::uint8_t> bytes_;
  std::size_t bit_ = 7;
};

class Runner {
 public:
  void run(std::span<const std::uint8_t> input) {
    if (input.size() < kChoiceBytes) return;
    const auto trace = input.subspan(kChoiceBytes);
    std::ofstream(trace_, std::ios::binary | std::ios::trunc)
        .write(reinterpret_cast<const char*>(trace.data()), static_cast<std::streamsize>(trace.size()));
    ::unlink(made_.c_str());
    replay::run_program(Choice(input).arguments(trace_, made_), {null_, [](std::string_view) {}});
  }

 private:
  tests::ScratchDirectory scratch_;
  std::string trace_ = scratch_.file("t.fbz");
  std::string made_ = scratch_.file("made.fbz");
  int null_ = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
};

// ---- the mutator

void mutate_bytes(Bytes& bytes) {
  constexpr std::size_t kMoreBytes = 64;
  const auto size = bytes.size();
  bytes.resize(size + kMoreBytes);
  bytes.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(bytes.data()), size, bytes.size()));
}

// Sets an aligned number to a value at which a limit could be.
void set_number(Bytes& bytes, std::minstd_rand& random) {
  constexpr std::array<std::uint32_t, 9> kNumbers = {0,       1,        0x7F,      0x80,      0xFFFF,
                                                     0x10000, 0xFFFFF0, 0x1000000, 0xFFFFFFFF};
  if (bytes.size() < sizeof(std::uint32_t)) return;
  const auto at = random() % (bytes.size() / sizeof(std::uint32_t)) * sizeof(std::uint32_t);
  format::store_le(bytes.data() + at, kNumbers[random() % kNumbers.size()]);
}

void mutate_body(LooseFrame& frame) {
  auto bytes = tests::inflated(frame.body);
  if (bytes.empty()) return mutate_bytes(frame.body);  // a block with a frame for each column, or nothing
  mutate_bytes(bytes);
  frame.body = tests::deflated(bytes);
}

void mutate_frames(LooseTrace& trace, std::minstd_rand& random) {
  auto& frames = trace.frames;
  const auto chosen = random() % frames.size();
  auto& frame = frames[chosen];
  switch (random() % 10) {
    case 0:
      return void(frames.erase(frames.begin() + static_cast<std::ptrdiff_t>(chosen)));
    case 1:
      return frames.push_back(LooseFrame(frame));
    case 2:
      return std::swap(frame, frames[random() % frames.size()]);
    case 3:
      frame.type = static_cast<format::FrameType>(random() % 11);
      return;
    case 4:
    case 5:
      return mutate_bytes(frame.meta);
    case 6:
      return set_number(frame.meta, random);
    default:
      return mutate_body(frame);
  }
}

std::size_t mutate(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  std::minstd_rand random(seed);
  if (size <= kChoiceBytes) return LLVMFuzzerMutate(data, size, max_size);
  const std::span bytes(data, size);
  if (random() % 4 == 0) return LLVMFuzzerMutate(data, kChoiceBytes, kChoiceBytes), size;
  auto trace = LooseTrace::of(std::as_bytes(bytes.subspan(kChoiceBytes)));
  if (trace.frames.empty()) return LLVMFuzzerMutate(data, size, max_size);
  for (auto changes = 1 + random() % 3; changes > 0 && !trace.frames.empty(); --changes)
    mutate_frames(trace, random);
  const auto sealed = random() % 4 == 0 ? trace.sealed() : trace.sealed_with_directory();
  if (kChoiceBytes + sealed.size() > max_size) return size;
  std::copy_n(reinterpret_cast<const std::uint8_t*>(sealed.data()), sealed.size(), data + kChoiceBytes);
  return kChoiceBytes + sealed.size();
}

}  // namespace
}  // namespace rfan::fuzz

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  return rfan::fuzz::mutate(data, size, max_size, seed);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static rfan::fuzz::Runner runner;
  runner.run({data, size});
  return 0;
}
