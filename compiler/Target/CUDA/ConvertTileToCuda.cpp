//===- ConvertTileToCuda.cpp - tile programs to cuda kernels --------------===//
//
//   tile.func @f(%x, %y) {            cuda.kernel @f(%x, %y) {
//     %t = tile.load %x[..]     ==>     %t = cuda.registers
//     %e = math.exp %t                  cuda.unroll .. { load_global .. }
//     tile.store %e, %y[..]             cuda.unroll .. { math.exp .. }
//   }                                   cuda.unroll .. { store_global .. }
//
// See KernelLowering.h for the parts.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/KernelLowering.h"
#include "compiler/Target/CUDA/Passes.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Remarks.h"

namespace llmc {
#define GEN_PASS_DEF_CONVERTTILETOCUDA
#include "compiler/Target/CUDA/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

KernelLowering::KernelLowering(tile::FuncOp source, bool approximate)
    : source(source), b(source.getLoc(), source.getContext()) {
  DictionaryAttr schedule = source.getScheduleAttr();
  threads = schedule.getAs<IntegerAttr>("threads").getInt();
  b.setInsertionPoint(source);
  kernel = cuda::KernelOp::create(
      b, source.getSymNameAttr(), TypeAttr::get(source.getFunctionType()),
      b.getI64IntegerAttr(threads), schedule.getAs<IntegerAttr>("min_blocks"),
      b.getDenseI64ArrayAttr(
          source.getGrid().value_or(ArrayRef<int64_t>{1, 1, 1})),
      /*shared_bytes=*/IntegerAttr(),
      approximate ? b.getUnitAttr() : UnitAttr(),
      /*arg_attrs=*/ArrayAttr(), /*res_attrs=*/ArrayAttr());
  // What Tiling calls them.
  if (auto names = source->getAttrOfType<ArrayAttr>("tile.argument_names"))
    for (auto [number, name] : llvm::enumerate(names))
      kernel.setArgAttr(number, "cuda.name", name);
  // Results may lie where arguments do; accumulation reads what it writes.
  if (auto pairs = source.getInplace(); pairs && !pairs->empty())
    kernel->setAttr("cuda.may_alias", b.getUnitAttr());
  std::string comment = source.getKind().value_or("").str();
  llvm::raw_string_ostream os(comment);
  for (NamedAttribute entry : schedule)
    os << ' ' << entry.getName().getValue() << '='
       << cast<IntegerAttr>(entry.getValue()).getInt();
  kernel->setAttr("cuda.comment", b.getStringAttr(comment));
}

FailureOr<cuda::KernelOp> KernelLowering::run() {
  Block &body = source.getBody().front();
  Block *entry = b.createBlock(&kernel.getBody());
  for (BlockArgument argument : body.getArguments())
    scalars.map(argument,
                entry->addArgument(argument.getType(), argument.getLoc()));
  thread = named(cuda::ThreadIdOp::create(b), "thread");
  lane = named(bitAnd(thread, 31), "lane");
  warp = named(shiftRight(thread, 5), "warp");
  entryEnd = warp.getDefiningOp();
  if (failed(lowerBlock(body)))
    return failure();
  cuda::ReturnOp::create(b);
  return kernel;
}

LogicalResult KernelLowering::lowerBlock(Block &block) {
  for (Operation &op : block.without_terminator()) {
    b.setLoc(op.getLoc());
    if (failed(lowerOp(&op)))
      return failure();
  }
  return success();
}

/// Index arithmetic and other scalars stay what they are.
LogicalResult KernelLowering::lowerScalar(Operation *op) {
  for (Value operand : op->getOperands())
    if (!scalars.contains(operand))
      return op->emitOpError("cannot be computed by one thread");
  Operation *own = b.clone(*op, scalars);
  if (Attribute name = own->removeDiscardableAttr("tile.name"))
    own->setDiscardableAttr("cuda.name", name);
  return success();
}

LogicalResult KernelLowering::lowerIf(scf::IfOp branch) {
  if (branch.getNumResults())
    return branch.emitOpError("with results cannot become a kernel's branch");
  auto made = scf::IfOp::create(b, scalars.lookup(branch.getCondition()),
                                /*withElse=*/!branch.getElseRegion().empty());
  // A tile program is what all threads of a block do together.
  made->setAttr("cuda.uniform", b.getUnitAttr());
  for (auto [from, to] :
       {std::pair(&branch.getThenRegion(), &made.getThenRegion()),
        std::pair(&branch.getElseRegion(), &made.getElseRegion())}) {
    if (from->empty())
      continue;
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(to->front().getTerminator());
    if (failed(lowerBlock(from->front())))
      return failure();
  }
  return success();
}

/// One thread takes the block's ticket and tells it to the others.
LogicalResult KernelLowering::lowerTicket(tile::TicketOp op) {
  if (ticket) {
    Value again = named(cuda::AgainOp::create(b, ticket), "ticket");
    scalars.map(op.getResult(),
                arith::IndexCastOp::create(b, b.getIndexType(), again));
    return success();
  }
  auto type = MemRefType::get({4}, b.getI8Type(), MemRefLayoutAttrInterface(),
                              b.getI64IntegerAttr(cuda::Shared));
  Value buffer = named(cuda::SharedOp::create(b, type, IntegerAttr()), "told");
  Value isFirst =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, thread, index(0));
  auto branch = scf::IfOp::create(b, isFirst, /*withElse=*/false);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    auto func = op->getParentOfType<tile::FuncOp>();
    Value next =
        named(cuda::NextTicketOp::create(b, llvm::product_of(*func.getGrid())),
              "next");
    cuda::StoreSharedOp::create(
        b, pack(1, b.getI32Type(), [&](int64_t) { return next; }), buffer,
        index(0), Value());
  }
  Value told = cuda::LoadSharedOp::create(
      b, VectorType::get({1}, b.getI32Type()), buffer, index(0));
  ticket = named(vector::ExtractOp::create(b, told, 0), "ticket");
  scalars.map(op.getResult(),
              arith::IndexCastOp::create(b, b.getIndexType(), ticket));
  return success();
}

LogicalResult KernelLowering::lowerInTurn(tile::InTurnOp turn) {
  Value own = scalars.lookup(turn.getTurn());
  Value place = scalars.lookup(turn.getPlace());
  cuda::AwaitTurnOp::create(b, own, turn.getTurns(), place, turn.getPlaces());
  for (Operation &op : turn.getBody().front()) {
    b.setLoc(op.getLoc());
    if (failed(lowerOp(&op)))
      return failure();
  }
  cuda::EndTurnOp::create(b, own, turn.getTurns(), place, turn.getPlaces());
  return success();
}

LogicalResult KernelLowering::lowerOp(Operation *op) {
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return lowerFor(loop);
  if (auto branch = dyn_cast<scf::IfOp>(op))
    return lowerIf(branch);
  if (auto load = dyn_cast<tile::LoadOp>(op))
    return lowerLoad(load);
  if (auto gather = dyn_cast<tile::GatherOp>(op))
    return lowerGather(gather);
  if (auto store = dyn_cast<tile::StoreOp>(op))
    return lowerStore(store);
  if (auto dot = dyn_cast<tile::DotOp>(op))
    return lowerDot(dot);
  if (auto reduce = dyn_cast<tile::ReduceOp>(op))
    return lowerReduce(reduce);
  if (auto item = dyn_cast<tile::ItemOp>(op)) {
    // A reduction leaves it in all threads.
    Value array = materialize(item.getInput());
    scalars.map(item.getResult(), readArray(array, index(0)));
    return success();
  }
  if (auto sum = dyn_cast<cuda::PartialSumOp>(op))
    return lowerPartialSum(sum);
  if (auto repeat = dyn_cast<tile::RepeatColumnsOp>(op))
    return lowerRepeatColumns(repeat);
  if (auto swap = dyn_cast<tile::SwapHalvesOp>(op))
    return lowerSwapHalves(swap);
  if (auto convert = dyn_cast<cuda::ConvertLayoutOp>(op))
    return lowerConvert(convert);
  if (auto id = dyn_cast<tile::ProgramIdOp>(op)) {
    scalars.map(id.getResult(), cuda::BlockIdOp::create(b, id.getAxis()));
    return success();
  }
  if (auto ticket = dyn_cast<tile::TicketOp>(op))
    return lowerTicket(ticket);
  if (auto turn = dyn_cast<tile::InTurnOp>(op))
    return lowerInTurn(turn);
  if (isa<memref::LoadOp>(op))
    return lowerScalarLoad(op);
  if (isa<memref::ReinterpretCastOp>(op))
    return success(); // where it is used
  if (op->getNumResults() == 1 &&
      isa<RankedTensorType>(op->getResult(0).getType())) {
    // Computed where it is used, or now.
    if (!isInline(op->getResult(0)))
      materialize(op->getResult(0));
    return success();
  }
  return lowerScalar(op);
}

/// What changes rounding is said.
static void remarkApproximation(tile::FuncOp func) {
  int64_t count = 0;
  func.walk([&](Operation *op) {
    count += isa<math::ExpOp, math::Exp2Op, math::TanhOp>(op);
  });
  if (count)
    remark::analysis(
        func.getLoc(),
        remark::RemarkOpts::name("approximate").category("rounding"))
        << remark::add("kernel '{0}': {1} exponentials or hyperbolic tangents "
                       "in the hardware's approximation (relative error about "
                       "2^-11 for tanh, 2^-22 for exp)",
                       func.getSymName(), count);
}

static void remarkRounding(tile::FuncOp func) {
  int64_t count = 0;
  func.walk([&](tile::DotOp dot) {
    count += getProductKind(dot) == ProductKind::Tf32;
  });
  if (count)
    remark::analysis(func.getLoc(),
                     remark::RemarkOpts::name("tf32").category("rounding"))
        << remark::add("kernel '{0}': {1} products of f32 rounded to TF32 "
                       "(relative error of an operand up to 2^-11)",
                       func.getSymName(), count);
}

namespace {
struct ConvertTileToCuda
    : llmc::impl::ConvertTileToCudaBase<ConvertTileToCuda> {
  using ConvertTileToCudaBase::ConvertTileToCudaBase;

  void runOnOperation() override {
    for (auto func :
         llvm::make_early_inc_range(getOperation().getOps<tile::FuncOp>())) {
      if (approximate)
        remarkApproximation(func);
      remarkRounding(func);
      if (failed(KernelLowering(func, approximate).run()))
        return signalPassFailure();
      func.erase();
    }
  }
};
} // namespace
