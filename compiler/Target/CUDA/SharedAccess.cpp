//===- SharedAccess.cpp - who touches shared memory -----------------------===//

#include "compiler/Target/CUDA/SharedAccess.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace llmc::cuda;

std::optional<SharedAccess> llmc::cuda::getSharedAccess(Operation *op) {
  using Kind = SharedAccess::Kind;
  auto access = [](Kind kind, Value buffer) {
    return SharedAccess{kind, buffer.getDefiningOp<SharedOp>()};
  };
  return TypeSwitch<Operation *, std::optional<SharedAccess>>(op)
      .Case<LoadSharedOp, LdmatrixOp>(
          [&](auto read) { return access(Kind::Read, read.getBuffer()); })
      .Case([&](StoreSharedOp write) {
        return access(Kind::Write, write.getBuffer());
      })
      .Case(
          [&](CpAsyncOp copy) { return access(Kind::Copy, copy.getBuffer()); })
      .Default(std::nullopt);
}

bool llmc::cuda::meets(Operation *op) {
  return isa<BarrierOp, AwaitTurnOp, EndTurnOp>(op);
}

bool llmc::cuda::isDivergent(Operation *op) {
  return isa<scf::IfOp>(op) && !op->hasAttr("cuda.uniform");
}

LogicalResult llmc::cuda::verifySharedAccesses(KernelOp kernel) {
  WalkResult result = kernel.walk([&](Operation *op) {
    if (auto shared = dyn_cast<SharedOp>(op))
      for (Operation *user : shared->getUsers())
        if (!getSharedAccess(user)) {
          InFlightDiagnostic error = user->emitOpError(
              "uses a buffer of shared memory, expected loads, stores, "
              "ldmatrix and cp_async only");
          error.attachNote(shared.getLoc()) << "the buffer is here";
          return WalkResult::interrupt();
        }
    std::optional<SharedAccess> access = getSharedAccess(op);
    if (access && !access->buffer) {
      op->emitOpError("expected a cuda.shared as its buffer");
      return WalkResult::interrupt();
    }
    if (!access && !isa<CpAsyncCommitOp, CpAsyncWaitOp>(op) && !meets(op))
      return WalkResult::advance();
    for (Operation *parent = op->getParentOp(); parent != kernel;
         parent = parent->getParentOp())
      if (!isa<scf::ForOp, scf::IfOp, UnrollOp>(parent)) {
        op->emitOpError("lies in '")
            << parent->getName()
            << "', expected scf.for, scf.if and cuda.unroll around accesses of "
               "shared memory";
        return WalkResult::interrupt();
      }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}
