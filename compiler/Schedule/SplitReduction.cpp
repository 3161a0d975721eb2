//===- SplitReduction.cpp - more blocks for deep, small products ----------===//
//
// Before:  @dw: g += dy^T x                       36 blocks on 128 SMs
// After:   @dw_partial: p[s] = dy[s]^T x[s]       36 blocks for each s
//          @dw_sum:     g += sum of p[s], in order
//
//===----------------------------------------------------------------------===//

#include "compiler/Schedule/Passes.h"
#include "compiler/Schedule/TargetModel.h"

#include "dialects/Model/Model.h"
#include "dialects/Train/Train.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/SymbolTable.h"

namespace llmc {
#define GEN_PASS_DEF_SPLITREDUCTION
#include "compiler/Schedule/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

static constexpr int64_t kMostParts = 16;
// Every block_k divides such a part of the depth.
static constexpr int64_t kDepthStep = 64;
// What a prediction must gain to be believed.
static constexpr double kGain = 0.95;
// Partial sums that stay in L2 are read several times as fast as from DRAM.
static constexpr double kCachedCost = 0.3;

namespace {
/// A kernel that accumulates a weight's gradient and does nothing else.
struct Candidate {
  tile::FuncOp kernel;
  model::LinearWeightGradOp product;
  train::AccumulateOp accumulate;
};

class Splitter {
public:
  Splitter(ModuleOp module, const Chip &chip)
      : module(module), chip(chip), model(createCudaModel(chip)),
        symbols(module) {}
  LogicalResult run();

private:
  int64_t chooseParts(const KernelShape &shape, double whole) const;
  tile::FuncOp createKernel(const Candidate &candidate, StringRef suffix,
                            StringRef kind, TypeRange arguments,
                            TypeRange results);
  LogicalResult split(const Candidate &candidate, int64_t parts);

  ModuleOp module;
  const Chip &chip;
  std::unique_ptr<TargetModel> model;
  SymbolTable symbols;
};
} // namespace

static std::optional<Candidate> match(tile::FuncOp kernel) {
  Block &body = kernel.getBody().front();
  if (kernel.getKind() != "gemm" ||
      llvm::range_size(body.without_terminator()) != 2 ||
      kernel.getNumResults() != 0)
    return std::nullopt;
  auto product = dyn_cast<model::LinearWeightGradOp>(body.front());
  auto accumulate = dyn_cast<train::AccumulateOp>(*std::next(body.begin()));
  if (!product || product.getSplits() || !accumulate ||
      accumulate.getValue() != product.getOutput())
    return std::nullopt;
  for (Value value :
       {product.getInput(), product.getGrad(), accumulate.getStorage()})
    if (!isa<BlockArgument>(value))
      return std::nullopt;
  return Candidate{kernel, product, accumulate};
}

std::string llmc::findSplitFault(tile::FuncOp kernel, const KernelShape &shape,
                                 int64_t splits) {
  if (splits == 1)
    return "";
  if (!match(kernel))
    return "only a product that is added to a weight's gradient, and nothing "
           "else, can be cut into `splits`";
  if (splits < 1 || splits > kMostParts || shape.k % (splits * kDepthStep))
    return "`splits` of " + std::to_string(splits) + " do not cut a depth of " +
           std::to_string(shape.k) + " into up to " +
           std::to_string(kMostParts) + " multiples of " +
           std::to_string(kDepthStep);
  return "";
}

/// Into how many parts to cut the depth: 1 for none.
int64_t Splitter::chooseParts(const KernelShape &shape, double whole) const {
  int64_t best = 1, result = shape.m * shape.n * 4;
  double least = kGain * whole;
  for (int64_t parts = 2; parts <= kMostParts; ++parts) {
    if (shape.k % (parts * kDepthStep))
      continue;
    KernelShape partial = shape;
    partial.k /= parts;
    partial.splits = parts;
    partial.bytes += (parts - 2) * result;
    partial.epilogueBytes = parts * result;
    KernelShape sum{KernelKind::ColumnSum};
    sum.rows = parts;
    sum.elements = shape.m * shape.n;
    bool cached = 2 * parts * result < chip.l2Bytes;
    sum.bytes = 2 * result + parts * result * (cached ? kCachedCost : 1.0);
    double time =
        model->choose(partial).microseconds + model->choose(sum).microseconds;
    if (time < least)
      std::tie(best, least) = std::pair(parts, time);
  }
  return best;
}

tile::FuncOp Splitter::createKernel(const Candidate &candidate,
                                    StringRef suffix, StringRef kind,
                                    TypeRange arguments, TypeRange results) {
  tile::FuncOp before = candidate.kernel;
  OpBuilder builder(before);
  auto kernel = tile::FuncOp::create(builder, before.getLoc(),
                                     (before.getSymName() + suffix).str(), kind,
                                     arguments, results);
  symbols.insert(kernel);
  kernel->setAttr(kPartOfName, before.getSymNameAttr());
  return kernel;
}

LogicalResult Splitter::split(const Candidate &candidate, int64_t parts) {
  tile::FuncOp before = candidate.kernel;
  model::LinearWeightGradOp product = candidate.product;
  train::AccumulateOp accumulate = candidate.accumulate;
  auto weight = cast<RankedTensorType>(product.getOutput().getType());
  OpBuilder builder(module.getContext());
  auto partials =
      RankedTensorType::get({parts, weight.getDimSize(0), weight.getDimSize(1)},
                            builder.getF32Type());

  tile::FuncOp partial = createKernel(
      candidate, "_partial", "gemm",
      {product.getInput().getType(), product.getGrad().getType()}, partials);
  Block &body = partial.getBody().front();
  builder.setInsertionPointToEnd(&body);
  Value products = model::LinearWeightGradOp::create(
      builder, product.getLoc(), partials, body.getArgument(0),
      body.getArgument(1), product.getTransposedAttr(),
      builder.getI64IntegerAttr(parts));
  tile::ReturnOp::create(builder, before.getLoc(), products);
  // The sizes that were given are those of the product, in parts or not.
  if (before->hasAttr(kGivenName))
    partial.setScheduleAttr(before.getScheduleAttr());

  // The sum over the first of three dimensions is that of a batch.
  tile::FuncOp sum =
      createKernel(candidate, "_sum", "column_sum",
                   {partials, accumulate.getStorage().getType()}, {});
  Block &sumBody = sum.getBody().front();
  builder.setInsertionPointToEnd(&sumBody);
  Value total = model::PositionEmbeddingGradOp::create(
      builder, product.getLoc(),
      RankedTensorType::get(weight.getShape(), builder.getF32Type()),
      sumBody.getArgument(0));
  train::AccumulateOp::create(builder, accumulate.getLoc(), total,
                              sumBody.getArgument(1));
  tile::ReturnOp::create(builder, before.getLoc(), ValueRange());
  if (failed(scheduleKernel(partial, *model)) ||
      failed(scheduleKernel(sum, *model)))
    return failure();

  auto indexOf = [](Value value) {
    return cast<BlockArgument>(value).getArgNumber();
  };
  llvm::SmallVector<tile::LaunchOp> launches;
  module.walk([&](tile::LaunchOp launch) {
    if (launch.getKernel() == before.getSymName())
      launches.push_back(launch);
  });
  for (tile::LaunchOp launch : launches) {
    builder.setInsertionPoint(launch);
    auto input = [&](Value value) {
      return launch.getInputs()[indexOf(value)];
    };
    auto first = tile::LaunchOp::create(
        builder, launch.getLoc(), TypeRange(partials),
        FlatSymbolRefAttr::get(partial.getSymNameAttr()),
        ValueRange{input(product.getInput()), input(product.getGrad())});
    tile::LaunchOp::create(
        builder, launch.getLoc(), TypeRange(),
        FlatSymbolRefAttr::get(sum.getSymNameAttr()),
        ValueRange{first.getOutputs().front(), input(accumulate.getStorage())});
    launch.erase();
  }
  return success();
}

LogicalResult Splitter::run() {
  for (tile::FuncOp kernel : llvm::to_vector(module.getOps<tile::FuncOp>())) {
    std::optional<Candidate> candidate = match(kernel);
    std::optional<double> whole = tile::getPredictedMicroseconds(kernel);
    if (!candidate || !whole)
      continue;
    FailureOr<KernelShape> shape = getKernelShape(kernel);
    if (failed(shape))
      return failure();
    auto wish = kernel->getAttrOfType<IntegerAttr>(kSplitsName);
    // Who gives sizes and no splits wants none.
    if (kernel->hasAttr(kGivenName) && !wish)
      continue;
    int64_t parts = wish ? wish.getInt() : chooseParts(*shape, *whole);
    kernel->removeAttr(kSplitsName);
    if (parts == 1)
      continue;
    if (failed(split(*candidate, parts)))
      return failure();
    remark::passed(kernel.getLoc(),
                   remark::RemarkOpts::name("split").category("schedule"))
        << remark::add(
               "{0}: depth {1} cut into {2} parts, which are summed in "
               "order: {3:f2} of the GPU filled before",
               kernel.getSymName(), shape->k, parts,
               kernel->getAttrOfType<FloatAttr>("fill").getValueAsDouble());
    symbols.erase(kernel);
  }
  return success();
}

namespace {
struct SplitReduction : llmc::impl::SplitReductionBase<SplitReduction> {
  using SplitReductionBase::SplitReductionBase;

  void runOnOperation() override {
    const Chip *chip = findChip(getOperation().getLoc(), arch);
    if (!chip || failed(Splitter(getOperation(), *chip).run()))
      signalPassFailure();
  }
};
} // namespace
