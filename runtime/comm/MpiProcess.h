//===- MpiProcess.h - what the ranks of one process share under MPI -------===//
//
// A launcher starts processes, each of which runs one rank or several, a thread
// each. Which ranks those are, where the other processes are, whether they
// still live, and which one of those that have an error prints it, is known
// here. MPI is called by one thread at a time.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_COMM_MPIPROCESS_H
#define LLMC_RUNTIME_COMM_MPIPROCESS_H

#include "comm/Communicator.h"
#include "comm/MpiLibrary.h"
#include "comm/Watchdog.h"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace llmc::runtime {

class MpiProcess {
public:
  /// Opens Open MPI and waits for the other processes for at most `patience`;
  /// so long, too, ranks wait for each answer later. `ranks` are those of the
  /// program, `here` those of this process; 0: an equal share.
  static Result<std::unique_ptr<MpiProcess>>
  connect(int ranks, int here, std::chrono::seconds patience);

  int ranksHere() const { return peers[own].ranks; }
  /// The communicator of one of the ranks here, for its thread.
  std::unique_ptr<Communicator> join(int number);
  /// Ends MPI, when all ranks here have finished; on the thread that connected.
  Status disconnect();

private:
  friend class MpiCommunicator;

  /// Another process, or this one.
  struct Peer {
    std::string host;
    int64_t pid = 0;
    int first = 0; ///< of its ranks, which are consecutive
    int ranks = 1;
  };
  /// A message to or from a rank, or, with ranks of -1, a process.
  struct Transfer {
    int process;
    int sender, receiver; // ranks
    bool receives;
    void *data;
    int64_t bytes;
  };
  struct Pending {
    mpi::Request request;
    const Transfer *transfer;
  };

  MpiProcess(const mpi::Library &library, int ranks,
             std::chrono::seconds patience)
      : library(library), ranks(ranks), waitTime(patience) {}
  /// Learns where the other processes are.
  Status meet(int here);
  Status shareOut();
  void watch();
  /// Does all of them, in any order, or returns what was left when the time was
  /// over.
  Result<std::vector<Transfer>>
  exchange(const std::vector<Transfer> &transfers);
  Status post(const Transfer &transfer, std::vector<Pending> &pending);
  int tagOf(const Transfer &transfer) const;

  int processOf(int rank) const;
  /// "rank 1 of 4 on HOST".
  std::string describeRank(int rank) const;
  /// "ranks 2 to 3 of 4 on HOST, process 123".
  std::string describeProcess(size_t process) const;
  Status silence(const std::string &who, const std::string &names) const;

  /// Prints an error that this process has found, unless another one prints
  /// its own: tells the others, and waits until it is known whether a lower one
  /// has one, too. Returns whether it has printed.
  bool report(const std::function<void()> &print);
  void announce();
  /// Whether one of the first `processes` has announced an error, asked for
  /// that long.
  bool hears(size_t processes, std::chrono::milliseconds time);
  /// The program ends because a process is gone; one of the others says so.
  [[noreturn]] void reportLoss(size_t lost);
  /// Another process prints what there is to say.
  [[noreturn]] void leaveToOthers();
  [[noreturn]] void abort();
  [[noreturn]] void leave();

  mpi::Library library;
  std::mutex calling; ///< of MPI
  int ranks;
  std::chrono::seconds waitTime;
  size_t own = 0;          ///< this process's number
  std::vector<Peer> peers; // [process]
  std::unique_ptr<Watchdog> watchdog;
  std::mutex finishing; ///< of `watchdog`
  std::mutex reporting; ///< of the next two
  bool hasReported = false;
  bool hasPrinted = false;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_COMM_MPIPROCESS_H
