//===- PlanDialect.cpp - the plan dialect ---------------------------------===//

#include "dialects/Plan/Plan.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "dialects/Plan/PlanDialect.cpp.inc"
#include "dialects/Plan/PlanEnums.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Plan/PlanTypes.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/Plan/PlanOps.cpp.inc"

using namespace mlir;
using namespace llmc::plan;

void PlanDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Plan/PlanTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Plan/PlanOps.cpp.inc"
      >();
}

LogicalResult ArenaOp::verify() {
  int64_t alignment = getAlignment();
  if (alignment < 1 || (alignment & (alignment - 1)) != 0)
    return emitOpError("alignment ") << alignment << " is not a power of two";
  if (static_cast<int64_t>(getBytes()) < 0)
    return emitOpError("has ") << static_cast<int64_t>(getBytes()) << " bytes";
  return success();
}

/// Bytes from the first element to the end of the last one.
static int64_t getSpan(MemRefType type) {
  auto [strides, offset] = type.getStridesAndOffset();
  int64_t last = 0;
  for (auto [extent, stride] : llvm::zip_equal(type.getShape(), strides))
    last += (extent - 1) * stride;
  return (last + 1) * type.getElementTypeBitWidth() / 8;
}

LogicalResult ViewOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  auto arena =
      symbolTable.lookupNearestSymbolFrom<ArenaOp>(*this, getArenaAttr());
  if (!arena)
    return emitOpError("'") << getArena() << "' is not a plan.arena";
  auto type = cast<MemRefType>(getResult().getType());
  int64_t end = getOffset() + getSpan(type);
  if (end > static_cast<int64_t>(arena.getBytes()))
    return emitOpError("ends at byte ")
           << end << ", the arena has " << arena.getBytes();
  if (!getWhole())
    return success();
  auto whole = getWhole().getDefiningOp<ViewOp>();
  if (!whole)
    return emitOpError("expected a whole that is a plan.view, too");
  auto wholeType = cast<MemRefType>(whole.getResult().getType());
  int64_t wholeEnd = whole.getOffset() + getSpan(wholeType);
  if (whole.getArena() != getArena() || getOffset() < whole.getOffset() ||
      end > wholeEnd)
    return emitOpError("bytes ")
           << getOffset() << " to " << end << " of '" << getArena()
           << "' are no part of bytes " << whole.getOffset() << " to "
           << wholeEnd << " of '" << whole.getArena() << "'";
  return success();
}

ViewOp ViewOp::getRoot() {
  ViewOp view = *this;
  while (view.getWhole())
    view = view.getWhole().getDefiningOp<ViewOp>();
  return view;
}

static LogicalResult verifyKernel(Operation *op, FlatSymbolRefAttr name,
                                  SymbolTableCollection &symbolTable) {
  if (!isa_and_nonnull<FunctionOpInterface>(
          symbolTable.lookupNearestSymbolFrom(op, name)))
    return op->emitOpError("kernel '") << name.getValue() << "' is not defined";
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  return verifyKernel(*this, getKernelAttr(), symbolTable);
}

LogicalResult StartOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  return getAddsAttr() ? verifyKernel(*this, getAddsAttr(), symbolTable)
                       : success();
}

LogicalResult StartOp::verify() {
  Type source = getElementTypeOrSelf(getSource());
  Type destination = getElementTypeOrSelf(getDestination());
  if (source != destination)
    return emitOpError("expected one element type, found ")
           << source << " and " << destination;
  bool sums = getKind() != CollectiveKind::AllGather;
  if (sums != bool(getScratch()))
    return emitOpError(sums ? "expected a scratch for the other ranks' parts, "
                              "found none"
                            : "expected no scratch, as nothing is summed");
  if (getAdds() && !sums)
    return emitOpError("expected no kernel, as nothing is summed");
  if (getKind() == CollectiveKind::AllReduce && getSource() != getDestination())
    return emitOpError("expected one place as source and destination");
  return success();
}

LogicalResult CopyOp::verify() {
  auto type = cast<MemRefType>(getSource().getType());
  if (!type.getLayout().isIdentity())
    return emitOpError("expected bytes without gaps, found ") << type;
  return success();
}

LogicalResult CopyOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  bool toDevice = getDirection() == CopyDirection::ToDevice;
  for (auto [place, host, what] :
       {std::tuple(getSource(), toDevice, "source"),
        std::tuple(getDestination(), !toDevice, "destination")}) {
    auto view = place.getDefiningOp<ViewOp>();
    auto arena = view ? symbolTable.lookupNearestSymbolFrom<ArenaOp>(
                            *this, view.getArenaAttr())
                      : ArenaOp();
    if (!arena)
      return emitOpError("expected plan.views as places");
    if (arena.getHost() != host)
      return emitOpError("expected a ")
             << what << " on the " << (host ? "host" : "device") << ", found '"
             << view.getArena() << "'";
  }
  return success();
}
