//===- InFlight.cpp - what is under way at an op of a plan ----------------===//

#include "compiler/Distribution/InFlight.h"

using namespace mlir;
using namespace llmc;

void InFlight::begin(Operation *start, Value token, Value source,
                     Value destination, std::string what) {
  pending.push_back({start, token, getExtent(source, ranks),
                     getExtent(destination, ranks), std::move(what)});
}

void InFlight::end(plan::WaitOp wait) {
  llvm::erase_if(pending, [&](const Pending &other) {
    return other.token == wait.getPending();
  });
}

LogicalResult InFlight::verifyFree(Operation *op, Value shared) {
  for (Value place : op->getOperands()) {
    if (place == shared)
      continue;
    Extent extent = getExtent(place, ranks);
    for (const Pending &other : pending) {
      if (!extent.overlaps(other.source) && !extent.overlaps(other.destination))
        continue;
      InFlightDiagnostic diagnostic = op->emitOpError("touches bytes ")
                                      << extent.begin << " to " << extent.end
                                      << " of '" << extent.arena << "' before "
                                      << other.what << " is waited for";
      diagnostic.attachNote(other.start->getLoc()) << "it is started here";
      return diagnostic;
    }
  }
  return success();
}

LogicalResult InFlight::verifyOneWait(Operation *start, Value token) {
  int64_t waits = llvm::range_size(token.getUses());
  if (waits != 1)
    return start->emitOpError("expected one plan.wait for it, found ") << waits;
  return success();
}
