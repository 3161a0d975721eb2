//===- FuseGradientNorm.cpp - squares where gradients are written ---------===//
//
// Before:  @micro_step: @dw: g += dy^T x
//          @update:     @sums: s = sums of squares of all gradients
//                       @norm: root of the sum of s
// After:   @micro_step: @dw: g += dy^T x, s[block] = sum of g^2 of the block
//          @update:     @norm: root of the sum of s
//
// Whoever writes a gradient last in a micro-step sees what the norm is of: the
// gradient with all that was accumulated before. A kernel that adds to some
// rows only, as that of an embedding does, replaces the sums of these rows; the
// other rows' are those of the kernel before it, or of an earlier micro-step.
//
//===----------------------------------------------------------------------===//

#include "compiler/Schedule/GradientSquares.h"
#include "compiler/Schedule/Passes.h"
#include "compiler/Schedule/TargetModel.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

namespace llmc {
#define GEN_PASS_DEF_FUSEGRADIENTNORM
#include "compiler/Schedule/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

// Places are aligned as tensors are: 64 bytes.
static constexpr int64_t kAlignment = 16;

namespace {
/// An accumulation of a kernel, and the partial sums that it is to write.
struct AddedSums {
  unsigned accumulation;
  RankedTensorType type;
  bool operator==(const AddedSums &other) const {
    return accumulation == other.accumulation && type == other.type;
  }
};

class NormFuser {
public:
  NormFuser(ModuleOp module, const TargetModel &model)
      : module(module), model(model), symbols(module),
        builder(module.getContext()) {}
  LogicalResult run();

private:
  int64_t place(RankedTensorType type);
  LogicalResult addToKernels();
  LogicalResult addSums(tile::FuncOp kernel, ArrayRef<AddedSums> sums);
  LogicalResult sumApart(train::VariableOp variable);
  LogicalResult rewriteNorm(bool clear);

  ModuleOp module;
  const TargetModel &model;
  SymbolTable symbols;
  OpBuilder builder;
  NormLaunches launches;
  int64_t squares = 0; // partial sums with a place
  /// What each launch is to write, and where.
  struct Addition {
    SmallVector<AddedSums, 1> sums;
    SmallVector<int64_t, 1> places;
  };
  llvm::MapVector<Operation *, Addition> additions;
  llvm::DenseMap<Type, tile::FuncOp> kernelsApart;
};
} // namespace

static remark::RemarkOpts remarkOptions(StringRef name) {
  return remark::RemarkOpts::name(name).category("schedule");
}

int64_t NormFuser::place(RankedTensorType type) {
  int64_t first = squares;
  squares = llvm::alignTo(squares + type.getNumElements(), kAlignment);
  return first;
}

/// Gives the kernel the partial sums as further arguments.
LogicalResult NormFuser::addSums(tile::FuncOp kernel,
                                 ArrayRef<AddedSums> sums) {
  auto accumulations =
      llvm::to_vector(kernel.getBody().getOps<train::AccumulateOp>());
  int64_t bytes = 0;
  for (const AddedSums &added : sums) {
    unsigned index = kernel.getNumArguments();
    if (failed(kernel.insertArgument(index, added.type, {}, kernel.getLoc())))
      return failure();
    train::AccumulateOp accumulate = accumulations[added.accumulation];
    accumulate.getSquaresMutable().assign(kernel.getArgument(index));
    bytes +=
        4 *
        cast<ShapedType>(accumulate.getStorage().getType()).getNumElements();
  }
  remark::passed(kernel.getLoc(), remarkOptions("squares-fused"))
      << remark::add("{0}: sums the squares of what it stores: {1} bytes of "
                     "gradient less to "
                     "read for the norm",
                     kernel.getSymName(), bytes);
  return recordEstimate(kernel, model);
}

LogicalResult NormFuser::addToKernels() {
  // The forms in which each kernel is launched, none of them included.
  using Form =
      std::pair<SmallVector<AddedSums, 1>, SmallVector<tile::LaunchOp>>;
  llvm::MapVector<Attribute, SmallVector<Form>> forms;
  module.walk([&](tile::LaunchOp launch) {
    SmallVector<AddedSums, 1> sums;
    if (auto found = additions.find(launch); found != additions.end())
      sums = found->second.sums;
    SmallVector<Form> &known = forms[launch.getKernelAttr().getAttr()];
    auto form = llvm::find_if(
        known, [&](const Form &other) { return other.first == sums; });
    if (form == known.end())
      form = known.insert(form, {sums, {}});
    form->second.push_back(launch);
  });
  for (auto &[name, list] : forms) {
    // Launches that are not the last to write keep the kernel as it is. Where
    // there are none, the last form becomes the kernel.
    auto left = llvm::count_if(
        list, [](const Form &form) { return !form.first.empty(); });
    bool isKept = left < static_cast<ptrdiff_t>(list.size());
    for (auto &[sums, formLaunches] : list) {
      if (sums.empty())
        continue;
      auto kernel = symbols.lookup<tile::FuncOp>(cast<StringAttr>(name));
      if (--left > 0 || isKept) {
        tile::FuncOp original = kernel;
        kernel = original.clone();
        kernel.setSymName((original.getSymName() + "_squares").str());
        kernel->setAttr(kPartOfName, original.getSymNameAttr());
        symbols.insert(kernel, std::next(original->getIterator()));
      }
      for (tile::LaunchOp launch : formLaunches) {
        builder.setInsertionPoint(launch);
        SmallVector<Value> inputs(launch.getInputs());
        const Addition &addition = additions[launch];
        for (auto [added, first] :
             llvm::zip_equal(addition.sums, addition.places))
          inputs.push_back(train::SquaresOp::create(builder, launch.getLoc(),
                                                    added.type, first));
        auto next = tile::LaunchOp::create(
            builder, launch.getLoc(), launch.getResultTypes(),
            FlatSymbolRefAttr::get(kernel.getSymNameAttr()), inputs);
        launch.replaceAllUsesWith(next.getOutputs());
        launch.erase();
      }
      // Launches were of the original while its type was theirs.
      if (failed(addSums(kernel, sums)))
        return failure();
    }
  }
  return success();
}

/// Sums the squares of one gradient by a kernel of @update.
LogicalResult NormFuser::sumApart(train::VariableOp variable) {
  auto type = cast<RankedTensorType>(variable.getType());
  int64_t sums = getSquaresApart(launches, type);
  auto partials = RankedTensorType::get({sums}, builder.getF32Type());
  Location loc = variable.getLoc();
  tile::FuncOp &kernel = kernelsApart[type];
  if (!kernel) {
    tile::FuncOp whole = launches.sumsKernel;
    builder.setInsertionPoint(whole);
    kernel =
        tile::FuncOp::create(builder, loc, (whole.getSymName() + "_part").str(),
                             *whole.getKind(), {type, partials});
    kernel->setAttr(kPartOfName, whole.getSymNameAttr());
    symbols.insert(kernel, whole->getIterator());
    Block &body = kernel.getBody().front();
    builder.setInsertionPointToEnd(&body);
    train::SumOfSquaresOp::create(builder, loc, body.getArgument(0),
                                  body.getArgument(1));
    tile::ReturnOp::create(builder, loc, ValueRange());
    if (failed(scheduleKernel(kernel, model)))
      return failure();
  }
  builder.setInsertionPoint(launches.sums);
  Value gradient = train::RefOp::create(
      builder, loc, type, variable.getSymName(), train::Slot::Gradient);
  Value handle =
      train::SquaresOp::create(builder, loc, partials, place(partials));
  tile::LaunchOp::create(builder, loc, TypeRange(),
                         FlatSymbolRefAttr::get(kernel.getSymNameAttr()),
                         ValueRange{gradient, handle});
  return success();
}

/// Has the norm add up all partial sums.
LogicalResult NormFuser::rewriteNorm(bool clear) {
  tile::FuncOp kernel = launches.normKernel;
  auto norm = *kernel.getBody().getOps<train::NormOp>().begin();
  auto argument = cast<BlockArgument>(norm.getSquares());
  auto all = RankedTensorType::get({squares}, builder.getF32Type());
  argument.setType(all);
  norm.setClear(clear);
  SmallVector<Type> types(kernel.getArgumentTypes());
  types[argument.getArgNumber()] = all;
  kernel.setFunctionType(
      builder.getFunctionType(types, kernel.getResultTypes()));
  builder.setInsertionPoint(launches.norm);
  Value handle =
      train::SquaresOp::create(builder, launches.norm.getLoc(), all, 0);
  Operation *before =
      launches.norm.getInputs()[argument.getArgNumber()].getDefiningOp();
  launches.norm.setOperand(argument.getArgNumber(), handle);
  launches.sums.erase();
  symbols.erase(launches.sumsKernel);
  if (before->use_empty())
    before->erase();
  if (kernel->hasAttr(kGivenName))
    return recordEstimate(kernel, model);
  kernel.removeScheduleAttr();
  return scheduleKernel(kernel, model);
}

LogicalResult NormFuser::run() {
  auto microStep = symbols.lookup<func::FuncOp>("micro_step");
  std::optional<NormLaunches> found = findNorm(symbols);
  if (!found || !microStep || microStep.isExternal())
    return success();
  launches = *found;
  bool clear = false;
  SmallVector<train::VariableOp> apart;
  for (GradientWriters &gradient : findGradientWriters(microStep, symbols)) {
    RankedTensorType type;
    std::string refusal = chooseSquares(gradient, launches, model, type);
    if (!refusal.empty()) {
      remark::missed(gradient.variable.getLoc(),
                     remarkOptions("squares-not-fused"))
          << remark::add("the squares of the gradient of '{0}' are summed by a "
                         "kernel of their own: {1}",
                         gradient.variable.getName(), refusal);
      apart.push_back(gradient.variable);
      continue;
    }
    clear |= gradient.isNeverWhole();
    int64_t first = place(type);
    for (GradientWriter &writer : gradient.writers) {
      Addition &addition = additions[writer.launch];
      addition.sums.push_back({writer.accumulation, type});
      addition.places.push_back(first);
    }
  }
  // One pass over everything is as good as many.
  if (additions.empty())
    return success();
  if (failed(addToKernels()))
    return failure();
  for (train::VariableOp variable : apart)
    if (failed(sumApart(variable)))
      return failure();
  return rewriteNorm(clear);
}

namespace {
struct FuseGradientNorm : llmc::impl::FuseGradientNormBase<FuseGradientNorm> {
  using FuseGradientNormBase::FuseGradientNormBase;

  void runOnOperation() override {
    std::unique_ptr<TargetModel> model =
        createModel(getOperation().getLoc(), target, arch);
    if (!model || failed(NormFuser(getOperation(), *model).run()))
      signalPassFailure();
  }
};
} // namespace
