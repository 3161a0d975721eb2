//===- Turns.h - Blocks of a launch that wait for each other ----*- C++ -*-===//
//
// What a block that ends its turn has done is known to the one that awaits it,
// with all that it knew of others: a happens-before relation by vector clocks.
// Waiting host threads sleep; when all of them wait for turns that nobody is
// left to end, that is an error and no hang.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_EMULATOR_ENGINE_TURNS_H
#define LLMC_EMULATOR_ENGINE_TURNS_H

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace llmc::emulator {

/// What is known of other blocks: all that they did before a barrier of theirs,
/// named by the epoch behind it.
using BlockClock = std::map<unsigned, unsigned>;

/// The turns of one launch. The numbers themselves lie with the kernel, as on a
/// GPU, and outlast the launch.
class Turns {
public:
  /// `hosts` threads run the launch's blocks.
  explicit Turns(size_t hosts) : running(hosts) {}

  /// A host thread has no more blocks to run.
  void leave();
  /// A check failed somewhere: nobody waits any longer.
  void abort();

  unsigned nextTicket(unsigned *counter, unsigned blocks);

  enum class Result { Done, Stuck, Aborted };
  /// Waits until `flag` is `turn`, and adds to `known` what those before know.
  Result await(const unsigned *flag, unsigned turn, BlockClock &known);

  /// Ends turn `turn` of `last + 1`; `known` is the block's. The turn that it
  /// found, if that is another one.
  unsigned end(unsigned *flag, unsigned turn, unsigned last,
               const BlockClock &known);

  // The same by single instructions, of PTX, where a turn is what a thread
  // reads until it changes.
  /// What is at `flag`; what those know who wrote there comes to `known`.
  unsigned read(const unsigned *flag, BlockClock &known);
  void write(unsigned *flag, unsigned value, const BlockClock &known);
  /// Waits until something other than `seen` is at `flag`.
  Result awaitChange(const unsigned *flag, unsigned seen);

  /// What the launch left behind that the next one would trip over, or "".
  std::string findRemains() const;

private:
  struct Waiter {
    const unsigned *flag;
    unsigned value;
    bool isAwaited; // the value; else any other
    bool canGoOn() const { return (*flag == value) == isAwaited; }
  };
  Result wait(const Waiter &self, std::unique_lock<std::mutex> &lock);
  bool isStuck() const;

  std::mutex mutex;
  std::condition_variable changed;
  size_t running;
  bool aborted = false;
  std::vector<const Waiter *> waiters;
  std::map<const unsigned *, BlockClock> ended;
  const unsigned *tickets = nullptr;
};

} // namespace llmc::emulator

#endif // LLMC_EMULATOR_ENGINE_TURNS_H
