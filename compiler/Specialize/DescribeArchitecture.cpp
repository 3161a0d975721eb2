//===- DescribeArchitecture.cpp - what checkpoints say of themselves ------===//
//
//   module { model.graph @m .. }
// becomes
//   module attributes {llmc.config = "{ \"architectures\": [..] .. }"} { .. }
// or, where transformers has no class for it,
//   module attributes {llmc.no_config = "line 12: LlamaForCausalLM needs .."}
//
//===----------------------------------------------------------------------===//

#include "compiler/Specialize/Architecture.h"
#include "compiler/Specialize/Passes.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"

namespace llmc {
#define GEN_PASS_DEF_DESCRIBEARCHITECTURE
#include "compiler/Specialize/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {

struct DescribeArchitecture
    : llmc::impl::DescribeArchitectureBase<DescribeArchitecture> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto graphs = module.getOps<model::GraphOp>();
    // llmc-verify-specialized reports what is wrong with the module.
    if (!llvm::hasSingleElement(graphs))
      return;
    Builder builder(module.getContext());
    std::string mismatch;
    FailureOr<DecoderModel> model = matchDecoder(*graphs.begin(), mismatch);
    FailureOr<std::string> config = failure();
    if (succeeded(model))
      config = describeArchitecture(*model, mismatch);
    if (succeeded(config)) {
      module->setAttr("llmc.config", builder.getStringAttr(*config));
      return;
    }
    module->setAttr("llmc.no_config", builder.getStringAttr(mismatch));
    remark::missed((*graphs.begin()).getLoc(),
                   remark::RemarkOpts::name("no-config").category("specialize"))
        << remark::add("no config.json for transformers: {0}", mismatch);
  }
};

} // namespace
