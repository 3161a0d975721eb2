//===- StructureOps.cpp - graph, parameter, repeat ------------------------===//

#include "dialects/Interfaces/FunctionSyntax.h"
#include "dialects/Model/Model.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace llmc::model;

//===----------------------------------------------------------------------===//
// graph, return
//===----------------------------------------------------------------------===//

ParseResult GraphOp::parse(OpAsmParser &parser, OperationState &result) {
  return llmc::parseFunction<GraphOp>(parser, result);
}

void GraphOp::print(OpAsmPrinter &printer) {
  llmc::printFunction(printer, *this);
}

LogicalResult GraphOp::verify() {
  Block &block = getBody().front();
  if (block.empty() || !isa<ReturnOp>(block.back()))
    return emitOpError("expected the body to end with 'model.return'");
  return success();
}

FailureOr<GraphOp> GraphOp::getOnly(ModuleOp module) {
  GraphOp only;
  for (auto graph : module.getOps<GraphOp>()) {
    if (!only) {
      only = graph;
      continue;
    }
    InFlightDiagnostic diagnostic =
        graph.emitError("expected one 'model.graph' in the module, found @")
        << only.getSymName() << " and @" << graph.getSymName();
    diagnostic.attachNote(only.getLoc()) << "the first is here";
    return diagnostic;
  }
  if (!only)
    return module.emitError(
        "expected one 'model.graph' in the module, found none");
  return only;
}

LogicalResult ReturnOp::verify() {
  auto graph = cast<GraphOp>((*this)->getParentOp());
  ArrayRef<Type> results = graph.getResultTypes();
  if (results.size() != getValues().size())
    return emitOpError("expected ")
           << results.size() << " values, one per result of the graph, found "
           << getValues().size();
  for (auto [index, value] : llvm::enumerate(getValues()))
    if (value.getType() != results[index])
      return emitOpError("value ")
             << index << " of type " << value.getType()
             << " does not match the graph's result type " << results[index];
  return success();
}

//===----------------------------------------------------------------------===//
// parameter, constant
//===----------------------------------------------------------------------===//

/// What parameters and constants have in common: a name and a static shape.
template <typename OpTy> static LogicalResult verifyStored(OpTy op) {
  if (op.getName().empty())
    return op.emitOpError("expected a name, found an empty string");
  // Programs have names as C strings, and print them.
  if (llvm::any_of(op.getName(),
                   [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    return op.emitOpError("expected a name without control characters");
  auto type = cast<RankedTensorType>(op.getValue().getType());
  if (!type.hasStaticShape())
    return op.emitOpError("expected a static shape, found ") << type;
  return success();
}

LogicalResult ParameterOp::verify() {
  if (failed(verifyStored(*this)))
    return failure();
  if (!isa<NormalAttr, OnesAttr, ZerosAttr>(getInit()))
    return emitOpError("expected init to be #model.normal, #model.ones or "
                       "#model.zeros, found ")
           << getInit();
  return success();
}

LogicalResult ConstantOp::verify() {
  if (failed(verifyStored(*this)))
    return failure();
  if (!isa<RopeCosAttr, RopeSinAttr>(getInit()))
    return emitOpError(
               "expected init to be #model.rope_cos or #model.rope_sin, found ")
           << getInit();
  auto type = cast<RankedTensorType>(getValue().getType());
  if (type.getRank() != 2 || type.getDimSize(1) % 2 != 0)
    return emitOpError("expected a table of rank 2 with an even number of "
                       "columns, found ")
           << type;
  return success();
}

//===----------------------------------------------------------------------===//
// repeat
//===----------------------------------------------------------------------===//

ParseResult RepeatOp::parse(OpAsmParser &parser, OperationState &result) {
  IntegerAttr count;
  StringAttr named;
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> inits;
  SmallVector<Type> types;
  Type i64 = parser.getBuilder().getI64Type();
  if (parser.parseAttribute(count, i64, getCountAttrName(result.name),
                            result.attributes) ||
      parser.parseKeyword("named") ||
      parser.parseAttribute(named, getNamedAttrName(result.name),
                            result.attributes))
    return failure();
  SMLoc assignments = parser.getCurrentLocation();
  if (parser.parseAssignmentList(arguments, inits))
    return failure();
  if (!inits.empty() && parser.parseColonTypeList(types))
    return failure();
  if (types.size() != inits.size())
    return parser.emitError(assignments, "expected ")
           << inits.size() << " types, found " << types.size();
  for (auto [argument, type] : llvm::zip_equal(arguments, types))
    argument.type = type;
  Region *body = result.addRegion();
  if (parser.resolveOperands(inits, types, assignments, result.operands) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
      parser.parseRegion(*body, arguments))
    return failure();
  result.addTypes(types);
  RepeatOp::ensureTerminator(*body, parser.getBuilder(), result.location);
  return success();
}

void RepeatOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getCount() << " named ";
  printer.printAttributeWithoutType(getNamedAttr());
  printer << " (";
  llvm::interleaveComma(llvm::zip_equal(getBody().getArguments(), getInits()),
                        printer, [&](auto pair) {
                          printer << std::get<0>(pair) << " = "
                                  << std::get<1>(pair);
                        });
  printer << ')';
  if (!getInits().empty())
    printer << " : " << getInits().getTypes();
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(), {getCountAttrName(), getNamedAttrName()});
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false,
                      /*printBlockTerminators=*/!getInits().empty());
}

LogicalResult RepeatOp::verify() {
  if (static_cast<int64_t>(getCount()) < 1)
    return emitOpError("expected a positive count, found ")
           << static_cast<int64_t>(getCount());
  if (getNamed().empty())
    return emitOpError("expected a name after 'named', found an empty string");
  TypeRange inits = getInits().getTypes();
  auto verifyTypes = [&](TypeRange types, StringRef what) -> LogicalResult {
    if (llvm::equal(types, inits))
      return success();
    return emitOpError("expected ") << what << " of the inits' types (" << inits
                                    << "), found (" << types << ")";
  };
  Block &body = getBody().front();
  if (body.empty() || !isa<YieldOp>(body.back()))
    return emitOpError("expected the body to end with 'model.yield'");
  auto yield = cast<YieldOp>(body.back());
  if (failed(verifyTypes(getBody().getArgumentTypes(), "arguments")) ||
      failed(verifyTypes(yield.getValues().getTypes(), "yielded values")) ||
      failed(verifyTypes(getResultTypes(), "results")))
    return failure();
  return success();
}
