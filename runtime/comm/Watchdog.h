//===- Watchdog.h - notices ranks that are gone ---------------------------===//
//
// A rank that was killed never answers, and MPI does not say so. A thread looks
// at the processes of the other ranks on this machine ten times a second,
// whatever this rank is doing, and ends the program when one is gone. Ranks on
// other machines are missed only in a collective, after its time-out.
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
  /// `pids[r]` is rank r's process, 0 for this rank's and those elsewhere.
  /// `onLoss` is called on the watchdog's thread with the number of a rank that
  /// is gone, and how long the watchdog did not look before, and does not
  /// return.
  using OnLoss = std::function<void(int rank, std::chrono::milliseconds blind)>;
  Watchdog(std::vector<int64_t> pids, OnLoss onLoss);
  /// Stops watching: from now on ranks may end.
  ~Watchdog();

  /// Whether the process of `rank` is gone, as far as can be seen from here.
  bool isGone(int rank) const;

private:
  void watch();

  std::vector<int64_t> pids;
  OnLoss onLoss;
  std::atomic<bool> stopping{false};
  std::thread thread;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_COMM_WATCHDOG_H
