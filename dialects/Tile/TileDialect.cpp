//===- TileDialect.cpp - the tile dialect: structure ops ------------------===//

#include "dialects/Tile/Tile.h"

#include "dialects/Interfaces/FunctionSyntax.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "dialects/Tile/TileDialect.cpp.inc"
#include "dialects/Tile/TileEnums.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/Tile/TileOps.cpp.inc"

using namespace mlir;
using namespace llmc::tile;

void TileDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/Tile/TileOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// FuncOp
//===----------------------------------------------------------------------===//

/// A kernel whose body has its arguments and no ops yet.
void FuncOp::build(OpBuilder &builder, OperationState &state, StringRef name,
                   StringRef kind, TypeRange arguments, TypeRange results) {
  state.addAttribute(getSymNameAttrName(state.name),
                     builder.getStringAttr(name));
  state.addAttribute(
      getFunctionTypeAttrName(state.name),
      TypeAttr::get(builder.getFunctionType(arguments, results)));
  state.addAttribute(getKindAttrName(state.name), builder.getStringAttr(kind));
  Block &body = state.addRegion()->emplaceBlock();
  body.addArguments(arguments,
                    SmallVector<Location>(arguments.size(), state.location));
}

static constexpr StringLiteral kPredictedName = "predicted_us";

std::optional<double> llmc::tile::getPredictedMicroseconds(Operation *kernel) {
  if (auto time = kernel->getAttrOfType<FloatAttr>(kPredictedName))
    return time.getValueAsDouble();
  return std::nullopt;
}

void llmc::tile::setPredictedMicroseconds(Operation *kernel, double time) {
  kernel->setAttr(kPredictedName, Builder(kernel).getF64FloatAttr(time));
}

ParseResult FuncOp::parse(OpAsmParser &parser, OperationState &result) {
  return llmc::parseFunction<FuncOp>(parser, result);
}

void FuncOp::print(OpAsmPrinter &printer) {
  llmc::printFunction(printer, *this);
}

LogicalResult FuncOp::verify() {
  if (auto grid = getGrid()) {
    if (grid->size() != 3)
      return emitOpError("grid has ") << grid->size() << " extents, expected 3";
    for (int64_t extent : *grid)
      if (extent < 1)
        return emitOpError("grid extent ") << extent << " is not positive";
  }
  if (auto pairs = getInplace()) {
    if (pairs->size() % 2 != 0)
      return emitOpError("inplace lists pairs [result, argument], found ")
             << pairs->size() << " numbers";
    // After Tiling the results are trailing arguments, so only the argument
    // side can be checked at every stage.
    for (size_t i = 1; i < pairs->size(); i += 2)
      if ((*pairs)[i] < 0 || (*pairs)[i] >= getNumArguments())
        return emitOpError("inplace names argument ")
               << (*pairs)[i] << ", the kernel has " << getNumArguments();
  }
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  auto kernel =
      symbolTable.lookupNearestSymbolFrom<FuncOp>(*this, getKernelAttr());
  if (!kernel)
    return emitOpError("kernel '") << getKernel() << "' is not a tile.func";
  FunctionType type = kernel.getFunctionType();
  if (!llvm::equal(type.getInputs(), getInputs().getTypes()) ||
      !llvm::equal(type.getResults(), getOutputs().getTypes())) {
    InFlightDiagnostic diagnostic =
        emitOpError("operand and result types do not match the kernel's ")
        << type;
    diagnostic.attachNote(kernel.getLoc()) << "kernel defined here";
    return diagnostic;
  }
  return success();
}
