//===- SourceLocation.cpp - the model file's line of an operation ---------===//

#include "compiler/Support/SourceLocation.h"

#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;

std::string llmc::sourceLine(Location location) {
  std::string line;
  location->walk([&](Location part) {
    auto place = dyn_cast<FileLineColLoc>(part);
    if (!place)
      return WalkResult::advance();
    line = place.getFilename().str() + ":" + std::to_string(place.getLine());
    return WalkResult::interrupt();
  });
  return line;
}
