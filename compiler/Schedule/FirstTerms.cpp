//===- FirstTerms.cpp - what begins the sums of a micro-step --------------===//

#include "compiler/Schedule/FirstTerms.h"

#include "dialects/Dist/Dist.h"
#include "dialects/Model/Model.h"

using namespace mlir;
using namespace llmc;

namespace {
/// Elements [begin, end) of the storage of all gradients.
struct Elements {
  int64_t begin, end;
};

class Finder {
public:
  explicit Finder(SymbolTable &symbols) : symbols(symbols) {}
  LogicalResult visit(tile::LaunchOp launch);

  FirstTerms found;

private:
  std::optional<Elements> findGradients(Value handle);
  /// Whether nobody has worked on the elements before; from now on somebody
  /// has.
  FailureOr<bool> begin(tile::LaunchOp launch, Elements elements);

  SymbolTable &symbols;
  SmallVector<Elements> begun; // apart from each other
};
} // namespace

/// The gradients that a value is a handle on; none for other values.
std::optional<Elements> Finder::findGradients(Value handle) {
  int64_t count = cast<ShapedType>(handle.getType()).getNumElements();
  int64_t first = 0;
  while (auto range = handle.getDefiningOp<dist::RangeOp>()) {
    first += static_cast<int64_t>(range.getFirst());
    handle = range.getStorage();
  }
  if (auto ref = handle.getDefiningOp<train::RefOp>();
      ref && ref.getSlot() == train::Slot::Gradient)
    first += static_cast<int64_t>(
        symbols.lookup<train::VariableOp>(ref.getVariable()).getOffset());
  else if (auto flat = handle.getDefiningOp<train::FlatOp>();
           !flat || flat.getSlot() != train::Slot::Gradient)
    return std::nullopt;
  return Elements{first, first + count};
}

FailureOr<bool> Finder::begin(tile::LaunchOp launch, Elements elements) {
  bool isFirst = true;
  for (Elements &other : begun) {
    if (other.end <= elements.begin || elements.end <= other.begin)
      continue;
    if (elements.begin < other.begin || other.end < elements.end)
      return launch.emitOpError("works on gradients ")
             << elements.begin << " to " << elements.end
             << ", expected to find all of them written, or none, found "
             << other.begin << " to " << other.end << " written";
    isFirst = false;
  }
  if (isFirst)
    begun.push_back(elements);
  return isFirst;
}

/// Whether what is added has a value for each element of the storage. The rows
/// of other tokens, and those beyond the sequence, are left alone.
static bool reachesAll(train::AccumulateOp accumulate) {
  Operation *term = accumulate.getValue().getDefiningOp();
  if (auto positions =
          dyn_cast_if_present<model::PositionEmbeddingGradOp>(term)) {
    auto grad = cast<ShapedType>(positions.getGrad().getType());
    auto table = cast<ShapedType>(positions.getOutput().getType());
    return grad.getDimSize(1) == table.getDimSize(0);
  }
  return !isa_and_present<model::EmbeddingGradOp>(term);
}

LogicalResult Finder::visit(tile::LaunchOp launch) {
  auto kernel = symbols.lookup<tile::FuncOp>(launch.getKernel());
  for (auto [number, op] : llvm::enumerate(kernel.getBody().front()))
    for (OpOperand &operand : op.getOpOperands()) {
      auto argument = dyn_cast<BlockArgument>(operand.get());
      if (!argument)
        continue;
      Value handle = launch.getInputs()[argument.getArgNumber()];
      std::optional<Elements> elements = findGradients(handle);
      if (!elements)
        continue;
      FailureOr<bool> isFirst = begin(launch, *elements);
      if (failed(isFirst))
        return failure();
      if (!*isFirst || isa<train::ZeroOp>(op))
        continue;
      auto accumulate = dyn_cast<train::AccumulateOp>(op);
      bool stores =
          operand.getOperandNumber() == 1 &&
          (isa<train::AddOp>(op) || (accumulate && reachesAll(accumulate)));
      if (stores)
        found.terms[launch].push_back(number);
      else
        found.partials.push_back({handle, launch});
    }
  return success();
}

FailureOr<FirstTerms> FirstTerms::find(func::FuncOp function,
                                       SymbolTable &symbols) {
  Finder finder(symbols);
  for (auto launch : function.getBody().front().getOps<tile::LaunchOp>())
    if (failed(finder.visit(launch)))
      return failure();
  return std::move(finder.found);
}
