// Makes entries that a user without privileges can put into a directory that everybody may write to.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace rfan::tests {

// The uid and gid of the planting user. Acting as this user needs root.
inline constexpr unsigned kStranger = 65534;

inline void make_sticky(const std::string& directory) {
  ::chmod(directory.c_str(), 01777);
}

inline void give_to_stranger(const std::string& path) {
  ::lchown(path.c_str(), kStranger, kStranger);
}

inline std::string plant_file(const std::string& path, const std::string& content = "planted") {
  std::ofstream(path, std::ios::binary) << content;
  give_to_stranger(path);
  return path;
}

inline std::string plant_fifo(const std::string& path) {
  ::mkfifo(path.c_str(), 0666);
  ::chmod(path.c_str(), 0666);
  give_to_stranger(path);
  return path;
}

inline std::string plant_directory(const std::string& path) {
  std::filesystem::create_directory(path);
  give_to_stranger(path);
  return path;
}

inline std::string plant_link(const std::string& path, const std::string& target) {
  std::filesystem::create_symlink(target, path);
  give_to_stranger(path);
  return path;
}

// The file keeps its owner.
inline std::string plant_hard_link(const std::string& path, const std::string& file) {
  std::filesystem::create_hard_link(file, path);
  return path;
}

inline bool is_there(const std::string& path) {
  return std::filesystem::exists(std::filesystem::symlink_status(path));
}

}  // namespace rfan::tests
