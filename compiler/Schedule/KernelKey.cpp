//===- KernelKey.cpp - what a schedule of a kernel is kept under ----------===//

#include "compiler/Schedule/KernelKey.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace llmc;

static void printTypes(llvm::raw_ostream &os, ArrayRef<Type> types) {
  os << "(";
  llvm::interleaveComma(types, os, [&](Type type) {
    auto tensor = cast<RankedTensorType>(type);
    for (int64_t extent : tensor.getShape())
      os << extent << "x";
    os << tensor.getElementType();
  });
  os << ")";
}

static void printOp(llvm::raw_ostream &os, Operation &op) {
  os << op.getName().stripDialect();
  DictionaryAttr attributes = op.getAttrDictionary();
  if (attributes.empty())
    return;
  os << " {";
  llvm::interleaveComma(attributes, os, [&](NamedAttribute entry) {
    os << entry.getName().getValue();
    if (isa<UnitAttr>(entry.getValue()))
      return;
    os << " = ";
    entry.getValue().print(os, /*elideType=*/true);
  });
  os << "}";
}

std::string llmc::getKernelKey(tile::FuncOp kernel) {
  std::string key;
  llvm::raw_string_ostream os(key);
  os << kernel.getKind().value_or("kernel") << ": ";
  llvm::interleaveComma(kernel.getBody().front().without_terminator(), os,
                        [&](Operation &op) { printOp(os, op); });
  os << ": ";
  printTypes(os, kernel.getArgumentTypes());
  os << " -> ";
  printTypes(os, kernel.getResultTypes());
  return key;
}

llvm::StringMap<std::string> llmc::getKernelKeys(ModuleOp module) {
  llvm::StringMap<std::string> keys;
  for (auto kernel : module.getOps<tile::FuncOp>())
    keys[kernel.getSymName()] = getKernelKey(kernel);
  return keys;
}
