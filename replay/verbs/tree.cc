// `rfanreplay tree` shows which process started which, and what each did.
#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "format/base/escape.h"
#include "format/base/number_text.h"
#include "format/base/pattern.h"
#include "replay/events/field_printer.h"
#include "replay/text/json_writer.h"
#include "replay/text/table.h"
#include "replay/trace/process_view.h"
#include "replay/verbs/verbs.h"

namespace rfan::replay {
namespace {

using format::EventKind;

// The counts of one process.
struct Deeds {
  std::uint64_t events = 0;
  std::uint64_t opens = 0;
  std::uint64_t written = 0;  // closed after writing
  std::uint64_t made = 0;     // created or renamed
  std::uint64_t deleted = 0;
  std::uint64_t wait_ns = 0;

  void merge(const Deeds& other) {
    events += other.events;
    opens += other.opens;
    written += other.written;
    made += other.made;
    deleted += other.deleted;
    wait_ns += other.wait_ns;
  }
};

constexpr std::size_t kNobody = static_cast<std::size_t>(-1);

// A program that a process ran. Images of later files, and larger ids within a file, are later.
struct Image {
  std::size_t file = 0;
  format::ProcessId id = 0;
  std::string name;
};

// A process with all its program images, over all files.
struct TreeNode {
  std::uint32_t pid = 0;
  std::uint32_t ppid = 0;  // of the last image, like exe and cmdline
  std::uint64_t start_time_ns = 0;
  std::size_t latest_file = 0;  // of the last image
  format::ProcessId latest_id = 0;
  std::vector<Image> images;  // nodes() sorts them by exec
  std::string exe;
  std::string cmdline;
  Deeds own;
  std::size_t parent = kNobody;
  std::vector<std::size_t> children;  // by start time
};

class TreeQuery : public Query {
 public:
  format::ColumnSet columns() const override {
    return format::kColumnProcess | format::kColumnKind | format::kColumnReply | format::kColumnFlags;
  }
  void begin(const ScanFile&) override {
    seen_.clear();
    ++files_begun_;
  }
  std::unique_ptr<Sink> make_sink(const ScanFile& file) override { return std::make_unique<Counts>(file); }
  void combine(const ScanFile& file, Sink& sink) override;

  // Returns the processes with links to parents and children. `unknown` gets the counts of unknown processes.
  std::vector<TreeNode> nodes(Deeds& unknown);

 private:
  struct Counts : Sink {
    explicit Counts(const ScanFile& scanned) : file(scanned) {}
    void add(const Batch& batch) override;
    const ScanFile& file;
    std::vector<Deeds> by_process;  // by ProcessId
  };
  std::size_t node_of(const ScanFile& file, format::ProcessId id);
  std::size_t add_image(const ScanFile& file, format::ProcessId id, std::size_t parent);
  void break_circles();

  std::vector<TreeNode> nodes_;
  absl::flat_hash_map<std::pair<std::uint32_t, std::uint64_t>, std::size_t> by_identity_;  // pid, start time
  absl::flat_hash_map<format::ProcessId, std::size_t> seen_;  // images of this file
  std::size_t files_begun_ = 0;
  Deeds unknown_;
};

void TreeQuery::Counts::add(const Batch& batch) {
  const auto& events = batch.events;
  by_process.resize(std::size_t{file.dictionary.process_count()} + 1);
  batch.for_each_row([&](std::uint32_t row) {
    auto& deeds = by_process[events.process[row]];
    const auto kind = events.kind[row];
    ++deeds.events;
    deeds.opens += kind == EventKind::kOpen;
    deeds.written += kind == EventKind::kCloseWrite;
    deeds.made += kind == EventKind::kCreate || kind == EventKind::kRename;
    deeds.deleted += kind == EventKind::kDelete;
    deeds.wait_ns += events.reply_ns[row];
  });
}

// Returns the node of an image; makes it and those of its ancestors as needed. Images come in the order of
// their ids within a sink only, and each thread has a sink. Works without recursion, like everything here
// that follows parents: a process that forks and exits again and again makes a chain of any length.
std::size_t TreeQuery::node_of(const ScanFile& file, format::ProcessId id) {
  std::vector<format::ProcessId> unseen;
  auto parent = kNobody;
  for (auto image = id; image != 0;) {
    if (const auto known = seen_.find(image); known != seen_.end()) {
      parent = known->second;
      break;
    }
    unseen.push_back(image);
    const auto next = file.dictionary.process(image).parent;
    image = next < image ? next : 0;
  }
  for (; !unseen.empty(); unseen.pop_back()) parent = add_image(file, unseen.back(), parent);
  return parent;
}

std::size_t TreeQuery::add_image(const ScanFile& file, format::ProcessId id, std::size_t parent) {
  const auto& process = file.dictionary.process(id);
  const auto [entry, added] = by_identity_.try_emplace({process.pid, process.start_time_ns}, nodes_.size());
  const auto at = entry->second;
  if (added) {
    nodes_.emplace_back();
    nodes_[at].pid = process.pid;
    nodes_[at].start_time_ns = process.start_time_ns;
  }
  auto& node = nodes_[at];
  if (parent != kNobody && parent != at && node.parent == kNobody) node.parent = parent;
  const ProcessView view{file.dictionary, id};
  std::string name(view.name());
  if (name.empty()) name = "?";
  const bool latest =
      node.images.empty() || std::tie(node.latest_file, node.latest_id) < std::tie(files_begun_, id);
  if (latest) {
    node.latest_file = files_begun_;
    node.latest_id = id;
    node.ppid = process.ppid;
    node.exe = view.exe();
    node.cmdline = process.cmdline;
  }
  node.images.push_back({files_begun_, id, std::move(name)});
  seen_[id] = at;
  return at;
}

// Breaks circles of parents, which a damaged file could make: one process of each circle loses its parent.
void TreeQuery::break_circles() {
  constexpr std::size_t kNever = 0;
  std::vector<std::size_t> walk_of(nodes_.size(),
                                   kNever);  // the number of the first walk that passed the node
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto walk = i + 1;
    for (auto at = i; walk_of[at] == kNever;) {
      walk_of[at] = walk;
      auto& parent = nodes_[at].parent;
      if (parent == kNobody) break;
      if (walk_of[parent] == walk) {
        parent = kNobody;
        break;
      }
      at = parent;
    }
  }
}

void TreeQuery::combine(const ScanFile& file, Sink& sink) {
  const auto& counts = static_cast<Counts&>(sink).by_process;
  if (!counts.empty()) unknown_.merge(counts[0]);
  for (std::size_t id = 1; id < counts.size(); ++id) {
    if (counts[id].events != 0)
      nodes_[node_of(file, static_cast<format::ProcessId>(id))].own.merge(counts[id]);
  }
}

std::vector<TreeNode> TreeQuery::nodes(Deeds& unknown) {
  unknown = unknown_;
  break_circles();
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].parent != kNobody) nodes_[nodes_[i].parent].children.push_back(i);
  }
  for (auto& node : nodes_) {
    std::sort(node.images.begin(), node.images.end(),
              [](const Image& a, const Image& b) { return std::tie(a.file, a.id) < std::tie(b.file, b.id); });
    const auto same_name = [](const Image& a, const Image& b) { return a.name == b.name; };
    node.images.erase(std::unique(node.images.begin(), node.images.end(), same_name), node.images.end());
    std::sort(node.children.begin(), node.children.end(), [&](std::size_t a, std::size_t b) {
      return std::tie(nodes_[a].start_time_ns, nodes_[a].pid) <
             std::tie(nodes_[b].start_time_ns, nodes_[b].pid);
    });
  }
  return std::move(nodes_);
}

std::string name_of(const TreeNode& node) {
  std::string text;
  for (const auto& image : node.images) text += (text.empty() ? "" : " > ") + escaped(image.name);
  return text + fmt::format("[{}]", node.pid);
}

class Tree : public Verb {
 public:
  OptionGroup options() override {
    return {"Options",
            {{"--depth", "N", "so many levels; what is below is added to the process above", &depth_},
             {"--args", "", "show the command lines", &arguments_}}};
  }

  Result<Coverage> run(const Session& session) override {
    TreeQuery query;
    auto coverage = scan_traces(session, query);
    if (!coverage) return coverage;
    nodes_ = query.nodes(unknown_);
    if (session.options.format == OutputFormat::kText) {
      print_text(session);
    } else {
      print_rows(session);
    }
    return coverage;
  }

 private:
  // A printed line, from the top down.
  struct Line {
    std::size_t node;
    std::size_t depth;
    std::string branch;  // its place in the drawing
    Deeds deeds;
  };
  // Deeper processes are drawn below each other with their depth as a number, since a drawing needs space for
  // each level and nobody follows so many lines.
  static constexpr std::size_t kDrawnLevels = 40;

  bool cut_below(std::size_t depth) const { return depth_ && depth + 1 >= *depth_; }

  Deeds with_descendants(std::size_t at) const {
    Deeds sum = nodes_[at].own;
    std::vector<std::size_t> left = nodes_[at].children;
    while (!left.empty()) {
      const auto& node = nodes_[left.back()];
      left.pop_back();
      sum.merge(node.own);
      left.insert(left.end(), node.children.begin(), node.children.end());
    }
    return sum;
  }

  // Works without recursion, since a chain of processes may be long.
  std::vector<Line> lines(OutputFormat format) const {
    struct Pending {
      std::size_t node;
      std::size_t depth;
      std::string before;  // drawn before the branches of its children
      std::string branch;
    };
    const bool drawn = format == OutputFormat::kText;
    std::vector<std::size_t> roots;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].parent == kNobody) roots.push_back(i);
    }
    std::sort(roots.begin(), roots.end(), [&](std::size_t a, std::size_t b) {
      return std::tie(nodes_[a].start_time_ns, nodes_[a].pid) >
             std::tie(nodes_[b].start_time_ns, nodes_[b].pid);
    });
    std::vector<Pending> pending;
    for (const auto root : roots) pending.push_back({root, 0, "", ""});
    std::vector<Line> lines;
    while (!pending.empty()) {
      const auto next = std::move(pending.back());
      pending.pop_back();
      const auto& node = nodes_[next.node];
      const bool cut = cut_below(next.depth);
      lines.push_back({next.node, next.depth, next.branch, cut ? with_descendants(next.node) : node.own});
      if (cut) continue;
      const auto depth = next.depth + 1;
      for (std::size_t i = node.children.size(); i-- > 0;) {
        const bool last = i + 1 == node.children.size();
        pending.push_back({node.children[i], depth, {}, {}});
        if (!drawn) continue;
        auto& child = pending.back();
        const bool deep = depth > kDrawnLevels;
        child.before = deep ? next.before : next.before + (last ? "   " : "│  ");
        child.branch = next.before + (deep ? fmt::format("({} deep) ", depth) : last ? "└─ " : "├─ ");
      }
    }
    return lines;
  }

  void print_text(const Session& session) const {
    Table table({{"events", Align::kRight},
                 {"opens", Align::kRight},
                 {"written", Align::kRight},
                 {"made", Align::kRight},
                 {"deleted", Align::kRight},
                 {"waited", Align::kRight},
                 {"process"}},
                session.colour);
    const auto count = [](std::uint64_t value) {
      return value == 0 ? std::string("-") : format::count_text(value);
    };
    const auto row = [&](const Deeds& deeds, std::string name) {
      table.add({count(deeds.events), count(deeds.opens), count(deeds.written), count(deeds.made),
                 count(deeds.deleted), deeds.wait_ns == 0 ? "-" : format::latency_text(deeds.wait_ns),
                 std::move(name)});
    };
    for (const auto& line : lines(session.options.format)) {
      const auto& node = nodes_[line.node];
      auto name = line.branch + name_of(node);
      if (arguments_) name += "  " + escaped(joined_arguments(node.cmdline));
      row(line.deeds, std::move(name));
    }
    if (unknown_.events != 0) row(unknown_, "?");
    table.print(session.out.text());
  }

  void print_rows(const Session& session) const {
    const bool csv = session.options.format == OutputFormat::kCsv;
    if (csv) session.out.append("pid,ppid,depth,exe,events,opens,written,made,deleted,wait_ns\n");
    JsonWriter json(session.out.text());
    for (const auto& line : lines(session.options.format)) {
      const auto& node = nodes_[line.node];
      const auto& deeds = line.deeds;
      if (csv) {
        session.out.append(fmt::format("{},{},{},{},{},{},{},{},{},{}\n", node.pid, node.ppid, line.depth,
                                       csv_quoted(node.exe), deeds.events, deeds.opens, deeds.written,
                                       deeds.made, deeds.deleted, deeds.wait_ns));
      } else {
        print_json(node, line, json);
      }
    }
  }

  static void print_json(const TreeNode& node, const Line& line, JsonWriter& json) {
    json.begin_object();
    json.member("pid", node.pid);
    json.member("ppid", node.ppid);
    json.member("depth", line.depth);
    if (!node.exe.empty()) json.member_bytes("exe", node.exe);
    std::vector<std::string_view> images;
    for (const auto& image : node.images) images.push_back(image.name);
    json.member_bytes("images", images);
    if (!node.cmdline.empty()) json.member_bytes("command", joined_arguments(node.cmdline));
    json.member("events", line.deeds.events);
    json.member("opens", line.deeds.opens);
    json.member("written", line.deeds.written);
    json.member("made", line.deeds.made);
    json.member("deleted", line.deeds.deleted);
    json.member("wait_ns", line.deeds.wait_ns);
    json.end_object();
    json.end_line();
  }

  std::optional<std::uint64_t> depth_;
  bool arguments_ = false;
  std::vector<TreeNode> nodes_;
  Deeds unknown_;
};

}  // namespace

constexpr VerbEntry kTreeVerb{.name = "tree",
                              .summary = "the processes, who started whom, with what each did",
                              .synopsis = "TRACE... [FILTERS] [OUTPUT]",
                              .about = R"(Prints the processes that have events, and their parents, as a tree.

  rfanreplay tree trace.fbz
  rfanreplay tree trace.fbz --tree 4711 --depth 3
)",
                              .groups = kTakesAll & ~kTakesSource,
                              .make = make_verb<Tree>};

}  // namespace rfan::replay
