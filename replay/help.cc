// The text of --help. A test holds it against the man page and the options that are parsed.
#include "replay/options.h"

namespace rfan::replay {

std::string_view help_text() {
  return R"(Usage: rfanreplay [cat] TRACE [FILTERS] [OUTPUT]
       rfanreplay info TRACE [OUTPUT]

Answers questions about a trace that rfanrec recorded. TRACE is a .fbz file, or - for standard input.

Verbs:
  cat                  print the events, one per line (the default)
  info                 print what was recorded, where, how completely and at what cost
  A trace that is really named like a verb is written ./cat or ./info.

Filters (cat):
  --exe GLOB           executable; without a slash also the name the process was started under
  --comm GLOB          the process's comm (the kernel keeps 15 bytes of it)
  --pid PID            process id
  --path GLOB          the object, or the target of a rename
  --kind KIND[,KIND]   open exec access modify close_write close_nowrite create delete rename attrib
  --since TIME         at that time or later
  --until TIME         before that time

  Each may be repeated: an event must match one value of every filter given. A value that starts with '!' negates:
  the event must match none of these. An unknown process or path matches no value.

  GLOB: * and ? match anything but '/', ** matches that too, [a-z] and [!a-z] one byte of a set, \ the next byte
  itself. Without a slash it is held against the base name, with a slash against the whole path; one that ends in
  a slash means everything below that directory. Recorded paths are absolute: write '**/src/*.h', not 'src/*.h'.
  '--exe vim' thus finds /usr/bin/vim.basic started as vim, and '--exe build.sh' a script that bash runs;
  '--exe /usr/bin/vim' looks at the executable alone.

  TIME: +5s +250ms +1m30s        since the start of the trace: its first clock sample or event, whichever is earlier
        HH:MM[:SS[.frac]]        on the day on which the trace began
        YYYY-MM-DD[ HH:MM[:SS[.frac]]]     ('T' may stand for the space)
        @SECONDS[.frac]          since the epoch
        Local time unless --utc is given.

Output:
  --format FORMAT      text, or jsonl (cat) or json (info)
  --reltime            cat: show seconds since the start of the trace instead of dates
  --utc                show and read dates as UTC instead of local time
  -h, --help           this text
  --version            the version

Examples:
  rfanreplay trace.fbz --exe vim
  rfanreplay trace.fbz --exe cc1plus --path '*.h' --kind open
  rfanreplay trace.fbz --path /etc/ --path '!/etc/ssl/' --kind close_write
  rfanreplay trace.fbz --since +1m30s --until +2m --format jsonl | jq .path
  rfanreplay info trace.fbz

Exit status:
  0  everything asked for was printed
  1  an error: no such trace, not a trace, unreadable
  2  wrong usage
  3  printed, but something is missing from the trace: it is damaged or not finished, or the recorder lost events;
     notes on standard error say what
)";
}

}  // namespace rfan::replay
