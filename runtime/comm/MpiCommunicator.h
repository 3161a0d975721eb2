//===- MpiCommunicator.h - ranks are processes that MPI connects ----------===//

#ifndef LLMC_RUNTIME_COMM_MPICOMMUNICATOR_H
#define LLMC_RUNTIME_COMM_MPICOMMUNICATOR_H

#include "comm/Communicator.h"
#include "comm/MpiLibrary.h"
#include "comm/Watchdog.h"

#include <chrono>
#include <memory>

namespace llmc::runtime {

class MpiCommunicator final : public Communicator {
public:
  /// Opens Open MPI and waits for the other ranks, of which there must be
  /// `ranks` with this one, for at most `patience`; so long, too, it waits for
  /// each answer later.
  static Result<std::unique_ptr<Communicator>>
  create(int ranks, std::chrono::seconds patience);
  ~MpiCommunicator() override;

  int localSize() const override { return numLocal; }
  int localRank() const override { return numberHere; }
  std::chrono::seconds patience() const override { return waitTime; }
  const char *engine() const override { return "with MPI"; }
  std::string describe(int rank) const override;
  Status reduceScatter(const float *source, float *destination,
                       int64_t elements, float *scratch) override;
  Status allGather(const void *source, void *destination,
                   int64_t bytes) override;
  Status broadcast(void *data, int64_t bytes, int root) override;
  Status barrier() override;
  [[noreturn]] void abort() override;
  Status finish() override;

private:
  /// A message to or from a rank.
  struct Transfer {
    int peer;
    bool receives;
    void *data;
    int64_t bytes;
  };

  MpiCommunicator(const mpi::Library &library, int rank, int size,
                  std::chrono::seconds patience)
      : Communicator(rank, size), library(library), waitTime(patience) {}
  Status meet();
  /// Does all of them, in any order.
  Status exchange(const std::vector<Transfer> &transfers);
  Status post(const Transfer &transfer);
  Status complete();
  Status reportSilence();
  /// The program ends because `lost` is gone; one rank says so.
  [[noreturn]] void reportLoss(int lost);
  [[noreturn]] void leave();

  struct Peer {
    std::string host;
    int64_t pid = 0;
  };
  struct Pending {
    mpi::Request request;
    int peer;
  };

  mpi::Library library;
  std::chrono::seconds waitTime;
  std::vector<Peer> peers; // [rank]
  int numLocal = 1, numberHere = 0;
  std::vector<Pending> pending;
  std::unique_ptr<Watchdog> watchdog;
  bool isFinished = false;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_COMM_MPICOMMUNICATOR_H
