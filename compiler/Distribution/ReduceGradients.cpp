//===- ReduceGradients.cpp - gradients are summed over ranks --------------===//
//
//   func.func @micro_step       ->   func.func @micro_step, as it was
//     tile.launch @a(.., %g1)        func.func @last_micro_step, and likewise
//                                    @only_micro_step of @first_micro_step
//     tile.launch @b(.., %g0)          tile.launch @a(.., %g1)
//     return %loss                     %p1 = dist.all_reduce_start bucket 1
//                                      tile.launch @b(.., %g0)
//                                      %p0 = dist.all_reduce_start bucket 0
//                                      dist.wait %p1, dist.wait %p0
//                                      return %loss
//
// After Fusion: which launch adds to a gradient last is known only then, and
// both functions launch the same kernels.
//
//===----------------------------------------------------------------------===//

#include "compiler/Distribution/Passes.h"
#include "dialects/Tile/Tile.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"

namespace llmc {
#define GEN_PASS_DEF_REDUCEGRADIENTS
#include "compiler/Distribution/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {

class GradientReducer {
public:
  GradientReducer(func::FuncOp function, dist::MeshOp mesh)
      : function(function), mesh(mesh),
        module(function->getParentOfType<ModuleOp>()), symbols(module),
        builder(function) {}

  /// Makes the function `name`.
  LogicalResult run(StringRef name);

private:
  /// The last launch that adds to a gradient of the bucket.
  tile::LaunchOp findLastWriter(dist::BucketOp bucket);
  Value start(dist::BucketOp bucket, Value range);
  void remarkOverlap(dist::BucketOp bucket, tile::LaunchOp writer);

  func::FuncOp function;
  dist::MeshOp mesh;
  ModuleOp module;
  SymbolTable symbols;
  OpBuilder builder;
  DenseMap<Operation *, int64_t> numberOf; // of each launch, from 0
  SmallVector<int64_t> flopsBehind;        // of the launches after each
};

} // namespace

tile::LaunchOp GradientReducer::findLastWriter(dist::BucketOp bucket) {
  auto begin = static_cast<int64_t>(bucket.getAt());
  int64_t end = begin + static_cast<int64_t>(bucket.getElements());
  tile::LaunchOp last;
  for (auto ref : function.getOps<train::RefOp>()) {
    if (ref.getSlot() != train::Slot::Gradient)
      continue;
    auto variable = symbols.lookup<train::VariableOp>(ref.getVariable());
    auto first = static_cast<int64_t>(variable.getOffset());
    int64_t behind =
        first + cast<ShapedType>(variable.getType()).getNumElements();
    if (behind <= begin || first >= end)
      continue;
    for (Operation *user : ref->getUsers())
      if (auto launch = dyn_cast<tile::LaunchOp>(user))
        if (!last || last->isBeforeInBlock(launch))
          last = launch;
  }
  return last;
}

Value GradientReducer::start(dist::BucketOp bucket, Value range) {
  auto type = cast<RankedTensorType>(range.getType());
  Location loc = range.getLoc();
  if (mesh.getZero() == 0)
    return dist::AllReduceStartOp::create(
        builder, loc, dist::PendingType::get(module.getContext(), type), range);
  int64_t shard = type.getNumElements() / mesh.getRanks();
  return dist::ReduceScatterStartOp::create(
      builder, loc,
      dist::PendingType::get(module.getContext(), type.clone({shard})), range);
}

void GradientReducer::remarkOverlap(dist::BucketOp bucket,
                                    tile::LaunchOp writer) {
  int64_t number = numberOf.lookup(writer);
  remark::analysis(writer.getLoc(),
                   remark::RemarkOpts::name("overlap").category("distribution"))
      << remark::add("gradients {0} to {1} are complete after launch {2} of "
                     "{3}: {4} launches with {5} flops run while they are "
                     "summed",
                     static_cast<int64_t>(bucket.getAt()), bucket.getEnd(),
                     number + 1, static_cast<int64_t>(numberOf.size()),
                     static_cast<int64_t>(numberOf.size()) - number - 1,
                     flopsBehind[number]);
}

LogicalResult GradientReducer::run(StringRef name) {
  builder.setInsertionPointAfter(function);
  function = cast<func::FuncOp>(builder.clone(*function));
  function.setSymName(name);
  for (auto [number, launch] :
       llvm::enumerate(function.getOps<tile::LaunchOp>()))
    numberOf[launch] = number;
  flopsBehind.assign(numberOf.size(), 0);
  int64_t flops = 0;
  for (Operation &op : llvm::reverse(function.getBody().front()))
    if (auto launch = dyn_cast<tile::LaunchOp>(op)) {
      flopsBehind[numberOf.lookup(launch)] = flops;
      if (auto own = symbols.lookup(launch.getKernel())
                         ->getAttrOfType<IntegerAttr>("flops"))
        flops += own.getInt();
    }

  // Buckets of one writer start in the order of storage.
  struct Ready {
    dist::BucketOp bucket;
    tile::LaunchOp writer;
  };
  SmallVector<Ready> ready;
  for (auto bucket : module.getOps<dist::BucketOp>()) {
    tile::LaunchOp writer = findLastWriter(bucket);
    if (!writer)
      return bucket.emitOpError("expected a launch in @micro_step that adds to "
                                "a gradient of this bucket, found none");
    ready.push_back({bucket, writer});
  }
  llvm::sort(ready, [&](Ready a, Ready b) {
    return std::make_pair(numberOf.lookup(a.writer), a.bucket.getAt()) <
           std::make_pair(numberOf.lookup(b.writer), b.bucket.getAt());
  });

  Block &body = function.getBody().front();
  builder.setInsertionPointToStart(&body);
  auto variables = module.getOps<train::VariableOp>();
  Type element = getElementTypeOrSelf((*variables.begin()).getType());
  auto flat = train::FlatOp::create(
      builder, function.getLoc(),
      RankedTensorType::get({dist::countStoredElements(module)}, element),
      train::Slot::Gradient);
  SmallVector<Value> pending;
  // Behind one another those of one writer, too.
  DenseMap<Operation *, Operation *> behind;
  for (auto [bucket, writer] : ready) {
    Operation *&place = behind[writer];
    builder.setInsertionPointAfter(place ? place : writer.getOperation());
    auto range = dist::RangeOp::create(
        builder, writer.getLoc(),
        RankedTensorType::get({static_cast<int64_t>(bucket.getElements())},
                              element),
        flat, bucket.getAt());
    pending.push_back(start(bucket, range));
    place = pending.back().getDefiningOp();
    remarkOverlap(bucket, writer);
  }
  builder.setInsertionPoint(body.getTerminator());
  for (Value value : pending)
    dist::WaitOp::create(builder, value.getLoc(), value);
  return success();
}

namespace {
struct ReduceGradients : llmc::impl::ReduceGradientsBase<ReduceGradients> {
  using ReduceGradientsBase::ReduceGradientsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    dist::MeshOp mesh = dist::findMesh(module);
    auto function = module.lookupSymbol<func::FuncOp>("micro_step");
    if (!mesh || module.getOps<dist::BucketOp>().empty() || !function) {
      module.emitError("expected a dist.mesh, dist.buckets and a function "
                       "@micro_step");
      return signalPassFailure();
    }
    if (failed(GradientReducer(function, mesh).run("last_micro_step")))
      return signalPassFailure();
    auto first = module.lookupSymbol<func::FuncOp>("first_micro_step");
    if (first && failed(GradientReducer(first, mesh).run("only_micro_step")))
      signalPassFailure();
  }
};
} // namespace
