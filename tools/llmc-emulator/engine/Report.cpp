//===- Report.cpp - What a failed check says ------------------------------===//

#include "Worker.h"

namespace llmc::emulator {

static std::string number(int64_t value) { return std::to_string(value); }

static std::string range(int64_t first, int bytes) {
  return number(first) + ".." + number(first + bytes - 1);
}

std::string LaunchState::blockName(unsigned index) const {
  return "(" + number(index % grid[0]) + ", " +
         number(index / grid[0] % grid[1]) + ", " +
         number(index / grid[0] / grid[1]) + ")";
}

void Worker::fail(const Thread &thread, const char *intrinsic, int line,
                  const std::string &what) {
  report = "kernel '" + launch->kernel + "', block " +
           launch->blockName(block) + ", thread " + number(thread.index) +
           ", line " + number(line) + ": " + intrinsic + ": " + what;
  failed = true;
  boost::context::detail::jump_fcontext(main, nullptr);
  __builtin_unreachable();
}

void Worker::failPlace(const char *intrinsic, int byte, int bytes, int line) {
  if (byte < 0 || byte > shared.declared - bytes)
    fail(*current, intrinsic, line,
         "bytes " + range(byte, bytes) + " are outside the " +
             number(shared.declared) +
             " bytes of shared memory that LLMC_SHARED declares");
  fail(*current, intrinsic, line,
       "byte " + number(byte) + " of shared memory is not aligned to " +
           number(bytes));
}

std::string describeShared(const SharedMemory &shared, int byte, int bytes,
                           int granule, SharedCell::Verdict verdict,
                           bool writes) {
  using Verdict = SharedCell::Verdict;
  Cell cell = shared.cells[size_t(granule)];
  int at = granule * granuleBytes;
  std::string what = number(at) + " of shared memory (of the bytes " +
                     range(byte, bytes) + ") ";
  std::string verb = writes ? "writes byte " : "reads byte ";
  std::string writer = number(SharedCell::writer(cell)) + " at line " +
                       number(shared.writeLine(granule));
  switch (verdict) {
  case Verdict::Fine:
    break;
  case Verdict::Uninitialized:
    what = "reads byte " + what + "that was never written";
    break;
  case Verdict::InFlight:
    what = verb + what + "while a cp_async of thread " + writer +
           " is in flight; no cp_async_wait covered it yet";
    break;
  case Verdict::AfterWrite:
    what = verb + what + "that thread " + writer +
           " writes, with no barrier between";
    break;
  case Verdict::AfterRead: {
    std::string reader = cell & SharedCell::many
                             ? "other threads"
                             : "thread " + number(SharedCell::reader(cell));
    what = "writes byte " + what + "that " + reader + " read at line " +
           number(shared.readLine(granule)) + ", with no barrier between";
    break;
  }
  }
  return what;
}

void Worker::failShared(const char *intrinsic, int line, int byte, int bytes,
                        int granule, SharedVerdict verdict, bool writes) {
  fail(*current, intrinsic, line,
       describeShared(shared, byte, bytes, granule, verdict, writes));
}

std::string describeGlobal(const LaunchState &launch, Cell cell, unsigned block,
                           const std::string &what, GlobalCell::Verdict verdict,
                           bool writes) {
  if (verdict == GlobalCell::Verdict::Uninitialized)
    return "reads " + what + "that was never written";
  std::string other;
  if (cell & GlobalCell::manyBlocks)
    other = "threads of several blocks read";
  else if (unsigned(GlobalCell::block(cell)) != block)
    other = "thread " + number(GlobalCell::thread(cell)) + " of block " +
            launch.blockName(unsigned(GlobalCell::block(cell))) +
            (cell & GlobalCell::dirty ? " writes" : " reads");
  else if (cell & GlobalCell::manyThreads)
    other = "other threads of the block read";
  else
    other = "thread " + number(GlobalCell::thread(cell)) + " of the block " +
            (cell & GlobalCell::write ? "writes" : "reads");
  return (writes ? "writes " : "reads ") + what + "that " + other +
         " in the same launch" +
         (other.find("block (") == std::string::npos &&
                  !(cell & GlobalCell::manyBlocks)
              ? ", with no barrier between"
              : "; nothing orders the blocks of a launch");
}

void Worker::failGlobal(const char *intrinsic, int line, const char *p,
                        int bytes, const Argument &argument, int granule,
                        GlobalCell::Verdict verdict, bool writes) {
  const Allocation &allocation = *argument.allocation;
  int64_t index = (p - allocation.base) / granuleBytes + granule;
  Cell cell = allocation.cells[index];
  int64_t byte = index * granuleBytes + (allocation.base - argument.begin);
  std::string what =
      "element " + number(byte / argument.elementBytes) + " of argument '" +
      argument.name + "' (of the " + number(bytes) + " bytes at element " +
      number((p - argument.begin) / argument.elementBytes) + ") ";
  fail(*current, intrinsic, line,
       describeGlobal(*launch, cell, block, what, verdict, writes));
}

void Worker::failArgument(const char *intrinsic, int line, const void *tagged,
                          int bytes) {
  size_t index = TaggedPointer::argument(tagged);
  if (index >= arguments.size())
    fail(*current, intrinsic, line,
         "the address does not come from an argument of the kernel");
  const Argument &argument = arguments[index];
  if (!argument.name)
    fail(*current, intrinsic, line,
         "argument " + number(int64_t(index)) + " has no LLMC_ARGUMENT");
  const char *p = TaggedPointer::address(tagged);
  int64_t size = argument.elementBytes, offset = p - argument.begin;
  // Rounded towards minus infinity: element -1 lies just before the argument.
  int64_t element = (offset >= 0 ? offset : offset - size + 1) / size;
  if (p >= argument.begin && p + bytes <= argument.end)
    fail(*current, intrinsic, line,
         "writes element " + number(element) + " of argument '" +
             argument.name + "', which is const");
  fail(*current, intrinsic, line,
       number(bytes) + " bytes at element " + number(element) +
           " of argument '" + argument.name + "', which has " +
           number((argument.end - argument.begin) / size) + " elements");
}

void Worker::failStuck() {
  // Somebody waits, and whoever should come has ended or waits elsewhere. Name
  // one that waits, preferably at a barrier, and one that does not come.
  const Thread *waiting = nullptr;
  for (const Thread &thread : threads)
    if (thread.meeting != Meeting::End &&
        (!waiting || (thread.meeting == Meeting::Barrier &&
                      waiting->meeting != Meeting::Barrier)))
      waiting = &thread;
  int begin = 0, end = launch->threads;
  std::string scope = "the block";
  if (waiting->meeting != Meeting::Barrier) {
    begin = waiting->index / 32 * 32;
    end = begin + 32;
    scope = "the warp";
  }
  const Thread *absent = nullptr;
  int coming = 0;
  for (int i = begin; i < end; ++i) {
    const Thread &thread = threads[i];
    if (thread.meeting == waiting->meeting)
      ++coming;
    else if (!absent)
      absent = &thread;
  }
  std::string what = number(coming) + " of " + number(end - begin) +
                     " threads of " + scope + " wait";
  if (absent && absent->meeting == Meeting::End)
    what += "; thread " + number(absent->index) + " has ended";
  else if (absent)
    what += "; thread " + number(absent->index) + " waits at " +
            meetingName(absent->meeting) + " at line " + number(absent->line);
  fail(*waiting, meetingName(waiting->meeting), waiting->line, what);
}

} // namespace llmc::emulator
