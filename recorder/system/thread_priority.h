// Who runs first when CPUs are scarce: the reader before everybody, the writer as the backlog demands.
#pragma once

namespace rfan::recorder {

// All for the calling thread, best effort: without CAP_SYS_NICE it stays an ordinary thread.

enum class ReaderPriority {
  // Above every ordinary thread: a reader that waits for its turn makes all openers wait (max reply during a
  // compile 0.16 ms, against 0.7 to 2.9 ms without).
  kRealTime,
  // Before most ordinary threads, in turns of 0.1 ms. Where many open at once, a real-time reader takes the
  // CPU from one opener to answer another, and is woken for each (386 ms of CPU time for 30,000 opens
  // by 16 threads, against 175).
  kStorm,
};
void set_reader_priority(ReaderPriority priority);

// A CPU of its choice, or the last one it may run on (-1): there are few interrupts there.
void pin_to_cpu(int cpu);

// The thread that marks a filesystem which was just mounted: whoever mounted it goes on meanwhile. `urgent`:
// above every ordinary thread.
void set_marker_priority(bool urgent);

enum class WriterPriority {
  // In turns of 0.1 ms with ordinary threads, not 3 ms, so that an opener whose CPU the writer has waits no
  // longer than that (p99 of an open on a busy machine: 64 us instead of 533 us). Needs Linux 6.12.
  kOrdinary,
  // Nearly the whole of a CPU. Where more threads want to run than there are CPUs, an ordinary writer falls
  // behind until descriptors run out.
  kUrgent,
};
void set_writer_priority(WriterPriority priority);

}  // namespace rfan::recorder
