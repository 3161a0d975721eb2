//===- VerifyStep.cpp - checks what Step promises -------------------------===//

#include "compiler/Step/Passes.h"
#include "compiler/Step/StepGraph.h"

namespace llmc {
#define GEN_PASS_DEF_VERIFYSTEP
#include "compiler/Step/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {

struct VerifyStep : llmc::impl::VerifyStepBase<VerifyStep> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    bool valid = true;
    module.walk([&](Operation *op) {
      if (!isa<model::GraphOp, model::ParameterOp, model::ConstantOp,
               model::RepeatOp>(op))
        return;
      op->emitOpError("is left after Step");
      valid = false;
    });
    auto precision = module->getAttrOfType<StringAttr>("llmc.precision");
    bool mixed = precision && precision.getValue() == "bf16";
    // Masters in bf16 have no copies to make.
    bool prepares = mixed && !module->hasAttr("llmc.masters");
    for (StringRef name : kStepFunctions)
      if ((prepares || name != "prepare") &&
          !module.lookupSymbol<func::FuncOp>(name)) {
        module.emitError("expected a function @") << name << " after Step";
        valid = false;
      }
    for (StringRef name : {"llmc.name", "llmc.precision"})
      if (!module->getAttrOfType<StringAttr>(name)) {
        module.emitError("expected a string attribute '")
            << name << "' after Step";
        valid = false;
      }
    for (StringRef name : {"llmc.batch", "llmc.sequence", "llmc.vocabulary"})
      if (!module->getAttrOfType<IntegerAttr>(name)) {
        module.emitError("expected an integer attribute '")
            << name << "' after Step";
        valid = false;
      }
    if (!valid)
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
