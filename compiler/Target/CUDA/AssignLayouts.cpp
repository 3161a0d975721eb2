//===- AssignLayouts.cpp - a layout for every tile ------------------------===//
//
//   %s = tile.dot %a, %b, %c : .., tensor<64x64xf32>
//   %m = tile.reduce max %s axis 1
//   ==>
//   %s = tile.dot %a, %b, %c : .., tensor<64x64xf32, #mma>
//   %m = tile.reduce max %s axis 1 : .. -> tensor<64xf32, #slice of mma>
//
// Values that elementwise ops and loops tie together form a group and share a
// layout. Products fix the layouts of their groups, reductions and broadcasts
// carry them on; what is still free is blocked for wide memory accesses. Where
// a use wants another layout than its operand has, cuda.convert_layout stands
// between. Behind a loop of products all tiles are converted to rows of wide
// packs once, so that everything after it reads and writes whole sectors.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/LayoutGroups.h"
#include "compiler/Target/CUDA/LowerProducts.h"
#include "compiler/Target/CUDA/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace llmc {
#define GEN_PASS_DEF_CUDAASSIGNLAYOUTS
#include "compiler/Target/CUDA/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

static RankedTensorType tileType(Value value) {
  return dyn_cast<RankedTensorType>(value.getType());
}
static bool isTile(Value value) { return static_cast<bool>(tileType(value)); }

/// An operand in shared memory has no layout of registers; nor has a table
/// that is read element by element where it is used.
static bool hasLayout(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return true;
  if (op->hasAttr("cuda.stages"))
    return false;
  return !llvm::any_of(value.getUsers(), [](Operation *user) {
    return isa<tile::RepeatColumnsOp>(user);
  });
}

/// Cheaper to have once more than to convert.
static bool isRematerializable(Operation *op) {
  return isa<arith::ConstantOp, tile::SplatOp, tile::IotaOp, tile::BroadcastOp>(
             op) &&
         isTile(op->getResult(0));
}

/// Gives each use its own copy.
static void duplicateCheapTiles(tile::FuncOp func) {
  SmallVector<Operation *> ops;
  func.walk([&](Operation *op) {
    if (op->getNumResults() == 1 && isRematerializable(op))
      ops.push_back(op);
  });
  // Users first, so that a broadcast's copies each copy what it broadcasts.
  for (Operation *op : llvm::reverse(ops)) {
    SmallVector<OpOperand *> uses;
    for (OpOperand &use : op->getUses())
      uses.push_back(&use);
    for (OpOperand *use : llvm::drop_begin(uses)) {
      OpBuilder builder(op);
      builder.setInsertionPointAfter(op);
      use->set(builder.clone(*op)->getResult(0));
    }
  }
}

namespace {
class Assigner {
public:
  Assigner(tile::FuncOp func, int64_t threads) : func(func), threads(threads) {}
  LogicalResult run();

private:
  void insertConversions();
  void formGroups();
  LogicalResult anchorProducts();
  void propagate();
  void chooseRest();
  void setTypes();
  void convertMismatches();

  /// Calls back with (the tile of rank 2, the tile of rank 1, the axis that
  /// the latter lacks) for each op that relates such tiles.
  void forEachSlice(
      llvm::function_ref<void(OpOperand *, Value, Value, int64_t)> callback);

  int64_t scheduled(StringRef key, int64_t otherwise) {
    auto value = func.getScheduleAttr().getAs<IntegerAttr>(key);
    return value ? value.getInt() : otherwise;
  }
  /// Consecutive elements a thread should hold, for accesses of 16 bytes.
  int64_t vectorOf(int64_t rank);
  /// The distance that swap_halves moves columns by, times 2; 0 without.
  int64_t columnGroup();

  tile::FuncOp func;
  int64_t threads;
  LayoutGroups groups;
};
} // namespace

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

static bool multiplies(Operation *op) {
  return isa<scf::ForOp>(op) && op->walk([](tile::DotOp) {
                                    return WalkResult::interrupt();
                                  }).wasInterrupted();
}

void Assigner::insertConversions() {
  func.walk([&](scf::ForOp loop) {
    if (!multiplies(loop) || loop->getParentOfType<scf::ForOp>())
      return;
    OpBuilder builder(loop);
    builder.setInsertionPointAfter(loop);
    for (Value result : loop.getResults()) {
      // Another loop of products takes its tiles as they are.
      auto isOther = [](OpOperand &use) { return !multiplies(use.getOwner()); };
      if (!isTile(result) || tileType(result).getRank() != 2 ||
          llvm::none_of(result.getUses(), isOther))
        continue;
      auto convert = cuda::ConvertLayoutOp::create(builder, loop.getLoc(),
                                                   result.getType(), result);
      result.replaceUsesWithIf(convert.getResult(), [&](OpOperand &use) {
        return use.getOwner() != convert && isOther(use);
      });
    }
  });
}

void Assigner::formGroups() {
  func.walk([&](Operation *op) {
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      for (auto [init, arg, yielded, result] :
           llvm::zip_equal(loop.getInitArgs(), loop.getRegionIterArgs(),
                           loop.getYieldedValues(), loop.getResults()))
        if (isTile(arg)) {
          groups.unite(arg, init);
          groups.unite(arg, yielded);
          groups.unite(arg, result);
        }
    } else if (auto dot = dyn_cast<tile::DotOp>(op)) {
      groups.unite(dot.getAcc(), dot.getResult());
    } else if (op->hasTrait<OpTrait::Elementwise>() ||
               isa<tile::SwapHalvesOp>(op)) {
      for (Value operand : op->getOperands())
        if (isTile(operand) && isTile(op->getResult(0)))
          groups.unite(operand, op->getResult(0));
    }
  });
}

void Assigner::forEachSlice(
    llvm::function_ref<void(OpOperand *, Value, Value, int64_t)> callback) {
  func.walk([&](Operation *op) {
    if (auto reduce = dyn_cast<tile::ReduceOp>(op)) {
      if (tileType(reduce.getInput()).getRank() == 2)
        callback(nullptr, reduce.getInput(), reduce.getResult(),
                 reduce.getAxis());
    } else if (auto broadcast = dyn_cast<tile::BroadcastOp>(op)) {
      callback(&broadcast->getOpOperand(0), broadcast.getResult(),
               broadcast.getInput(), broadcast.getAxis());
    } else if (auto gather = dyn_cast<tile::GatherOp>(op)) {
      // A table's rows are numbered where the repeated tile is.
      Value tile = gather.getResult();
      for (Operation *user : gather->getUsers())
        if (auto repeat = dyn_cast<tile::RepeatColumnsOp>(user))
          tile = repeat.getResult();
      callback(&gather->getOpOperand(1), tile, gather.getRows(), 1);
    }
  });
}

//===----------------------------------------------------------------------===//
// Layouts
//===----------------------------------------------------------------------===//

int64_t Assigner::vectorOf(int64_t rank) {
  int64_t widest = 2;
  auto consider = [&](Value tile, Value view) {
    if (tileType(tile).getRank() == rank && hasLayout(tile))
      widest = std::max<int64_t>(
          widest,
          cast<MemRefType>(view.getType()).getElementTypeBitWidth() / 8);
  };
  func.walk([&](Operation *op) {
    if (auto load = dyn_cast<tile::LoadOp>(op))
      consider(load.getResult(), load.getView());
    else if (auto store = dyn_cast<tile::StoreOp>(op))
      consider(store.getValue(), store.getView());
    else if (auto gather = dyn_cast<tile::GatherOp>(op))
      consider(gather.getResult(), gather.getView());
  });
  return 16 / widest;
}

int64_t Assigner::columnGroup() {
  int64_t group = 0;
  func.walk([&](tile::SwapHalvesOp op) {
    group = std::max<int64_t>(group, op.getGroup());
  });
  return group;
}

LogicalResult Assigner::anchorProducts() {
  WarpGrid warps{scheduled("warps_m", threads / 32), scheduled("warps_n", 1)};
  int64_t group = columnGroup();
  WalkResult result = func.walk([&](tile::DotOp dot) {
    RankedTensorType type = tileType(dot.getResult());
    bool tensorCores = onTensorCores(dot);
    if (tensorCores && (type.getDimSize(0) % 16 || type.getDimSize(1) % 16)) {
      dot.emitOpError("of ")
          << type.getDimSize(0) << " x " << type.getDimSize(1)
          << " is no multiple of 16 x 16, which tensor "
             "cores multiply";
      return WalkResult::interrupt();
    }
    groups.suggest(dot.getResult(),
                   tensorCores ? Layout::mma(type.getShape(), warps, group)
                               : Layout::simt(type.getShape(), warps, group,
                                              dot.getTransposeB()));
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  int64_t vector = vectorOf(2);
  func.walk([&](cuda::ConvertLayoutOp convert) {
    groups.suggest(convert.getResult(),
                   groups.layoutOf(convert.getInput())->widen(vector));
  });
  return success();
}

void Assigner::propagate() {
  for (bool changed = true; changed;) {
    changed = false;
    forEachSlice([&](OpOperand *, Value tile, Value slice, int64_t axis) {
      if (std::optional<Layout> layout = groups.layoutOf(tile))
        changed |= groups.suggest(slice, layout->slice(axis));
    });
  }
}

void Assigner::chooseRest() {
  // Tiles first: vectors follow them.
  for (int64_t rank : {2, 1}) {
    int64_t vector = vectorOf(rank);
    func.walk([&](Operation *op) {
      for (Value value : op->getResults()) {
        RankedTensorType type = tileType(value);
        if (!type || type.getRank() != rank || !hasLayout(value))
          continue;
        int64_t last = type.getShape().back();
        groups.suggest(value, Layout::blocked(type.getShape(), threads,
                                              std::min(vector, last & -last)));
      }
    });
    propagate();
  }
}

static RankedTensorType withLayout(RankedTensorType type,
                                   const Layout &layout) {
  return RankedTensorType::get(type.getShape(), type.getElementType(),
                               layout.toAttribute(type.getContext()));
}

void Assigner::setTypes() {
  auto setType = [&](Value value) {
    RankedTensorType type = tileType(value);
    if (!type || !hasLayout(value))
      return;
    type = withLayout(type, *groups.layoutOf(value));
    if (auto constant = value.getDefiningOp<arith::ConstantOp>())
      constant.setValueAttr(
          cast<DenseElementsAttr>(constant.getValue()).reshape(type));
    value.setType(type);
  };
  func.walk([&](Operation *op) {
    for (Value result : op->getResults())
      setType(result);
    for (Region &region : op->getRegions())
      if (!isa<tile::FuncOp>(op))
        for (Value argument : region.getArguments())
          setType(argument);
  });
}

void Assigner::convertMismatches() {
  struct Mismatch {
    OpOperand *use;
    Layout wanted;
  };
  SmallVector<Mismatch> mismatches;
  forEachSlice([&](OpOperand *use, Value tile, Value slice, int64_t axis) {
    Layout wanted = groups.layoutOf(tile)->slice(axis);
    if (use && *groups.layoutOf(slice) != wanted)
      mismatches.push_back({use, wanted});
  });
  for (auto &[use, wanted] : mismatches) {
    OpBuilder builder(use->getOwner());
    Value value = use->get();
    use->set(cuda::ConvertLayoutOp::create(
        builder, value.getLoc(), withLayout(tileType(value), wanted), value));
  }
  // A reduction's result may have been claimed by another tile.
  func.walk([&](tile::ReduceOp reduce) {
    RankedTensorType input = tileType(reduce.getInput());
    if (input.getRank() != 2)
      return;
    Layout natural =
        groups.layoutOf(reduce.getInput())->slice(reduce.getAxis());
    if (*groups.layoutOf(reduce.getResult()) == natural)
      return;
    OpBuilder builder(reduce);
    builder.setInsertionPointAfter(reduce);
    RankedTensorType claimed = tileType(reduce.getResult());
    reduce.getResult().setType(withLayout(claimed, natural));
    auto convert = cuda::ConvertLayoutOp::create(builder, reduce.getLoc(),
                                                 claimed, reduce.getResult());
    reduce.getResult().replaceAllUsesExcept(convert.getResult(), convert);
  });
  // Products without tensor cores have wide packs already.
  SmallVector<cuda::ConvertLayoutOp> conversions;
  func.walk([&](cuda::ConvertLayoutOp op) { conversions.push_back(op); });
  for (cuda::ConvertLayoutOp op : conversions)
    if (op.getInput().getType() == op.getResult().getType()) {
      op.getResult().replaceAllUsesWith(op.getInput());
      op.erase();
    }
}

LogicalResult Assigner::run() {
  insertConversions();
  duplicateCheapTiles(func);
  formGroups();
  if (failed(anchorProducts()))
    return failure();
  propagate();
  chooseRest();
  setTypes();
  convertMismatches();
  return success();
}

namespace {
struct CudaAssignLayouts
    : llmc::impl::CudaAssignLayoutsBase<CudaAssignLayouts> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<tile::FuncOp>()) {
      DictionaryAttr schedule = func.getScheduleAttr();
      auto threads =
          schedule ? schedule.getAs<IntegerAttr>("threads") : IntegerAttr();
      if (!threads) {
        func.emitOpError("expected a schedule with `threads`");
        return signalPassFailure();
      }
      if (failed(Assigner(func, threads.getInt()).run()))
        return signalPassFailure();
    }
  }
};
} // namespace
