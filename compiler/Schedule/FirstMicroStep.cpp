//===- FirstMicroStep.cpp - the first micro-step stores its gradients -----===//
//
// Before:  @micro_step:        @dw: g += dy^T x
//          @update:            .. and sets g to zero, for the next step
// After:   @micro_step:        as before
//          @first_micro_step:  @dw_first: g = dy^T x
//          @update:            leaves g alone
//
// After the schedule: which kernels add to a gradient, and in which order, is
// known only then, and both functions launch kernels of the same block sizes,
// so that sums have the same bits in both.
//
//===----------------------------------------------------------------------===//

#include "compiler/Schedule/FirstTerms.h"
#include "compiler/Schedule/Passes.h"
#include "compiler/Schedule/TargetModel.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"

namespace llmc {
#define GEN_PASS_DEF_FIRSTMICROSTEP
#include "compiler/Schedule/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {
class FirstMicroStepBuilder {
public:
  FirstMicroStepBuilder(func::FuncOp microStep, const TargetModel &model)
      : microStep(microStep), symbols(microStep->getParentOfType<ModuleOp>()),
        model(model), builder(microStep) {}
  LogicalResult run();

private:
  FailureOr<tile::FuncOp> storingKernel(tile::FuncOp kernel,
                                        ArrayRef<unsigned> terms);
  FailureOr<tile::FuncOp> zeroingKernel(Location loc, Type type);
  LogicalResult zero(const FirstTerms::Partial &partial);

  func::FuncOp microStep;
  SymbolTable symbols;
  const TargetModel &model;
  OpBuilder builder;
  /// Of a kernel, those that store some terms of its sums.
  using Form = std::pair<SmallVector<unsigned, 1>, tile::FuncOp>;
  llvm::DenseMap<Operation *, SmallVector<Form, 1>> storing;
  llvm::DenseMap<Type, tile::FuncOp> zeroing;
};
} // namespace

/// The kernel with the ops `terms` storing what they add.
FailureOr<tile::FuncOp>
FirstMicroStepBuilder::storingKernel(tile::FuncOp kernel,
                                     ArrayRef<unsigned> terms) {
  for (auto &[known, form] : storing[kernel])
    if (ArrayRef(known) == terms)
      return form;
  tile::FuncOp form = kernel.clone();
  form.setSymName((kernel.getSymName() + "_first").str());
  form->setAttr(kPartOfName, kernel.getSymNameAttr());
  // Of the same block sizes, whatever is best for it.
  form->setAttr(kGivenName, builder.getUnitAttr());
  symbols.insert(form, std::next(kernel->getIterator()));
  for (auto [number, op] : llvm::enumerate(form.getBody().front())) {
    if (!llvm::is_contained(terms, number))
      continue;
    if (auto accumulate = dyn_cast<train::AccumulateOp>(op))
      accumulate.setFirst(true);
    else
      cast<train::AddOp>(op).setFirst(true);
  }
  if (failed(recordEstimate(form, model)))
    return failure();
  storing[kernel].push_back({SmallVector<unsigned, 1>(terms), form});
  return form;
}

FailureOr<tile::FuncOp> FirstMicroStepBuilder::zeroingKernel(Location loc,
                                                             Type type) {
  tile::FuncOp &kernel = zeroing[type];
  if (kernel)
    return kernel;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(microStep);
  kernel = tile::FuncOp::create(builder, loc, "zero", "flat", type);
  symbols.insert(kernel);
  Block &body = kernel.getBody().front();
  builder.setInsertionPointToEnd(&body);
  train::ZeroOp::create(builder, loc, body.getArgument(0));
  tile::ReturnOp::create(builder, loc, ValueRange());
  if (failed(scheduleKernel(kernel, model)))
    return failure();
  return kernel;
}

LogicalResult FirstMicroStepBuilder::zero(const FirstTerms::Partial &partial) {
  tile::LaunchOp launch = partial.launch;
  FailureOr<tile::FuncOp> kernel =
      zeroingKernel(launch.getLoc(), partial.storage.getType());
  if (failed(kernel))
    return failure();
  builder.setInsertionPoint(launch);
  tile::LaunchOp::create(builder, launch.getLoc(), TypeRange(),
                         FlatSymbolRefAttr::get(kernel->getSymNameAttr()),
                         partial.storage);
  return success();
}

LogicalResult FirstMicroStepBuilder::run() {
  auto function = microStep.clone();
  function.setSymName("first_micro_step");
  symbols.insert(function, std::next(microStep->getIterator()));
  FailureOr<FirstTerms> first = FirstTerms::find(function, symbols);
  if (failed(first))
    return failure();
  for (auto &[launch, terms] : first->terms) {
    auto kernel = symbols.lookup<tile::FuncOp>(launch.getKernel());
    FailureOr<tile::FuncOp> form = storingKernel(kernel, terms);
    if (failed(form))
      return failure();
    tile::LaunchOp stores = launch;
    stores.setKernel(form->getSymName());
  }
  for (const FirstTerms::Partial &partial : first->partials)
    if (failed(zero(partial)))
      return failure();
  remark::passed(
      microStep.getLoc(),
      remark::RemarkOpts::name("first-micro-step").category("schedule"))
      << remark::add("{0} launches store gradients that they add to in later "
                     "micro-steps, {1} gradients are zeroed before",
                     first->terms.size(), first->partials.size());
  return success();
}

namespace {
struct FirstMicroStep : llmc::impl::FirstMicroStepBase<FirstMicroStep> {
  using FirstMicroStepBase::FirstMicroStepBase;

  void runOnOperation() override {
    std::unique_ptr<TargetModel> model =
        createModel(getOperation().getLoc(), target, arch);
    auto microStep = getOperation().lookupSymbol<func::FuncOp>("micro_step");
    if (!model)
      return signalPassFailure();
    if (!microStep || microStep.isExternal())
      return;
    if (failed(FirstMicroStepBuilder(microStep, *model).run()))
      signalPassFailure();
  }
};
} // namespace
