#include "recorder/system/deleted_suffix.h"

#include <string>

namespace rfan::recorder {

bool names_deleted(std::string_view path, const struct stat* object) {
  if (!path.ends_with(kDeletedSuffix)) return false;
  struct stat named {};
  if (::lstat(std::string(path).c_str(), &named) != 0) return true;
  return object != nullptr && (object->st_dev != named.st_dev || object->st_ino != named.st_ino);
}

}  // namespace rfan::recorder
