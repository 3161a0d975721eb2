//===- FuseColumnSums.cpp - kernels that sum the columns they store -------===//
//
// Before:  %dx = launch @dx(..)      128 x 24 blocks
//          %s = launch @sum_rows(%dx)           sums of 256 ranges of rows
//          launch @sum(%s, %bias)
// After:   %dx, %s = launch @dx(..)             sums of 128 blocks of rows
//          launch @sum(%s, %bias)
//
// A bias is added to a product, and its gradient sums the columns of the
// gradient of that: by a kernel of its own all of it would be read again. Where
// several kernels write columns of it, each leaves the sums of its own.
//
//===----------------------------------------------------------------------===//

#include "compiler/Schedule/Passes.h"
#include "compiler/Schedule/TargetModel.h"

#include "dialects/Model/Model.h"
#include "dialects/Tile/RowPitch.h"

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
/// A result of a launch whose columns are summed.
struct Part {
  tile::LaunchOp launch;
  unsigned result;
};

/// A launch that sums ranges of rows, the results that it sums, side by side,
/// and the launches that add up the ranges.
struct Site {
  SmallVector<Part> parts;
  tile::LaunchOp ranges;
  SmallVector<tile::LaunchOp> totals;
};

class Fuser {
public:
  Fuser(ModuleOp module, const TargetModel &model)
      : module(module), model(model), symbols(module),
        builder(module.getContext()) {}
  LogicalResult run();

private:
  tile::FuncOp kernelOf(tile::LaunchOp launch) {
    return symbols.lookup<tile::FuncOp>(launch.getKernel());
  }
  SmallVector<tile::LaunchOp> launchesOf(tile::FuncOp kernel);
  std::optional<Site> findSite(tile::LaunchOp ranges);
  std::string getRefusal(MutableArrayRef<Site> sites, int64_t &blocks);
  LogicalResult addSums(Site &site, int64_t blocks);
  LogicalResult rewrite(Site &site, int64_t blocks);
  FailureOr<tile::FuncOp> totalOf(tile::FuncOp kernel, RankedTensorType ranges);

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

/// Whether a kernel sums ranges of its operand's rows and does nothing else.
static bool isRangeSum(tile::FuncOp kernel) {
  auto sum = dyn_cast_or_null<model::SumRowsOp>(onlyOp(kernel));
  return sum && sum.getSplits() && kernel.getNumResults() == 1;
}

static bool leavesSums(tile::FuncOp kernel) {
  StringRef kind = kernel.getKind().value_or("");
  return kernel.getScheduleAttr() &&
         (kind == "gemm" || kind == "attention_query_grad" ||
          kind == "attention_key_value_grad");
}

SmallVector<tile::LaunchOp> Fuser::launchesOf(tile::FuncOp kernel) {
  SmallVector<tile::LaunchOp> launches;
  module.walk([&](tile::LaunchOp launch) {
    if (kernelOf(launch) == kernel)
      launches.push_back(launch);
  });
  return launches;
}

/// What a launch sums and who adds up its sums, if kernels that may leave sums
/// make the one and sums of columns do the other.
std::optional<Site> Fuser::findSite(tile::LaunchOp ranges) {
  Site site{{}, ranges, {}};
  Value summed = ranges.getInputs().front();
  SmallVector<Value> values = {summed};
  if (auto concat = summed.getDefiningOp<model::ConcatOp>())
    values.assign(concat.getInputs().begin(), concat.getInputs().end());
  for (Value value : values) {
    auto launch = value.getDefiningOp<tile::LaunchOp>();
    if (!launch || !leavesSums(kernelOf(launch)))
      return std::nullopt;
    site.parts.push_back({launch, cast<OpResult>(value).getResultNumber()});
  }
  for (OpOperand &use : ranges.getOutputs().front().getUses()) {
    auto launch = dyn_cast<tile::LaunchOp>(use.getOwner());
    if (!launch || kernelOf(launch).getKind() != "column_sum" ||
        use.getOperandNumber() != 0)
      return std::nullopt;
    site.totals.push_back(launch);
  }
  return site;
}

/// The rows of a kernel's blocks, and all of its results' rows.
static std::pair<int64_t, int64_t> getRows(const KernelShape &shape,
                                           const BlockSizes &sizes) {
  switch (shape.kind) {
  case KernelKind::Gemm:
    return {sizes.lookup("block_m"), shape.m};
  case KernelKind::AttentionQueryGrad:
    return {sizes.lookup("block_q"), shape.sequence};
  default:
    return {sizes.lookup("block_k"), shape.sequence};
  }
}

/// Why the kernels do not leave the sums; empty if they do, of `blocks` blocks
/// of rows.
std::string Fuser::getRefusal(MutableArrayRef<Site> sites, int64_t &blocks) {
  auto nameOf = [&](Part &part) { return part.launch.getKernel(); };
  Site &first = sites.front();
  for (Site &site : sites)
    if (!llvm::equal(site.parts, first.parts, [&](Part &a, Part &b) {
          return nameOf(a) == nameOf(b) && a.result == b.result;
        }))
      return "other launches sum what other kernels store";
  double cost = 0;
  llvm::SmallPtrSet<Operation *, 4> seen;
  for (Part &part : first.parts) {
    tile::FuncOp kernel = kernelOf(part.launch);
    size_t launches = launchesOf(kernel).size();
    if (launches != sites.size())
      return llvm::formatv("only {0} of the {1} launches of '{2}' are followed "
                           "by such sums",
                           sites.size(), launches, nameOf(part));
    FailureOr<KernelShape> shape = getKernelShape(kernel);
    if (failed(shape))
      return "a kernel has no known shape";
    BlockSizes sizes = getBlockSizes(kernel);
    auto [extent, rows] = getRows(*shape, sizes);
    if (!extent || rows % extent)
      return llvm::formatv("blocks of {0} rows do not divide the {1} of '{2}'",
                           extent, rows, nameOf(part));
    RankedTensorType type = typeOf(part.launch.getOutputs()[part.result]);
    int64_t columns = type.getShape().back();
    int64_t own = type.getNumElements() / columns / extent;
    if (blocks && own != blocks)
      return llvm::formatv("'{0}' has {1} blocks of rows, a kernel beside it "
                           "{2}",
                           nameOf(part), own, blocks);
    blocks = own;
    double before = model.estimate(*shape, sizes).microseconds;
    shape->summedElements += type.getNumElements();
    shape->blockSums += blocks * columns;
    shape->bytes += 4 * blocks * columns;
    shape->epilogueBytes += 4 * blocks * columns;
    cost += model.estimate(*shape, sizes).microseconds - before;
  }
  double spared =
      tile::getPredictedMicroseconds(kernelOf(first.ranges)).value_or(0);
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

/// Has the kernels of a site's parts return the sums, in the parts' order.
LogicalResult Fuser::addSums(Site &site, int64_t blocks) {
  int64_t pitch = 0;
  for (Part &part : site.parts)
    pitch += typeOf(part.launch.getOutputs()[part.result]).getShape().back();
  for (Part &part : site.parts) {
    tile::FuncOp kernel = kernelOf(part.launch);
    Operation *end = kernel.getBody().front().getTerminator();
    Value summed = end->getOperand(part.result);
    auto sums = RankedTensorType::get(
        {blocks, typeOf(summed).getShape().back()}, builder.getF32Type());
    builder.setInsertionPoint(end);
    Value sum =
        model::SumRowsOp::create(builder, site.ranges.getLoc(), sums, summed,
                                 builder.getI64IntegerAttr(blocks));
    end->insertOperands(end->getNumOperands(), sum);
    SmallVector<Type> results(kernel.getResultTypes());
    results.push_back(sums);
    kernel.setFunctionType(
        builder.getFunctionType(kernel.getArgumentTypes(), results));
    // Parts lie side by side.
    NamedAttrList attributes;
    if (site.parts.size() > 1)
      attributes.set(tile::kRowPitchName, builder.getI64IntegerAttr(pitch));
    SmallVector<Attribute> all(results.size() - 1,
                               builder.getDictionaryAttr({}));
    if (std::optional<ArrayAttr> known = kernel.getResAttrs())
      llvm::copy(*known, all.begin());
    all.push_back(attributes.getDictionary(builder.getContext()));
    kernel.setResAttrsAttr(builder.getArrayAttr(all));
    // The sums have the extent of its blocks.
    kernel->setAttr(kGivenName, builder.getUnitAttr());
    if (failed(recordEstimate(kernel, model)))
      return failure();
    remark::passed(
        kernel.getLoc(),
        remark::RemarkOpts::name("columns-fused").category("schedule"))
        << remark::add("{0}: sums the columns of what it stores: {1} bytes "
                       "less to read",
                       kernel.getSymName(),
                       typeOf(summed).getNumElements() *
                           typeOf(summed).getElementTypeBitWidth() / 8);
  }
  return success();
}

LogicalResult Fuser::rewrite(Site &site, int64_t blocks) {
  // Launches that give the sums, too; one may make several parts.
  llvm::MapVector<Operation *, tile::LaunchOp> launches;
  SmallVector<Value> sums;
  for (Part &part : site.parts) {
    tile::LaunchOp &next = launches[part.launch];
    unsigned known = part.launch.getNumResults();
    if (!next) {
      builder.setInsertionPoint(part.launch);
      next = tile::LaunchOp::create(
          builder, part.launch.getLoc(), kernelOf(part.launch).getResultTypes(),
          part.launch.getKernelAttr(), part.launch.getInputs());
    }
    unsigned before = llvm::count_if(
        ArrayRef(site.parts).take_front(sums.size()),
        [&](const Part &other) { return other.launch == part.launch; });
    sums.push_back(next.getOutputs()[known + before]);
  }
  Value all = sums.front();
  if (sums.size() > 1) {
    int64_t columns = 0;
    for (Value sum : sums)
      columns += typeOf(sum).getShape().back();
    builder.setInsertionPoint(site.ranges);
    all = model::ConcatOp::create(
        builder, site.ranges.getLoc(),
        RankedTensorType::get({blocks, columns}, builder.getF32Type()), sums);
  }
  for (tile::LaunchOp launch : site.totals) {
    FailureOr<tile::FuncOp> total = totalOf(kernelOf(launch), typeOf(all));
    if (failed(total))
      return failure();
    launch.setKernel(total->getSymName());
    launch->setOperand(0, all);
  }
  site.ranges.erase();
  for (auto &[op, next] : launches) {
    op->replaceAllUsesWith(next.getOutputs().take_front(op->getNumResults()));
    op->erase();
  }
  return success();
}

LogicalResult Fuser::run() {
  auto kernels = llvm::to_vector(module.getOps<tile::FuncOp>());
  llvm::SmallPtrSet<Operation *, 16> launched;
  module.walk(
      [&](tile::LaunchOp launch) { launched.insert(kernelOf(launch)); });
  for (tile::FuncOp kernel : kernels) {
    if (!isRangeSum(kernel))
      continue;
    SmallVector<tile::LaunchOp> launches = launchesOf(kernel);
    SmallVector<Site> sites;
    for (tile::LaunchOp launch : launches)
      if (std::optional<Site> site = findSite(launch))
        sites.push_back(std::move(*site));
    if (sites.empty() || sites.size() != launches.size())
      continue;
    int64_t blocks = 0;
    std::string refusal = getRefusal(sites, blocks);
    if (!refusal.empty()) {
      remark::missed(
          kernel.getLoc(),
          remark::RemarkOpts::name("columns-not-fused").category("schedule"))
          << remark::add("{0} stays a kernel of its own: {1}",
                         kernel.getSymName(), refusal);
      continue;
    }
    if (failed(addSums(sites.front(), blocks)))
      return failure();
    for (Site &site : sites)
      if (failed(rewrite(site, blocks)))
        return failure();
  }
  // Nobody launches some of the kernels any more.
  module.walk([&](tile::LaunchOp launch) { launched.erase(kernelOf(launch)); });
  for (Operation *kernel : launched)
    symbols.erase(kernel);
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
