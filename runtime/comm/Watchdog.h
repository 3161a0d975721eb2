//===- Watchdog.h - notices processes that are gone -----------------------===//
//
// A process that was killed never answers, and MPI does not say so. A thread
// looks at the other ones on this machine ten times a second, whatever this one
// is doing, and ends the program when one is gone. Those on other machines are
// missed only in a collective, after its time-out.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_COMM_WATCHDOG_H
#define LLMC_RUNTIME_COMM_WATCHDOG_H

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace llmc::runtime {

class Watchdog {
public:
  /// `pids[p]` is of process p, 0 for this one's and those elsewhere. `onLoss`
  /// is called on the watchdog's thread with the number of a process that is
  /// gone, and how long the watchdog did not look before, and does not return.
  using OnLoss =
      std::function<void(size_t process, std::chrono::milliseconds blind)>;
  Watchdog(std::vector<int64_t> pids, OnLoss onLoss);
  /// Stops watching: from now on ranks may end.
  ~Watchdog();

private:
  /// Whether it is gone, as far as can be seen from here.
  bool isGone(size_t process) const;
  void watch();

  std::vector<int64_t> pids;
  OnLoss onLoss;
  std::atomic<bool> stopping{false};
  std::thread thread;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_COMM_WATCHDOG_H
