//===- KernelConverter.cpp - one tile program to loops over vectors -------===//

#include "compiler/Target/CPU/KernelConverter.h"

#include "compiler/Target/CPU/Demand.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::cpu;

KernelConverter::KernelConverter(tile::FuncOp kernel, func::FuncOp function,
                                 Machine machine)
    : kernel(kernel), function(function), machine(machine),
      b(kernel.getLoc(), kernel.getContext()), evaluator(b, machine),
      nest(b, machine, evaluator) {}

LogicalResult KernelConverter::run() {
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToStart(entry);
  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  Value table = entry->getArgument(0);
  for (auto [number, argument] : llvm::enumerate(kernel.getArguments())) {
    auto type = dyn_cast<MemRefType>(argument.getType());
    // Rows may have gaps between them; the program takes views of an argument
    // in any case, which say where elements lie.
    auto rows = type ? dyn_cast<StridedLayoutAttr>(type.getLayout())
                     : StridedLayoutAttr();
    if (!type || !type.hasStaticShape() ||
        !(type.getLayout().isIdentity() || (rows && rows.hasStaticLayout())))
      return kernel.emitError("argument ")
             << number
             << " of a tile program is a memref of static shape and identity "
                "layout, found "
             << argument.getType();
    Value slot = LLVM::GEPOp::create(
        b, pointer, pointer, table,
        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(number)});
    Value base = LLVM::LoadOp::create(b, pointer, slot);
    evaluator.mapping.map(
        argument,
        wrapPointer(b, b.getLoc(), base,
                    MemRefType::get(type.getShape(), type.getElementType())));
  }
  // Buffers are made before the return; code goes after them.
  auto anchor = func::ReturnOp::create(b);
  auto bufferAnchor = arith::ConstantIndexOp::create(b, 0);
  bufferAnchor->moveBefore(anchor);
  buffers =
      std::make_unique<Buffers>(machine, bufferAnchor, entry->getArgument(4));
  b.setInsertionPoint(anchor);
  if (failed(convertBlock(kernel.getBody().front())))
    return failure();
  function->setAttr("workspace_bytes", b.getI64IntegerAttr(buffers->finish()));
  return success();
}

LogicalResult KernelConverter::convertBlock(Block &block) {
  for (Operation &op : block)
    if (failed(convert(&op)))
      return failure();
  return success();
}

LogicalResult KernelConverter::convert(Operation *op) {
  b.setLoc(op->getLoc());
  if (auto store = dyn_cast<tile::StoreOp>(op))
    return convertStore(store), success();
  if (auto reduce = dyn_cast<tile::ReduceOp>(op))
    return convertReduce(reduce), success();
  if (auto dot = dyn_cast<tile::DotOp>(op))
    return convertDot(dot), success();
  if (auto item = dyn_cast<tile::ItemOp>(op))
    return convertItem(item), success();
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return convertFor(loop);
  if (auto branch = dyn_cast<scf::IfOp>(op))
    return convertIf(branch);
  if (auto id = dyn_cast<tile::ProgramIdOp>(op)) {
    Value coordinate = function.getArgument(1 + id.getAxis());
    evaluator.mapping.map(id.getResult(), arith::IndexCastOp::create(
                                              b, b.getIndexType(), coordinate));
    return success();
  }
  if (isa<tile::ReturnOp, scf::YieldOp>(op)) {
    flush();
    return success();
  }
  if (isLazy(op)) {
    bool elementwise = OpTrait::hasElementwiseMappableTraits(op);
    auto constant = dyn_cast<arith::ConstantOp>(op);
    bool splat = constant && isa<SplatElementsAttr>(constant.getValue());
    if (!isa<tile::TileDialect>(op->getDialect()) && !elementwise && !splat)
      return op->emitOpError("on tiles is not supported by the CPU target");
    return convertLazy(op), success();
  }
  if (llvm::any_of(op->getOperandTypes(), isTile) ||
      llvm::any_of(op->getResultTypes(), isTile) || op->getNumRegions() != 0)
    return op->emitOpError("on tiles is not supported by the CPU target");
  // Scalars and views. A scalar read must see what was stored before it.
  if (isa<memref::LoadOp, memref::StoreOp>(op))
    flush();
  b.clone(*op, evaluator.mapping);
  return success();
}

void KernelConverter::convertLazy(Operation *op) {
  if (isa<tile::LoadOp, tile::GatherOp>(op)) {
    // The load is to see what pending stores write.
    Value argument = underlyingArgument(accessedView(op));
    for (const Root &root : pending)
      if (root.kind == Root::Store &&
          underlyingArgument(accessedView(root.op)) == argument) {
        flush();
        break;
      }
    loads.push_back(op);
  }
  if (deservesBuffer(op)) {
    flush();
    materialise(op->getResult(0), buffers->allocate(cast<RankedTensorType>(
                                      op->getResult(0).getType())));
  }
}

//===----------------------------------------------------------------------===//
// Roots
//===----------------------------------------------------------------------===//

void KernelConverter::convertStore(tile::StoreOp op) {
  join({Root::Store, op.getValue(), op});
}

void KernelConverter::convertReduce(tile::ReduceOp op) {
  auto type = cast<RankedTensorType>(op.getInput().getType());
  bool alongRow = op.getAxis() == type.getRank() - 1;
  Buffer result =
      buffers->allocate(cast<RankedTensorType>(op.getResult().getType()));
  join({alongRow ? Root::ReduceRow : Root::ReduceColumn, op.getInput(), op,
        result});
}

void KernelConverter::convertItem(tile::ItemOp op) {
  flush();
  Value tile = op.getInput();
  if (!evaluator.buffers.contains(tile))
    materialise(tile,
                buffers->allocate(cast<RankedTensorType>(tile.getType())));
  evaluator.mapping.map(
      op.getResult(), memref::LoadOp::create(b, evaluator.buffers[tile].memref,
                                             evaluator.index(0))
                          .getResult());
}

void KernelConverter::materialise(Value tile, const Buffer &buffer) {
  nest.emit(Root{Root::Materialise, tile, nullptr, buffer});
  evaluator.buffers[tile] = buffer;
}

bool KernelConverter::dependsOnPending(Value tile) {
  auto isPending = [&](Value value) {
    return llvm::any_of(pending, [&](const Root &root) {
      return root.kind != Root::Store && root.op->getResult(0) == value;
    });
  };
  if (isPending(tile))
    return true;
  bool depends = false;
  forEachDemanded(
      tile, [&](Value value) { return evaluator.buffers.contains(value); },
      [&](Operation *op) {
        depends |= llvm::any_of(op->getOperands(), isPending);
      });
  return depends;
}

void KernelConverter::join(Root root) {
  bool fits = pending.empty() ||
              (pending.front().type().getShape() == root.type().getShape() &&
               !dependsOnPending(root.value));
  // Two stores to one argument keep their order.
  if (root.kind == Root::Store)
    for (const Root &other : pending)
      fits &= other.kind != Root::Store ||
              underlyingArgument(accessedView(other.op)) !=
                  underlyingArgument(accessedView(root.op));
  if (!fits)
    flush();
  pending.push_back(root);
}

void KernelConverter::flush() {
  if (pending.empty())
    return;
  saveLoadsBeforeStores();
  SmallVector<Root> roots = std::move(pending);
  pending.clear();
  nest.emit(roots);
  for (const Root &root : roots)
    if (root.kind != Root::Store)
      evaluator.buffers[root.op->getResult(0)] = root.buffer;
}

//===----------------------------------------------------------------------===//
// Loads that are evaluated after a store to the same memory
//===----------------------------------------------------------------------===//

bool KernelConverter::isNeededAfter(Value tile, Operation *point) {
  bool needed = false;
  forEachRoot(tile, [&](OpOperand &use) {
    Operation *user = point->getBlock()->findAncestorOpInBlock(*use.getOwner());
    // Users out of the block come after the block, or are those of a loop that
    // comes around.
    needed |= !user || user == point || point->isBeforeInBlock(user);
  });
  return needed;
}

void KernelConverter::saveLoadsOf(Value argument, Operation *point) {
  for (Operation *load : loads) {
    Value tile = load->getResult(0);
    if (underlyingArgument(accessedView(load)) != argument ||
        evaluator.buffers.contains(tile) || !isNeededAfter(tile, point))
      continue;
    materialise(tile,
                buffers->allocate(cast<RankedTensorType>(tile.getType())));
  }
}

void KernelConverter::saveLoadsBeforeStores() {
  SmallVector<Root> stores;
  llvm::copy_if(pending, std::back_inserter(stores),
                [](const Root &root) { return root.kind == Root::Store; });
  if (stores.empty())
    return;
  auto inMemory = [&](Value tile) { return evaluator.buffers.contains(tile); };
  for (const Root &store : stores) {
    auto storeOp = cast<tile::StoreOp>(store.op);
    Value argument = underlyingArgument(storeOp.getView());
    // Within the nest: only a load of the stored place itself may stay lazy.
    SmallVector<Operation *> moved;
    for (const Root &root : pending)
      forEachDemanded(root.value, inMemory, [&](Operation *op) {
        if (!isa<tile::LoadOp, tile::GatherOp>(op) ||
            underlyingArgument(accessedView(op)) != argument)
          return;
        auto load = dyn_cast<tile::LoadOp>(op);
        bool same = load && load.getView() == storeOp.getView() &&
                    load.getIndices() == storeOp.getIndices() &&
                    load.getType() == storeOp.getValue().getType() &&
                    readsSamePlaceOnly(root.value, load.getResult());
        if (!same && !llvm::is_contained(moved, op))
          moved.push_back(op);
      });
    for (Operation *op : moved)
      if (!inMemory(op->getResult(0)))
        materialise(op->getResult(0), buffers->allocate(cast<RankedTensorType>(
                                          op->getResult(0).getType())));
    // After the nest: the last pending root is where it is emitted.
    for (Operation *load : loads) {
      Value tile = load->getResult(0);
      if (underlyingArgument(accessedView(load)) != argument || inMemory(tile))
        continue;
      bool later = false;
      forEachRoot(tile, [&](OpOperand &use) {
        later |= llvm::none_of(pending,
                               [&](const Root &root) {
                                 return root.op == use.getOwner();
                               }) &&
                 isNeededAfter(use.get(), store.op);
      });
      if (later)
        materialise(tile,
                    buffers->allocate(cast<RankedTensorType>(tile.getType())));
    }
  }
}
