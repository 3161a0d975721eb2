//===- Communicator.h - what ranks do together ----------------------------===//
//
// The seam between the program and what carries bytes between its ranks. All
// ranks make the same calls in the same order. One call at a time, from any
// thread.
//
// Sums are taken in the order of ranks, ((x0 + x1) + x2) + ...: the result has
// the same bits on every rank, however a range is cut.
//
// An error is either one rank's own, which it prints before it ends the
// others with `abort`, or known to all ranks, of which one prints it.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_COMM_COMMUNICATOR_H
#define LLMC_RUNTIME_COMM_COMMUNICATOR_H

#include "core/Status.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace llmc::runtime {

class Communicator {
public:
  virtual ~Communicator() = default;

  int rank() const { return myRank; }
  int size() const { return numRanks; }
  /// Ranks on this machine, this one included.
  virtual int localSize() const { return 1; }
  /// This one's number among the ranks on this machine.
  virtual int localRank() const { return 0; }
  /// Ranks in this process, this one included; they are consecutive.
  virtual int processSize() const { return 1; }
  /// This one's number among the ranks in this process.
  virtual int processRank() const { return 0; }
  /// How long a rank waits for the others.
  virtual std::chrono::seconds patience() const {
    return std::chrono::seconds::max();
  }
  /// How the ranks are connected, for people: "with MPI".
  virtual std::string engine() const { return "alone"; }
  /// "rank 1 of 4 on HOST".
  virtual std::string describe(int rank) const = 0;

  /// Sums `elements` values, of which each rank gets its equal part at
  /// `destination`, which may lie in `source`. `scratch` has room for the other
  /// ranks' parts.
  virtual Status reduceScatter(const float *source, float *destination,
                               int64_t elements, float *scratch) = 0;
  /// Each rank's `bytes` at `source` to all, in the order of ranks. The source
  /// may be this rank's part of the destination.
  virtual Status allGather(const void *source, void *destination,
                           int64_t bytes) = 0;
  virtual Status broadcast(void *data, int64_t bytes, int root) = 0;
  /// Returns when all ranks have called it.
  virtual Status barrier() = 0;
  /// Prints the error that ends this rank, unless another rank does.
  virtual void report(const Status &error) {
    if (speaks())
      print(error);
  }
  /// Ends the other ranks, without a word of theirs, and this one, with exit
  /// status 1.
  [[noreturn]] virtual void abort() = 0;
  /// The last call: afterwards ranks may end one after the other.
  virtual Status finish() = 0;

  /// The same as reduceScatter, then allGather of the parts, in place.
  Status allReduce(float *data, int64_t elements, float *scratch);

  /// What an error is about. A wrong option is the same on all ranks, and rank
  /// 0 says it like a program of one rank; of what a machine lacks one has to
  /// know which machine, of rank 0, too.
  enum class Subject { Program, Machine };

  /// The errors of all ranks in one: ok if all are, else that of the lowest
  /// rank which has one, on every rank.
  Status agree(const Status &own, Subject subject = Subject::Program);
  /// The same of errors from which the ranks go on: `all` becomes what `agree`
  /// would return. An error of its own only if the ranks are not reached.
  Status exchangeErrors(const Status &own, Status &all,
                        Subject subject = Subject::Program);
  /// An error that every rank has found for itself.
  Status common(Status status);
  /// Whether this rank is the one that prints an error of this run.
  bool speaks() const { return !isCommon || myRank == 0; }
  /// Whether all ranks know the error and can still be talked to, so that they
  /// may end together.
  bool canFinish() const { return isCommon && !isBroken; }
  /// Whether the error was found by this rank alone.
  bool isOwnError() const { return !isCommon; }

  /// The communicator of a program that trains alone.
  static Communicator &solo();

protected:
  Communicator(int rank, int size) : myRank(rank), numRanks(size) {}
  /// "error: ...", with the rank where it is this one's own.
  void print(const Status &error) const;
  /// The others have the same error, or cannot be reached any more.
  void setBroken() { isCommon = isBroken = true; }

private:
  int myRank;
  int numRanks;
  // Read by watchdogs, too.
  std::atomic<bool> isCommon{false};
  std::atomic<bool> isBroken{false};
};

/// A program that trains alone.
class SoloCommunicator final : public Communicator {
public:
  SoloCommunicator() : Communicator(0, 1) {}
  std::string describe(int) const override { return "the only rank"; }
  Status reduceScatter(const float *source, float *destination,
                       int64_t elements, float *scratch) override;
  Status allGather(const void *source, void *destination,
                   int64_t bytes) override;
  Status broadcast(void *, int64_t, int) override { return Status::ok(); }
  Status barrier() override { return Status::ok(); }
  [[noreturn]] void abort() override;
  Status finish() override { return Status::ok(); }
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_COMM_COMMUNICATOR_H
