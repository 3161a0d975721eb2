//===- ModelOps.td - operations of the model dialect ----------------------===//

#ifndef LLMC_DIALECTS_MODEL_MODELOPS_TD
#define LLMC_DIALECTS_MODEL_MODELOPS_TD

include "dialects/Model/ModelDialect.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"

class Model_Op<string mnemonic, list<Trait> traits = []>
    : Op<Model_Dialect, mnemonic, traits>;

/// An op without effects: everything except the structure ops.
class Model_PureOp<string mnemonic, list<Trait> traits = []>
    : Model_Op<mnemonic, !listconcat([Pure], traits)>;

def Model_Activation : RankedTensorOf<[AnyFloat]>;
def Model_Weight : RankedTensorOf<[AnyFloat]>;
def Model_Tokens : 2DTensorOf<[I32]>;
def Model_Loss : 0DTensorOf<[F32]>;

include "dialects/Model/StructureOps.td"
include "dialects/Model/ForwardOps.td"
include "dialects/Model/BackwardOps.td"
include "dialects/Model/LossOps.td"

#endif
