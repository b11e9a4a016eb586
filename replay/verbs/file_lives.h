// Which files were created and deleted again, under whatever names.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "replay/trace/timeline.h"

namespace rfan::replay {

// Follows files from their creation to their deletion, through renames of themselves and of directories above
// them. Takes the events in the order of the trace. One thread.
//
// Names form a tree, so that the rename of a directory moves one node, however much lies below: the time of
// each event is that of its path's components. Memory: one node for each component of a file that lives.
class FileLives {
 public:
  struct Life {
    std::string name;  // that it was created under
    Moment created_at;
  };

  // A file that had the name before is gone unseen.
  void create(std::string_view path, const Moment& now);
  // Moves what is known of `from` and below to `to`. A file that had that name is replaced: nothing was
  // deleted.
  void rename(std::string_view from, std::string_view to);
  // Forgets `path` and what is below. Returns the life that ended, null if its beginning was not seen.
  std::unique_ptr<Life> remove(std::string_view path);

 private:
  struct Node {
    Node() = default;
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;
    // Without recursion: renames of a hostile trace may nest directories without end.
    ~Node();

    std::map<std::string, std::unique_ptr<Node>, std::less<>> children;
    std::unique_ptr<Life> life;
  };

  std::unique_ptr<Node> detach(std::string_view path);
  std::unique_ptr<Node>& place_of(std::string_view path);

  std::unique_ptr<Node> root_ = std::make_unique<Node>();
};

}  // namespace rfan::replay
