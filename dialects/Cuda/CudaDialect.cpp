//===- CudaDialect.cpp - the cuda dialect: structure ----------------------===//

#include "dialects/Cuda/Cuda.h"

#include "dialects/Interfaces/FunctionSyntax.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include "dialects/Cuda/CudaDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Cuda/CudaAttributes.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/Cuda/CudaOps.cpp.inc"

using namespace mlir;
using namespace llmc::cuda;

namespace {
/// Layouts are long: they get names at the top of the file.
struct LayoutAliases : OpAsmDialectInterface {
  using OpAsmDialectInterface::OpAsmDialectInterface;

  AliasResult getAlias(Attribute attribute, raw_ostream &os) const override {
    if (!isa<LayoutAttr>(attribute))
      return AliasResult::NoAlias;
    os << "layout";
    return AliasResult::FinalAlias;
  }
};
} // namespace

void CudaDialect::initialize() {
  addInterfaces<LayoutAliases>();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Cuda/CudaAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Cuda/CudaOps.cpp.inc"
      >();
}

std::optional<MemorySpace> llmc::cuda::getMemorySpace(MemRefType type) {
  if (!type.getMemorySpace())
    return Global;
  auto space = dyn_cast<IntegerAttr>(type.getMemorySpace());
  for (MemorySpace known : {Global, Shared, Registers})
    if (space && space.getInt() == known)
      return known;
  return std::nullopt;
}

bool llmc::cuda::isGlobal(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  return memref && getMemorySpace(memref) == Global;
}

bool llmc::cuda::isShared(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  return memref && getMemorySpace(memref) == Shared && memref.getRank() == 1 &&
         memref.hasStaticShape() && memref.getElementType().isInteger(8);
}

bool llmc::cuda::isRegisters(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  return memref && getMemorySpace(memref) == Registers &&
         memref.getRank() == 1 && memref.hasStaticShape();
}

//===----------------------------------------------------------------------===//
// KernelOp
//===----------------------------------------------------------------------===//

ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) {
  return llmc::parseFunction<KernelOp>(parser, result);
}

void KernelOp::print(OpAsmPrinter &printer) {
  llmc::printFunction(printer, *this);
}

//===----------------------------------------------------------------------===//
// UnrollOp
//===----------------------------------------------------------------------===//

void UnrollOp::build(OpBuilder &builder, OperationState &state, int64_t extent,
                     int64_t step) {
  state.addAttribute("extent", builder.getI64IntegerAttr(extent));
  state.addAttribute("step", builder.getI64IntegerAttr(step));
  Region *region = state.addRegion();
  region->emplaceBlock().addArgument(builder.getIndexType(), state.location);
}

ParseResult UnrollOp::parse(OpAsmParser &parser, OperationState &state) {
  OpAsmParser::Argument index;
  index.type = parser.getBuilder().getIndexType();
  int64_t extent = 0, step = 1;
  if (parser.parseArgument(index) || parser.parseKeyword("to") ||
      parser.parseInteger(extent))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("step")) &&
      parser.parseInteger(step))
    return failure();
  state.addAttribute("extent", parser.getBuilder().getI64IntegerAttr(extent));
  state.addAttribute("step", parser.getBuilder().getI64IntegerAttr(step));
  if (parser.parseOptionalAttrDictWithKeyword(state.attributes) ||
      parser.parseRegion(*state.addRegion(), index))
    return failure();
  return success();
}

void UnrollOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getIndex() << " to " << getExtent();
  if (getStep() != 1)
    printer << " step " << getStep();
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(),
                                           {"extent", "step"});
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

SmallVector<Region *> UnrollOp::getLoopRegions() { return {&getBody()}; }

//===----------------------------------------------------------------------===//
// LayoutAttr
//===----------------------------------------------------------------------===//

/// [[0, 1], [2, 0]]: bases of the same number of coordinates.
static ParseResult parseBases(AsmParser &parser, StringRef name, int64_t &rank,
                              SmallVectorImpl<int64_t> &bases) {
  if (parser.parseKeyword(name) || parser.parseEqual())
    return failure();
  return parser.parseCommaSeparatedList(
      AsmParser::Delimiter::Square, [&]() -> ParseResult {
        SmallVector<int64_t> basis;
        SMLoc loc = parser.getCurrentLocation();
        if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
              return parser.parseInteger(basis.emplace_back());
            }))
          return failure();
        if (rank == 0)
          rank = basis.size();
        if (static_cast<int64_t>(basis.size()) != rank)
          return parser.emitError(loc) << "basis has " << basis.size()
                                       << " coordinates, expected " << rank;
        bases.append(basis);
        return success();
      });
}

Attribute LayoutAttr::parse(AsmParser &parser, Type) {
  int64_t rank = 0;
  SmallVector<int64_t> registers, lanes, warps, repeat;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parseBases(parser, "registers", rank, registers) ||
      parser.parseComma() || parseBases(parser, "lanes", rank, lanes) ||
      parser.parseComma() || parseBases(parser, "warps", rank, warps) ||
      parser.parseComma() || parser.parseKeyword("repeat") ||
      parser.parseEqual() ||
      parser.parseCommaSeparatedList(
          AsmParser::Delimiter::Square,
          [&] { return parser.parseInteger(repeat.emplace_back()); }) ||
      parser.parseGreater())
    return {};
  auto emitError = [&] { return parser.emitError(loc); };
  return LayoutAttr::getChecked(emitError, parser.getContext(),
                                static_cast<int64_t>(repeat.size()), registers,
                                lanes, warps, repeat);
}

static void printBases(AsmPrinter &printer, StringRef name, int64_t rank,
                       ArrayRef<int64_t> bases) {
  printer << name << " = [";
  for (size_t i = 0; i < bases.size(); i += rank) {
    printer << (i ? ", [" : "[");
    llvm::interleaveComma(bases.slice(i, rank), printer);
    printer << ']';
  }
  printer << "], ";
}

void LayoutAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printBases(printer, "registers", getRank(), getRegisters());
  printBases(printer, "lanes", getRank(), getLanes());
  printBases(printer, "warps", getRank(), getWarps());
  printer << "repeat = [";
  llvm::interleaveComma(getRepeat(), printer);
  printer << "]>";
}

LogicalResult LayoutAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t rank, ArrayRef<int64_t> registers,
                                 ArrayRef<int64_t> lanes,
                                 ArrayRef<int64_t> warps,
                                 ArrayRef<int64_t> repeat) {
  if (rank < 1 || rank > 2 || static_cast<int64_t>(repeat.size()) != rank)
    return emitError() << "layout of rank " << rank << " with " << repeat.size()
                       << " repetitions, expected rank 1 or 2";
  for (ArrayRef<int64_t> bases : {registers, lanes, warps}) {
    if (bases.size() % rank != 0)
      return emitError() << "layout of rank " << rank << " has " << bases.size()
                         << " coordinates in its bases";
    for (int64_t coordinate : bases)
      if (coordinate < 0 ||
          (coordinate &&
           !llvm::isPowerOf2_64(static_cast<uint64_t>(coordinate))))
        return emitError() << "basis coordinate " << coordinate
                           << " is neither 0 nor a power of two";
  }
  for (int64_t count : repeat)
    if (count < 1)
      return emitError() << "repetition " << count << " is not positive";
  return success();
}
