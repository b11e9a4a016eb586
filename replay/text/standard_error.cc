#include "replay/text/standard_error.h"

#include <unistd.h>

#include "replay/text/output.h"

namespace rfan::replay {

void write_to_standard_error(std::string_view text) {
  Output(STDERR_FILENO).write(text);
}

}  // namespace rfan::replay
