//===- Worker.h - A host thread that runs blocks ----------------*- C++ -*-===//
//
// One fiber a thread of the block. A fiber runs until it has to wait for
// others: at a barrier, or at an intrinsic that a warp executes together. Then
// it switches straight to the next one that can run: another lane of its warp,
// else another warp, each drawn at random. When none can run and the block is
// not through, its threads have parted ways, which is an error.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_EMULATOR_ENGINE_WORKER_H
#define LLMC_EMULATOR_ENGINE_WORKER_H

#include "BlockRunner.h"
#include "SharedMemory.h"
#include "Turns.h"

#include <boost/context/detail/fcontext.hpp>

#include <string>
#include <vector>

namespace llmc::emulator {

/// Where a thread waits for others, or what it did last.
enum class Meeting : uint8_t {
  None,
  Barrier,
  Ldmatrix,
  Mma,
  MmaTf32,
  Shuffle,
  End
};
const char *meetingName(Meeting meeting);

struct Thread {
  boost::context::detail::fcontext_t context = nullptr;
  int index = 0;
  Meeting meeting = Meeting::None;
  int line = 0;
  // Operands of the meeting.
  float *c = nullptr;
  const unsigned *a = nullptr, *b = nullptr;
  unsigned *r = nullptr;
  int byte = 0; // of ldmatrix; also whether it transposes, or the mask
  int mode = 0;
  unsigned value = 0;
  AsyncCopies copies;
  std::vector<LogEntry> log;
};

struct Warp {
  uint32_t ready = 0; // lanes that can run
  int arrived = 0;    // lanes at the meeting
  Meeting meeting = Meeting::None;
  int line = 0;
  int first = 0; // the thread that came there first
};

/// A pointer to global memory as kernels see it: the number of the argument,
/// from 1, above the address.
struct TaggedPointer {
  static constexpr int shift = 48;
  static uint64_t make(uint64_t address, size_t argument) {
    return address | uint64_t(argument + 1) << shift;
  }
  /// Of an argument, or beyond all of them.
  static size_t argument(const void *p) {
    return size_t(reinterpret_cast<uintptr_t>(p) >> shift) - 1;
  }
  static char *address(const void *p) {
    constexpr uint64_t mask = (uint64_t(1) << shift) - 1;
    return reinterpret_cast<char *>(reinterpret_cast<uintptr_t>(p) & mask);
  }
};

/// An argument as LLMC_ARGUMENT declared it.
struct Argument {
  const char *name = nullptr; // not declared
  const char *begin = nullptr, *end = nullptr;
  const Allocation *allocation = nullptr;
  int elementBytes = 1;
  bool writable = false;
  bool mayRace = false; // it or another argument with bytes of it is writable
};

class Worker : public BlockRunner {
public:
  Worker();
  Worker(const Worker &) = delete;
  ~Worker() override;

  void begin(const LaunchState &launch) override;
  bool runBlock(unsigned block) override;

  /// What runs now, for a message about a crash; its length.
  int describe(char *text, size_t bytes) const;

  // The intrinsics, called by the thread that runs.
  int coordinate(int which) const;
  void declareShared(int bytes, int line);
  void declareArgument(const char *name, const void *base, int64_t elements,
                       int elementBytes, bool writable, int line);
  void barrier(int line);
  char *loadShared(int byte, int bytes, int line);
  char *storeShared(int byte, int bytes, int line);
  /// Both return the address without its tag.
  char *loadGlobal(const void *source, int bytes, int line, Access access);
  char *storeGlobal(void *target, int bytes, int line);
  void copyAsync(int byte, const void *source, int sourceBytes, int bytes,
                 int line);
  void copyAsyncCommit();
  void copyAsyncWait(int groups, int line);
  void ldmatrix(unsigned *r, int byte, bool transpose, int line);
  void mma(float *c, const unsigned *a, const unsigned *b, int line);
  void mmaTf32(float *c, const unsigned *a, const unsigned *b, int line);
  unsigned shuffleXor(unsigned value, int mask, int line);
  int nextTicket(unsigned *begun, int blocks, int line);
  void awaitTurn(const unsigned *turns, int places, int place, int turn,
                 int line);
  void endTurn(unsigned *turns, int places, int place, int turn, int last,
               int line);

private:
  using Transfer = boost::context::detail::transfer_t;
  using SharedVerdict = SharedCell::Verdict;

  static void enter(Transfer from);
  void callKernel();
  void prepareStacks(int count);
  /// The next thread that can run, or null.
  Thread *pick();
  void switchTo(Thread *next);
  /// Lets others run; comes back when this thread was made ready again.
  void suspend();
  void maybeSwitch();
  /// True for the thread that completes the warp's meeting, after which the
  /// others are ready; the rest come back when that has happened.
  template <typename Execute>
  void meet(Meeting meeting, int line, Execute execute);
  void executeMma(Thread *lanes);
  void executeMmaTf32(Thread *lanes);
  void executeLdmatrix(Thread *lanes);
  void checkMatrixRows(Thread *lanes, int matrix, int line);
  void executeShuffle(Thread *lanes);
  void mergeWarp(int warp);
  uint64_t random();

  /// Ends the block: the report is "at <where>: <what>".
  [[noreturn]] void fail(const Thread &thread, const char *intrinsic, int line,
                         const std::string &what);
  [[noreturn]] void failShared(const char *intrinsic, int line, int byte,
                               int bytes, int granule, SharedVerdict verdict,
                               bool writes);
  [[noreturn]] void failGlobal(const char *intrinsic, int line, const char *p,
                               int bytes, const Argument &argument, int granule,
                               GlobalCell::Verdict verdict, bool writes);
  [[noreturn]] void failArgument(const char *intrinsic, int line,
                                 const void *tagged, int bytes);
  [[noreturn]] void failStuck();
  void checkShared(const char *intrinsic, int byte, int bytes, int line) {
    if (__builtin_expect(byte < 0 || byte > shared.declared - bytes ||
                             (byte & (bytes - 1)),
                         0))
      failPlace(intrinsic, byte, bytes, line);
  }
  /// What a store or a copy does to the cells of its bytes, which are in
  /// `state` then.
  void writeShared(const char *intrinsic, int byte, int bytes, int line,
                   Cell state);
  void checkAligned(const Argument &argument, const char *p, int bytes,
                    int line, Access access);
  /// Does `step` to the cells of an access by this thread.
  template <typename Step>
  void stepGlobal(const Argument &argument, const char *p, int bytes, int line,
                  Access access, Step step);
  void checkWritten(const Argument &argument, const char *p, int bytes,
                    int line, Access access);
  [[noreturn]] void failPlace(const char *intrinsic, int byte, int bytes,
                              int line);
  const Argument &findArgument(const char *intrinsic, const void *tagged,
                               int bytes, bool writes, int line) {
    size_t number = TaggedPointer::argument(tagged);
    const char *p = TaggedPointer::address(tagged);
    if (__builtin_expect(number < arguments.size(), 1)) {
      const Argument &argument = arguments[number];
      if (__builtin_expect(p >= argument.begin && p + bytes <= argument.end &&
                               (argument.writable || !writes),
                           1))
        return argument;
    }
    failArgument(intrinsic, line, tagged, bytes);
  }
  void checkPlace(const char *intrinsic, int places, int place, int line);

  void note(Access access, uint64_t address, int bytes, int line) {
    if (countersOn)
      current->log.push_back({address, makeSite(access, bytes, line)});
  }

  const LaunchState *launch = nullptr;
  bool countersOn = false, switchAtAccesses = false;
  bool sharedRaces = true, globalRaces = true, uninitialized = true;
  bool matrixRows = true;
  Thread *current = nullptr;
  boost::context::detail::fcontext_t main = nullptr;
  Thread *left = nullptr; // whose context a switch has to save
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  int liveThreads = 0, atBarrier = 0, barrierLine = 0, barrierFirst = 0;
  int currentWarp = 0;
  unsigned block = 0, epoch = 1;
  Cell identity = 0; // launch, block and epoch of global cells
  uint64_t generator = 1;
  bool failed = false;
  bool hasTicket = false;

  SharedMemory shared;
  std::vector<Argument> arguments;   // of the kernel, in its order
  const Thread *registrar = nullptr; // declares the arguments, once a launch
  bool argumentsKnown = false;

  char *stacks = nullptr;
  int stackCount = 0;
};

/// The worker of this host thread.
extern __thread Worker *currentWorker
    __attribute__((tls_model("initial-exec")));

} // namespace llmc::emulator

#endif // LLMC_EMULATOR_ENGINE_WORKER_H
