//===- GradientWriters.cpp - who writes a gradient in a micro-step --------===//

#include "compiler/Schedule/GradientWriters.h"

#include "dialects/Model/Model.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace llmc;

bool GradientWriters::hasSomeRows() const {
  return llvm::any_of(
      writers, [](const GradientWriter &writer) { return writer.someRows; });
}

bool GradientWriters::isNeverWhole() const {
  return llvm::all_of(
      writers, [](const GradientWriter &writer) { return writer.someRows; });
}

void GradientWriters::dropOverwritten() {
  for (size_t i = writers.size(); i-- > 0;)
    if (!writers[i].someRows) {
      writers.erase(writers.begin(), writers.begin() + i);
      return;
    }
}

/// The gradient behind an operand of a launch; none for other values.
static train::VariableOp findGradient(Value value, SymbolTable &symbols) {
  auto ref = value.getDefiningOp<train::RefOp>();
  if (!ref || ref.getSlot() != train::Slot::Gradient)
    return {};
  return symbols.lookup<train::VariableOp>(ref.getVariable());
}

namespace {
/// Gathers the writers of all gradients, launch by launch.
class Collector {
public:
  explicit Collector(SymbolTable &symbols) : symbols(symbols) {}
  void collect(tile::LaunchOp launch);

  llvm::MapVector<Operation *, GradientWriters> gradients;

private:
  SymbolTable &symbols;
};
} // namespace

void Collector::collect(tile::LaunchOp launch) {
  auto kernel = symbols.lookup<tile::FuncOp>(launch.getKernel());
  auto accumulations =
      llvm::to_vector(kernel.getBody().getOps<train::AccumulateOp>());
  for (auto [index, input] : llvm::enumerate(launch.getInputs())) {
    auto flat = input.getDefiningOp<train::FlatOp>();
    if (flat && flat.getSlot() == train::Slot::Gradient)
      for (auto &entry : gradients)
        entry.second.refusal =
            "'" + kernel.getSymName().str() + "' works on all gradients";
    train::VariableOp variable = findGradient(input, symbols);
    if (!variable)
      continue;
    Value argument = kernel.getBody().getArgument(index);
    bool accumulatedOnly = llvm::all_of(argument.getUses(), [](OpOperand &use) {
      return isa<train::AccumulateOp>(use.getOwner()) &&
             use.getOperandNumber() == 1;
    });
    if (!accumulatedOnly)
      gradients[variable].refusal = "'" + kernel.getSymName().str() +
                                    "' does more with it than accumulate";
  }
  for (auto [number, accumulate] : llvm::enumerate(accumulations)) {
    auto argument = dyn_cast<BlockArgument>(accumulate.getStorage());
    train::VariableOp variable =
        argument
            ? findGradient(launch.getInputs()[argument.getArgNumber()], symbols)
            : train::VariableOp();
    if (!variable)
      continue;
    bool someRows = isa_and_present<model::EmbeddingGradOp>(
        accumulate.getValue().getDefiningOp());
    gradients[variable].writers.push_back(
        {launch, kernel, static_cast<unsigned>(number), someRows});
  }
}

std::vector<GradientWriters> llmc::findGradientWriters(func::FuncOp function,
                                                       SymbolTable &symbols) {
  Collector collector(symbols);
  for (auto variable :
       function->getParentOfType<ModuleOp>().getOps<train::VariableOp>())
    if (!variable.getConstant())
      collector.gradients[variable].variable = variable;
  for (auto launch : function.getBody().front().getOps<tile::LaunchOp>())
    collector.collect(launch);
  std::vector<GradientWriters> written;
  for (auto &[variable, gradient] : collector.gradients)
    if (!gradient.writers.empty() || !gradient.refusal.empty())
      written.push_back(std::move(gradient));
  return written;
}
