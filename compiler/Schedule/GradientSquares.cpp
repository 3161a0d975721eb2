//===- GradientSquares.cpp - may kernels sum a gradient's squares? --------===//

#include "compiler/Schedule/GradientSquares.h"

#include "mlir/IR/Builders.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llmc;

// A range of a gradient that is worth a block.
static constexpr int64_t kRange = 4096;

std::optional<NormLaunches> llmc::findNorm(SymbolTable &symbols) {
  NormLaunches launches;
  auto update = symbols.lookup<func::FuncOp>("update");
  if (!update || update.isExternal())
    return std::nullopt;
  for (auto launch : update.getBody().front().getOps<tile::LaunchOp>()) {
    auto kernel = symbols.lookup<tile::FuncOp>(launch.getKernel());
    for (Operation &op : kernel.getBody().front()) {
      if (auto sum = dyn_cast<train::SumOfSquaresOp>(op)) {
        // On several ranks the sums are of shards of gradients that were summed
        // over ranks: what a kernel writes is no part of the norm.
        auto flat = launch.getInputs().front().getDefiningOp<train::FlatOp>();
        if (!flat || flat.getSlot() != train::Slot::Gradient)
          return std::nullopt;
        launches.sums = launch;
        launches.sumsKernel = kernel;
        launches.splits =
            cast<ShapedType>(sum.getSquares().getType()).getNumElements();
      } else if (isa<train::NormOp>(op)) {
        launches.norm = launch;
        launches.normKernel = kernel;
      }
    }
  }
  if (!launches.sums || !launches.norm)
    return std::nullopt;
  return launches;
}

int64_t llmc::getSquaresApart(const NormLaunches &launches,
                              RankedTensorType gradient) {
  return std::min(launches.splits,
                  llvm::divideCeilSigned(gradient.getNumElements(), kRange));
}

/// Blocks that a kernel's grid has for each row of what it computes.
static int64_t getParts(const KernelShape &shape, const BlockSizes &blocks) {
  return shape.kind == KernelKind::Gemm ? getGrid(shape, blocks)[0] : 1;
}

/// Why no kernel can leave the partial sums of `gradient`; empty if those that
/// remain among its writers can, in the form of `type`.
static std::string getRefusal(GradientWriters &gradient,
                              RankedTensorType &type) {
  if (!gradient.refusal.empty())
    return gradient.refusal;
  auto storage = cast<RankedTensorType>(gradient.variable.getType());
  if (!storage.getElementType().isF32())
    return "it is not f32";
  gradient.dropOverwritten();
  int64_t parts = 1, blocks = 1;
  for (GradientWriter &writer : gradient.writers) {
    FailureOr<KernelShape> shape = getKernelShape(writer.kernel);
    if (failed(shape))
      return "its kernel has no known shape";
    if (writer.someRows)
      continue;
    BlockSizes sizes = getBlockSizes(writer.kernel);
    std::string kernel = "the blocks of '" + writer.kernel.getSymName().str();
    switch (shape->kind) {
    case KernelKind::Gemm:
      break;
    case KernelKind::Rows:
      if (shape->splits || sizes.lookup("block_columns"))
        return kernel + "' do not hold what they store";
      break;
    case KernelKind::ColumnSum:
      if (gradient.hasSomeRows())
        return kernel + "' do not hold rows, and another kernel adds to some "
                        "rows only";
      break;
    default:
      return "no kernel of the kind of '" + writer.kernel.getSymName().str() +
             "' sums squares";
    }
    parts = getParts(*shape, sizes);
    // Blocks that share a product's depth store one after another.
    blocks = llvm::product_of(*writer.kernel.getGrid()) /
             std::max<int64_t>(sizes.lookup("split_k"), 1);
  }
  SmallVector<int64_t> extents = {blocks};
  if (gradient.hasSomeRows())
    extents = {parts, storage.getDimSize(0)};
  type = RankedTensorType::get(extents, Float32Type::get(storage.getContext()));
  return "";
}

/// What speaks against partial sums of `type`: they may cost more time than
/// another pass over the gradient. Empty if they do not.
static std::string getCostRefusal(GradientWriters &gradient,
                                  const NormLaunches &launches,
                                  const TargetModel &model,
                                  RankedTensorType type) {
  auto storage = cast<RankedTensorType>(gradient.variable.getType());
  int64_t elements = storage.getNumElements();
  int64_t sums = type.getNumElements();
  KernelShape pass{KernelKind::Flat};
  pass.elements = elements;
  pass.partials = getSquaresApart(launches, storage);
  pass.bytes = 4 * (elements + pass.partials);
  // The schedules of these the model is free to choose.
  auto estimate = [&](const KernelShape &shape) {
    return model.choose(shape).microseconds;
  };
  auto adding = [&](int64_t count) {
    KernelShape norm{KernelKind::Reduce};
    norm.elements = count;
    norm.bytes = 4 * count;
    return estimate(norm);
  };
  double spared = estimate(pass) + adding(pass.partials);
  double cost = adding(sums);
  for (GradientWriter &writer : gradient.writers) {
    KernelShape shape = *getKernelShape(writer.kernel);
    BlockSizes sizes = getBlockSizes(writer.kernel);
    double before = model.estimate(shape, sizes).microseconds;
    int64_t rows = writer.someRows ? shape.rows : 0;
    shape.summedElements += rows ? rows * shape.columns : elements;
    shape.blockSums += rows ? rows * type.getDimSize(0) : sums;
    shape.bytes += 4 * shape.blockSums;
    shape.epilogueBytes += 4 * shape.blockSums;
    cost += model.estimate(shape, sizes).microseconds - before;
  }
  if (cost <= spared)
    return "";
  return llvm::formatv("{0} partial sums of its writers would take {1:f1} us, "
                       "to read it again takes {2:f1} us",
                       sums, cost, spared);
}

std::string llmc::chooseSquares(GradientWriters &gradient,
                                const NormLaunches &launches,
                                const TargetModel &model,
                                RankedTensorType &type) {
  std::string refusal = getRefusal(gradient, type);
  return refusal.empty() ? getCostRefusal(gradient, launches, model, type)
                         : refusal;
}
