// Scheduling of our threads when CPUs are scarce: the reader first, the writer according to its backlog.
#pragma once

namespace rfan::recorder {

// Every function acts on the calling thread. Without CAP_SYS_NICE the thread stays an ordinary one.

enum class ReaderPriority {
  // Above every ordinary thread. All openers wait while the reader waits for a CPU (max reply during a
  // compile: 0.16 ms, against 0.7 to 2.9 ms without this priority).
  kRealTime,
  // Above most ordinary threads, in turns of 0.1 ms. When many programs open files at once, a real-time
  // reader takes the CPU from one opener to answer another and wakes up for each (386 ms of CPU time for
  // 30,000 opens by 16 threads, against 175 ms with this priority).
  kStorm,
};
void set_reader_priority(ReaderPriority priority);

// Pins the thread to `cpu`, or for -1 to the last CPU it may run on, because that one has few interrupts.
void pin_to_cpu(int cpu);

// For the thread that marks a newly mounted filesystem, while its mounter already runs on. `urgent`: above
// every ordinary thread.
void set_marker_priority(bool urgent);

enum class WriterPriority {
  // Takes turns of 0.1 ms with ordinary threads instead of 3 ms. An opener whose CPU the writer occupies
  // waits no longer than that (p99 of an open on a busy machine: 64 us instead of 533 us). Needs Linux 6.12.
  kOrdinary,
  // Gets nearly a whole CPU. When more threads want to run than there are CPUs, an ordinary writer falls
  // behind until descriptors run out.
  kUrgent,
};
void set_writer_priority(WriterPriority priority);

}  // namespace rfan::recorder
