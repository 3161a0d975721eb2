//===- Units.cpp - which parameters travel together -----------------------===//

#include "compiler/Distribution/Units.h"

#include "compiler/Distribution/Buckets.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llmc;

/// A layer of more buckets is cut into its blocks.
static constexpr int64_t kMostBuckets = 4;

/// "model.layers.3" of "model.layers.3.mlp.up_proj.weight"; empty for a name
/// without a number.
static StringRef getLayer(StringRef name) {
  size_t at = 0;
  while (at < name.size()) {
    size_t end = std::min(name.find('.', at), name.size());
    StringRef part = name.slice(at, end);
    if (!part.empty() && llvm::all_of(part, llvm::isDigit))
      return name.take_front(end);
    at = end + 1;
  }
  return {};
}

/// "model.layers.3.mlp" of the same and its layer.
static StringRef getBlock(StringRef name, StringRef layer) {
  return name.take_front(name.find('.', layer.size() + 1));
}

static int64_t countElements(train::VariableOp variable) {
  auto type = cast<RankedTensorType>(variable.getType());
  return llvm::alignTo(type.getNumElements(), kShardAlignment);
}

SmallVector<Unit> llmc::findUnits(ModuleOp module, int64_t limit) {
  SmallVector<train::VariableOp> variables;
  for (auto variable : module.getOps<train::VariableOp>())
    if (!variable.getConstant())
      variables.push_back(variable);
  llvm::sort(variables, [](auto a, auto b) {
    return static_cast<int64_t>(a.getOffset()) <
           static_cast<int64_t>(b.getOffset());
  });

  llvm::StringMap<int64_t> layerElements;
  for (train::VariableOp variable : variables)
    if (variable.getDecay())
      layerElements[getLayer(variable.getName())] += countElements(variable);
  auto findGroup = [&](StringRef name) {
    StringRef layer = getLayer(name);
    bool isLarge = layerElements.lookup(layer) > kMostBuckets * limit;
    return isLarge && !layer.empty() ? getBlock(name, layer) : layer;
  };

  SmallVector<Unit> units;
  StringRef group; // of the last unit, empty if it is none
  for (train::VariableOp variable : variables) {
    bool decays = variable.getDecay();
    StringRef own = decays ? findGroup(variable.getName()) : StringRef();
    int64_t elements = countElements(variable);
    bool joins = !units.empty() && units.back().decays == decays;
    if (joins && decays)
      joins = own == group &&
              (!own.empty() || units.back().elements + elements <= limit);
    if (!joins) {
      StringRef name = !decays       ? "norms and biases"
                       : own.empty() ? StringRef(variable.getName())
                                     : own;
      units.push_back({name.str(), decays, {}, 0});
      group = own;
    }
    units.back().variables.push_back(variable);
    units.back().elements += elements;
  }
  return units;
}
