//===- InFlight.h - what is under way at an op of a plan --------*- C++ -*-===//

#ifndef LLMC_COMPILER_DISTRIBUTION_INFLIGHT_H
#define LLMC_COMPILER_DISTRIBUTION_INFLIGHT_H

#include "compiler/Distribution/Extent.h"

#include <string>

namespace llmc {

/// Collectives or copies of a straight line that were started and not waited
/// for: nothing else may touch what they work on.
class InFlight {
public:
  explicit InFlight(int64_t ranks) : ranks(ranks) {}

  void clear() { pending.clear(); }
  /// `start` works on the two places until `token` is waited for. `what` it is
  /// for people: "the copy to_host".
  void begin(mlir::Operation *start, mlir::Value token, mlir::Value source,
             mlir::Value destination, std::string what);
  void end(plan::WaitOp wait);

  /// `op` leaves alone what others that are under way work on. Of `shared`,
  /// one of its operands or null, all of them may take their turn.
  mlir::LogicalResult verifyFree(mlir::Operation *op, mlir::Value shared = {});
  /// What `start` starts is waited for once.
  static mlir::LogicalResult verifyOneWait(mlir::Operation *start,
                                           mlir::Value token);

private:
  struct Pending {
    mlir::Operation *start;
    mlir::Value token;
    // Kept, since thousands may be under way.
    Extent source, destination;
    std::string what;
  };

  int64_t ranks;
  llvm::SmallVector<Pending> pending;
};

} // namespace llmc

#endif
