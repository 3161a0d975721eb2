//===- FuseColumnSums.cpp - products that sum their results' columns ------===//
//
// Before:  %dx = launch @dx(..)      128 x 24 blocks
//          %s = launch @sum_rows(%dx)           sums of 256 ranges of rows
//          launch @sum(%s, %bias)
// After:   %dx, %s = launch @dx(..)             sums of 128 blocks of rows
//          launch @sum(%s, %bias)
//
// A bias is added to a product, and its gradient sums the columns of the
// gradient of that: by a kernel of its own all of it would be read again.
//
//===----------------------------------------------------------------------===//

#include "compiler/Schedule/Passes.h"
#include "compiler/Schedule/TargetModel.h"

#include "dialects/Model/Model.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FormatVariadic.h"

namespace llmc {
#define GEN_PASS_DEF_FUSECOLUMNSUMS
#include "compiler/Schedule/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {
/// A launch of a product, the kernel that sums ranges of its result's rows, and
/// those that add up the ranges.
struct Site {
  tile::LaunchOp product, ranges;
  SmallVector<tile::LaunchOp> totals;
};

class Fuser {
public:
  Fuser(ModuleOp module, const TargetModel &model)
      : module(module), model(model), symbols(module),
        builder(module.getContext()) {}
  LogicalResult run();

private:
  bool isRangeSum(tile::LaunchOp launch);
  std::optional<Site> findSite(tile::LaunchOp product, unsigned result);
  std::string getRefusal(tile::FuncOp kernel, MutableArrayRef<Site> sites,
                         size_t launchCount, int64_t &blocks);
  LogicalResult fuse(tile::FuncOp kernel, unsigned result,
                     MutableArrayRef<Site> sites, int64_t blocks);
  FailureOr<tile::FuncOp> totalOf(tile::FuncOp kernel, RankedTensorType ranges);
  double microsecondsOf(StringRef kernel);

  ModuleOp module;
  const TargetModel &model;
  SymbolTable symbols;
  OpBuilder builder;
  llvm::DenseMap<std::pair<Operation *, Type>, tile::FuncOp> totals;
};
} // namespace

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// The one op of a kernel, if there is but one.
static Operation *onlyOp(tile::FuncOp kernel) {
  Block &body = kernel.getBody().front();
  return llvm::hasNItems(body, 2) ? &body.front() : nullptr;
}

/// Whether a launch sums ranges of its operand's rows and does nothing else.
bool Fuser::isRangeSum(tile::LaunchOp launch) {
  auto kernel = symbols.lookup<tile::FuncOp>(launch.getKernel());
  auto sum = dyn_cast_or_null<model::SumRowsOp>(onlyOp(kernel));
  return sum && sum.getSplits() && kernel.getNumResults() == 1;
}

/// What follows a launch of a product, if it may be fused.
std::optional<Site> Fuser::findSite(tile::LaunchOp product, unsigned result) {
  Site site{product, {}, {}};
  for (Operation *user : product.getResult(result).getUsers())
    if (auto launch = dyn_cast<tile::LaunchOp>(user);
        launch && isRangeSum(launch))
      site.ranges = launch;
  if (!site.ranges)
    return std::nullopt;
  for (OpOperand &use : site.ranges.getResult(0).getUses()) {
    auto launch = dyn_cast<tile::LaunchOp>(use.getOwner());
    auto kernel = launch ? symbols.lookup<tile::FuncOp>(launch.getKernel())
                         : tile::FuncOp();
    if (!kernel || kernel.getKind() != "column_sum" ||
        use.getOperandNumber() != 0)
      return std::nullopt;
    site.totals.push_back(launch);
  }
  return site;
}

double Fuser::microsecondsOf(StringRef kernel) {
  return tile::getPredictedMicroseconds(symbols.lookup<tile::FuncOp>(kernel))
      .value_or(0);
}

/// Why the product does not sum the columns of a result; empty if it does, by
/// `blocks` blocks of rows.
std::string Fuser::getRefusal(tile::FuncOp kernel, MutableArrayRef<Site> sites,
                              size_t launchCount, int64_t &blocks) {
  if (sites.size() != launchCount)
    return llvm::formatv("only {0} of its {1} launches are followed by one",
                         sites.size(), launchCount);
  FailureOr<KernelShape> shape = getKernelShape(kernel);
  if (failed(shape))
    return "it has no known shape";
  BlockSizes sizes = getBlockSizes(kernel);
  int64_t rows = sizes.lookup("block_m");
  if (!rows || shape->m % rows)
    return llvm::formatv("blocks of {0} rows do not divide its {1}", rows,
                         shape->m);
  blocks = shape->m / rows;
  double before = model.estimate(*shape, sizes).microseconds;
  shape->summedElements += shape->m * shape->n;
  shape->blockSums += blocks * shape->n;
  shape->bytes += 4 * blocks * shape->n;
  shape->epilogueBytes += 4 * blocks * shape->n;
  double cost = model.estimate(*shape, sizes).microseconds - before;
  double spared = microsecondsOf(sites.front().ranges.getKernel());
  if (cost < spared)
    return "";
  return llvm::formatv("it would take {0:f1} us longer, to read it again takes "
                       "{1:f1} us",
                       cost, spared);
}

/// The kernel that adds up `ranges` as `kernel` does its own.
FailureOr<tile::FuncOp> Fuser::totalOf(tile::FuncOp kernel,
                                       RankedTensorType ranges) {
  if (kernel.getArgumentTypes().front() == ranges)
    return kernel;
  tile::FuncOp &known = totals[{kernel, ranges}];
  if (known)
    return known;
  known = kernel.clone();
  known.setSymName((kernel.getSymName() + "_of_blocks").str());
  symbols.insert(known, std::next(kernel->getIterator()));
  known.getArgument(0).setType(ranges);
  SmallVector<Type> types(known.getArgumentTypes());
  types.front() = ranges;
  known.setFunctionType(builder.getFunctionType(types, known.getResultTypes()));
  known->setAttr(kPartOfName, kernel.getSymNameAttr());
  known.removeScheduleAttr();
  if (failed(scheduleKernel(known, model)))
    return failure();
  return known;
}

LogicalResult Fuser::fuse(tile::FuncOp kernel, unsigned result,
                          MutableArrayRef<Site> sites, int64_t blocks) {
  Operation *end = kernel.getBody().front().getTerminator();
  Value summed = end->getOperand(result);
  auto sums = RankedTensorType::get({blocks, typeOf(summed).getShape().back()},
                                    builder.getF32Type());
  builder.setInsertionPoint(end);
  Value sum =
      model::SumRowsOp::create(builder, sites.front().ranges.getLoc(), sums,
                               summed, builder.getI64IntegerAttr(blocks));
  end->insertOperands(end->getNumOperands(), sum);
  SmallVector<Type> results(kernel.getResultTypes());
  results.push_back(sums);
  kernel.setFunctionType(
      builder.getFunctionType(kernel.getArgumentTypes(), results));
  if (std::optional<ArrayAttr> attributes = kernel.getResAttrs()) {
    SmallVector<Attribute> extended(attributes->begin(), attributes->end());
    extended.push_back(builder.getDictionaryAttr({}));
    kernel.setResAttrsAttr(builder.getArrayAttr(extended));
  }
  // The sums have the extent of its blocks.
  kernel->setAttr(kGivenName, builder.getUnitAttr());
  if (failed(recordEstimate(kernel, model)))
    return failure();
  remark::passed(kernel.getLoc(),
                 remark::RemarkOpts::name("columns-fused").category("schedule"))
      << remark::add("{0}: sums the columns of what it stores: {1} bytes less "
                     "to read",
                     kernel.getSymName(),
                     typeOf(summed).getNumElements() *
                         typeOf(summed).getElementTypeBitWidth() / 8);

  for (Site &site : sites) {
    builder.setInsertionPoint(site.product);
    auto next = tile::LaunchOp::create(builder, site.product.getLoc(), results,
                                       site.product.getKernelAttr(),
                                       site.product.getInputs());
    for (tile::LaunchOp launch : site.totals) {
      FailureOr<tile::FuncOp> total =
          totalOf(symbols.lookup<tile::FuncOp>(launch.getKernel()), sums);
      if (failed(total))
        return failure();
      launch.setKernel(total->getSymName());
      launch->setOperand(0, next.getOutputs().back());
    }
    tile::LaunchOp ranges = site.ranges, product = site.product;
    ranges.erase();
    product.replaceAllUsesWith(next.getOutputs().drop_back());
    product.erase();
  }
  return success();
}

LogicalResult Fuser::run() {
  llvm::MapVector<Operation *, SmallVector<tile::LaunchOp>> launches;
  module.walk([&](tile::LaunchOp launch) {
    launches[symbols.lookup(launch.getKernel())].push_back(launch);
  });
  for (auto &[op, ofKernel] : launches) {
    auto kernel = cast<tile::FuncOp>(op);
    if (kernel.getKind() != "gemm" || !kernel.getScheduleAttr())
      continue;
    for (unsigned result = 0; result < kernel.getNumResults(); ++result) {
      SmallVector<Site> sites;
      for (tile::LaunchOp launch : ofKernel)
        if (std::optional<Site> site = findSite(launch, result))
          sites.push_back(std::move(*site));
      if (sites.empty())
        continue;
      int64_t blocks = 0;
      std::string refusal = getRefusal(kernel, sites, ofKernel.size(), blocks);
      if (!refusal.empty()) {
        remark::missed(
            kernel.getLoc(),
            remark::RemarkOpts::name("columns-not-fused").category("schedule"))
            << remark::add("{0}: a kernel of its own sums the columns of what "
                           "it stores: {1}",
                           kernel.getSymName(), refusal);
        continue;
      }
      if (failed(fuse(kernel, result, sites, blocks)))
        return failure();
      break; // its launches are others now
    }
  }
  // Nobody launches some of the kernels any more.
  llvm::SmallPtrSet<Operation *, 16> used;
  module.walk([&](tile::LaunchOp launch) {
    used.insert(symbols.lookup(launch.getKernel()));
  });
  for (auto &[op, ofKernel] : launches)
    if (!used.contains(op))
      symbols.erase(op);
  return success();
}

namespace {
struct FuseColumnSums : llmc::impl::FuseColumnSumsBase<FuseColumnSums> {
  using FuseColumnSumsBase::FuseColumnSumsBase;

  void runOnOperation() override {
    std::unique_ptr<TargetModel> model =
        createModel(getOperation().getLoc(), "cuda", arch);
    if (!model || failed(Fuser(getOperation(), *model).run()))
      signalPassFailure();
  }
};
} // namespace
