// Finds files that were created and deleted again, under whatever names.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "replay/trace/timeline.h"

namespace rfan::replay {

// Follows files from creation to deletion, through renames of themselves and of directories above them.
// Events must come in the order of the trace. One thread.
//
// Keeps names as a tree, so that the rename of a directory moves one node, however many names lie below it.
// The time of each call is proportional to the components of its path. Memory: one node for each component of
// a living file.
class FileLives {
 public:
  struct Life {
    std::string name;  // the name at creation
    Moment created_at;
  };

  // Starts a life at `path`. A file that had this name before vanished without a trace.
  void create(std::string_view path, const Moment& now);
  // Moves everything known about `from` and below to `to`. A file that had the name `to` is replaced, which
  // does not count as a deletion.
  void rename(std::string_view from, std::string_view to);
  // Forgets `path` and everything below. Returns the life that ended, or null if its beginning was not seen.
  std::unique_ptr<Life> remove(std::string_view path);

 private:
  struct Node {
    Node() = default;
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;
    // Works without recursion, since renames in a hostile trace may nest directories without end.
    ~Node();

    std::map<std::string, std::unique_ptr<Node>, std::less<>> children;
    std::unique_ptr<Life> life;
  };

  std::unique_ptr<Node> detach(std::string_view path);
  std::unique_ptr<Node>& place_of(std::string_view path);

  std::unique_ptr<Node> root_ = std::make_unique<Node>();
};

}  // namespace rfan::replay
