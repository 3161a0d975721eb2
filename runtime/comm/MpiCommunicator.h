//===- MpiCommunicator.h - a rank that MPI connects with the others -------===//

#ifndef LLMC_RUNTIME_COMM_MPICOMMUNICATOR_H
#define LLMC_RUNTIME_COMM_MPICOMMUNICATOR_H

#include "comm/Communicator.h"
#include "comm/MpiProcess.h"

namespace llmc::runtime {

class MpiCommunicator final : public Communicator {
public:
  /// `process` outlives the object.
  MpiCommunicator(MpiProcess &process, int rank, int size);
  ~MpiCommunicator() override;

  int localSize() const override { return numLocal; }
  int localRank() const override { return numberHere; }
  int processSize() const override { return process.ranksHere(); }
  int processRank() const override {
    return rank() - process.peers[process.own].first;
  }
  std::chrono::seconds patience() const override { return process.waitTime; }
  std::string engine() const override;
  std::string describe(int rank) const override {
    return process.describeRank(rank);
  }
  Status reduceScatter(const float *source, float *destination,
                       int64_t elements, float *scratch) override;
  Status allGather(const void *source, void *destination,
                   int64_t bytes) override;
  Status broadcast(void *data, int64_t bytes, int root) override;
  Status barrier() override;
  void report(const Status &error) override;
  [[noreturn]] void abort() override { process.abort(); }
  Status finish() override;

private:
  using Transfer = MpiProcess::Transfer;

  Transfer receive(int other, void *data, int64_t bytes) const;
  Transfer send(int other, const void *data, int64_t bytes) const;
  /// Does all of them, in any order.
  Status exchange(const std::vector<Transfer> &transfers);

  MpiProcess &process;
  int numLocal = 0, numberHere = 0;
  bool isFinished = false;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_COMM_MPICOMMUNICATOR_H
