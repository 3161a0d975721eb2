//===- Variables.cpp - where parameters and constants lie -----------------===//
//
// Parameters share one flat storage, and so do their gradients and moments, at
// the same offsets: the optimizer is then one pass over one array. Those with
// weight decay come first, so that decay is a comparison of the index.
//
//===----------------------------------------------------------------------===//

#include "compiler/Step/Variables.h"

#include "compiler/Step/StepGraph.h"
#include "dialects/Model/Model.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llmc;

namespace {

/// Elements to which every offset is aligned: 256 bytes of f32, a multiple of
/// the widest vector, of a cache line and of a GPU's memory transaction.
constexpr int64_t kAlignment = 64;

/// Gives out symbol names: the variable's own name unless it is taken.
class Symbols {
public:
  Symbols() {
    for (StringRef function : kStepFunctions)
      taken.insert(function);
  }

  std::string unique(StringRef name) {
    std::string symbol = name.str();
    for (unsigned i = 0; !taken.insert(symbol).second; ++i)
      symbol = (name + "_" + Twine(i)).str();
    return symbol;
  }

private:
  llvm::StringSet<> taken;
};

bool decays(model::ParameterOp parameter) {
  return cast<RankedTensorType>(parameter.getValue().getType()).getRank() >= 2;
}

} // namespace

Value Variables::createRef(OpBuilder &builder, Location loc, Value value,
                           train::Slot slot) const {
  train::VariableOp variable = ofValue.lookup(value);
  return train::RefOp::create(builder, loc, value.getType(),
                              variable.getSymName(), slot);
}

Value Variables::createFlat(OpBuilder &builder, Location loc,
                            train::Slot slot) const {
  bool isMoment = slot == train::Slot::Moment1 || slot == train::Slot::Moment2;
  Type element = slot == train::Slot::Compute ? Type(computeType)
                 : isMoment && momentType     ? Type(momentType)
                                              : elementType;
  return train::FlatOp::create(
      builder, loc, RankedTensorType::get({elements}, element), slot);
}

FailureOr<Variables> llmc::layOutVariables(OpBuilder &builder, Block &block) {
  Variables variables;
  Symbols symbols;
  model::ParameterOp first;

  // Every value gets its place in the map now, in order of occurrence; the
  // variables follow in order of layout.
  for (auto parameter : block.getOps<model::ParameterOp>()) {
    variables.ofValue[parameter.getValue()] = {};
    Type elementType = getElementTypeOrSelf(parameter.getValue());
    if (!first) {
      first = parameter;
      variables.elementType = elementType;
    } else if (elementType != variables.elementType) {
      InFlightDiagnostic diag = parameter.emitOpError("'")
                                << parameter.getName() << "' has elements "
                                << elementType << ", expected "
                                << variables.elementType
                                << " as in the other parameters";
      diag.attachNote(first.getLoc()) << "the first parameter is here";
      return diag;
    }
  }
  for (auto constant : block.getOps<model::ConstantOp>())
    variables.ofValue[constant.getValue()] = {};

  auto place = [&](auto op, bool constant, bool decay, int64_t &end) {
    variables.ofValue[op.getValue()] = train::VariableOp::create(
        builder, op.getLoc(), symbols.unique(op.getName()), op.getName(),
        op.getValue().getType(), op.getInit(), constant, decay, end);
    int64_t elements =
        cast<RankedTensorType>(op.getValue().getType()).getNumElements();
    end = llvm::alignTo(end + elements, kAlignment);
  };
  for (bool decay : {true, false}) {
    for (auto parameter : block.getOps<model::ParameterOp>())
      if (decays(parameter) == decay)
        place(parameter, /*constant=*/false, decay, variables.elements);
    if (decay)
      variables.decayElements = variables.elements;
  }
  int64_t constantElements = 0;
  for (auto constant : block.getOps<model::ConstantOp>())
    place(constant, /*constant=*/true, /*decay=*/false, constantElements);
  return variables;
}
