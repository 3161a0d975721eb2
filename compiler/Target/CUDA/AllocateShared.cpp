//===- AllocateShared.cpp - places in a block's shared memory -------------===//
//
//   %a = cuda.shared : ...    ->   %a = cuda.shared {offset = 0 : i64} : ...
//   %b = cuda.shared : ...         %b = cuda.shared {offset = 4096 : i64} : ...
//
// Lives are intervals of op numbers; packing them is MemoryPlan's.
//
//===----------------------------------------------------------------------===//

#include "compiler/Support/Packing.h"
#include "compiler/Target/CUDA/Passes.h"
#include "compiler/Target/CUDA/SharedAccess.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/MathExtras.h"

namespace llmc {
#define GEN_PASS_DEF_CUDAALLOCATESHARED
#include "compiler/Target/CUDA/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;
using namespace llmc::cuda;

/// Swizzles count on buffers that begin at the first of the 32 banks.
static constexpr int64_t sharedAlignment = 128;

static int64_t bytesOf(SharedOp buffer) {
  return cast<MemRefType>(buffer.getType()).getNumElements();
}

namespace {

/// When each buffer of a kernel lives. Ops are numbered in program order; an
/// op with regions spans the numbers of all ops within.
class SharedLives {
public:
  explicit SharedLives(KernelOp kernel) : kernel(kernel) { number(kernel); }

  Lifetime lifeOf(SharedOp buffer) const {
    Span span = spans.lookup(buffer);
    bool first = true;
    for (Operation *user : buffer->getUsers()) {
      Span access = spanOf(user, buffer);
      span = first ? access : join(span, access);
      first = false;
    }
    // The packing aligns to less, but all offsets are sums of sizes.
    return {
        static_cast<int64_t>(llvm::alignTo(bytesOf(buffer), sharedAlignment)),
        span.first, span.last};
  }

private:
  struct Span {
    int64_t first = 0, last = 0;
  };

  static Span join(Span a, Span b) {
    return {std::min(a.first, b.first), std::max(a.last, b.last)};
  }

  void number(Operation *op) {
    Span span{next++, 0};
    for (Region &region : op->getRegions())
      for (Operation &inner : region.getOps())
        number(&inner);
    span.last = next++;
    spans[op] = span;
  }

  Span spanOf(Operation *access, SharedOp buffer) const {
    Span span = spans.lookup(access);
    if (getSharedAccess(access)->kind == SharedAccess::Kind::Copy)
      span = join(span, copySpan(access));
    for (Operation *parent = access->getParentOp(); parent != kernel;
         parent = parent->getParentOp()) {
      // A buffer from outside a loop is there for the next iteration, too.
      bool carried =
          isa<LoopLikeOpInterface>(parent) && !parent->isAncestor(buffer);
      // Branches of a divergent if run at the same time, in other threads.
      if (carried || isDivergent(parent))
        span = join(span, spans.lookup(parent));
    }
    return span;
  }

  /// From a copy to the wait that certainly covers it: all groups, after a
  /// commit, neither of them conditional. Without one in its iteration the
  /// copy may land in any other.
  Span copySpan(Operation *copy) const {
    Span span = spans.lookup(copy);
    bool committed = false;
    for (Operation *op = copy; op != kernel; op = op->getParentOp()) {
      if (isa<LoopLikeOpInterface>(op))
        span = join(span, spans.lookup(op));
      for (Operation *after = op->getNextNode(); after;
           after = after->getNextNode()) {
        if (isa<CpAsyncCommitOp>(after))
          committed = true;
        auto wait = dyn_cast<CpAsyncWaitOp>(after);
        if (wait && wait.getGroups() == 0 && committed)
          return join(span, spans.lookup(wait));
      }
    }
    span.last = spans.lookup(kernel).last;
    return span;
  }

  KernelOp kernel;
  DenseMap<Operation *, Span> spans;
  int64_t next = 0;
};

struct AllocateShared
    : public llmc::impl::CudaAllocateSharedBase<AllocateShared> {
  using CudaAllocateSharedBase::CudaAllocateSharedBase;

  void runOnOperation() override {
    KernelOp kernel = getOperation();
    if (failed(verifySharedAccesses(kernel)))
      return signalPassFailure();
    SmallVector<SharedOp> buffers;
    kernel.walk([&](SharedOp buffer) { buffers.push_back(buffer); });
    SharedLives lives(kernel);
    SmallVector<Lifetime> lifetimes;
    for (SharedOp buffer : buffers)
      lifetimes.push_back(lives.lifeOf(buffer));

    Packing packing = packBuffers(lifetimes);
    if (packing.bytes > limit) {
      reportExcess(buffers, packing.bytes);
      return signalPassFailure();
    }
    for (auto [buffer, offset] : llvm::zip_equal(buffers, packing.offsets))
      buffer.setOffset(offset);
    kernel.setSharedBytes(packing.bytes);
    remark::analysis(kernel.getLoc(),
                     remark::RemarkOpts::name("shared-memory").category("cuda"))
        << remark::add("kernel '{0}' needs {1} bytes of shared memory for {2} "
                       "buffers, the lower bound is {3}",
                       kernel.getSymName(), packing.bytes, buffers.size(),
                       packingLowerBound(lifetimes));
  }

private:
  void reportExcess(MutableArrayRef<SharedOp> buffers, int64_t bytes) {
    KernelOp kernel = getOperation();
    InFlightDiagnostic error = kernel.emitError("kernel '")
                               << kernel.getSymName() << "' needs " << bytes
                               << " bytes of shared memory, the limit is "
                               << limit.getValue()
                               << "; choose smaller blocks or fewer stages";
    // The largest first, equal ones in program order.
    SmallVector<std::pair<int64_t, size_t>> order;
    for (auto [index, buffer] : llvm::enumerate(buffers))
      order.emplace_back(-bytesOf(buffer), index);
    llvm::sort(order);
    constexpr size_t shown = 4;
    for (auto [bytes, index] : ArrayRef(order).take_front(shown))
      error.attachNote(buffers[index].getLoc())
          << "a buffer of " << -bytes << " bytes";
  }
};

} // namespace
