//===- DistRules.cpp - collectives and transfers --------------------------===//

#include "compiler/Fusion/Rules/Rules.h"
#include "dialects/Dist/Dist.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::dist;

namespace {
/// A wait has no tensor as operand, and no kernel a row domain of it.
template <typename ConcreteOp>
struct CollectiveRule
    : FusionOpInterface::ExternalModel<CollectiveRule<ConcreteOp>, ConcreteOp> {
  OpFamily getFusionFamily(Operation *) const { return OpFamily::Collective; }
  OperandAccess getOperandAccess(Operation *, unsigned) const {
    return OperandAccess::Whole;
  }
  RankedTensorType getRowDomainType(Operation *) const { return {}; }
};
} // namespace

void llmc::registerDistRules(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, DistDialect *) {
    AllReduceStartOp::attachInterface<CollectiveRule<AllReduceStartOp>>(
        *context);
    ReduceScatterStartOp::attachInterface<CollectiveRule<ReduceScatterStartOp>>(
        *context);
    AllGatherStartOp::attachInterface<CollectiveRule<AllGatherStartOp>>(
        *context);
    ToDeviceStartOp::attachInterface<CollectiveRule<ToDeviceStartOp>>(*context);
    ToHostStartOp::attachInterface<CollectiveRule<ToHostStartOp>>(*context);
    WaitOp::attachInterface<CollectiveRule<WaitOp>>(*context);
  });
}
