//===- PadRows.cpp - rows that start at aligned addresses -----------------===//
//
// Before:  tile.func @head(..) -> tensor<1x8x50257xbf16>
// After:   .. -> (tensor<1x8x50257xbf16> {tile.row_pitch = 50304 : i64})
//
//===----------------------------------------------------------------------===//

#include "compiler/Schedule/Passes.h"

#include "dialects/Model/Model.h"
#include "dialects/Tile/RowPitch.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/IntEqClasses.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

namespace llmc {
#define GEN_PASS_DEF_PADROWS
#include "compiler/Schedule/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

// Elements that the widest access moves in bf16; those of a cache line.
static constexpr int64_t kVector = 8;
static constexpr int64_t kLine = 64;
// Rows of which a line is little.
static constexpr int64_t kLongRow = 512;

static int64_t choosePitch(RankedTensorType type) {
  int64_t columns = type.getShape().back();
  return llvm::alignTo(columns, columns < kLongRow ? kVector : kLine);
}

namespace {
/// Values of functions, and arguments and results of kernels. All that share
/// storage, by being passed or written in place, form one class, which has a
/// pitch or none.
class Storage {
public:
  explicit Storage(ModuleOp module) : module(module), symbols(module) {}
  void run();

private:
  unsigned numberOf(Value value, Type type);
  Value argument(tile::FuncOp kernel, unsigned index) {
    return kernel.getBody().getArgument(index);
  }
  /// A kernel's result stands for itself, as it may be an argument, too.
  unsigned numberOfResult(tile::FuncOp kernel, unsigned index);
  void collectKernel(tile::FuncOp kernel);
  void collectFunction(func::FuncOp function);
  void join(unsigned first, unsigned second) {
    pairs.push_back({first, second});
  }

  ModuleOp module;
  SymbolTable symbols;
  llvm::DenseMap<Value, unsigned> numbers;
  llvm::DenseMap<std::pair<Operation *, unsigned>, unsigned> results;
  llvm::SmallVector<RankedTensorType> types;
  llvm::SmallVector<bool> fixed; // must lie without gaps
  llvm::SmallVector<std::pair<unsigned, unsigned>> pairs;
};
} // namespace

unsigned Storage::numberOf(Value value, Type type) {
  auto [entry, added] = numbers.try_emplace(value, types.size());
  if (added) {
    types.push_back(cast<RankedTensorType>(type));
    fixed.push_back(false);
  }
  return entry->second;
}

unsigned Storage::numberOfResult(tile::FuncOp kernel, unsigned index) {
  auto [entry, added] =
      results.try_emplace({kernel.getOperation(), index}, types.size());
  if (added) {
    types.push_back(cast<RankedTensorType>(kernel.getResultTypes()[index]));
    fixed.push_back(false);
  }
  return entry->second;
}

/// Only kernels that walk over rows know of a pitch.
void Storage::collectKernel(tile::FuncOp kernel) {
  StringRef kind = kernel.getKind().value_or("");
  bool byRows = kind == "gemm" || kind == "rows";
  Operation *end = kernel.getBody().front().getTerminator();
  for (unsigned i = 0; i < kernel.getNumArguments(); ++i)
    fixed[numberOf(argument(kernel, i), kernel.getArgumentTypes()[i])] =
        !byRows;
  for (unsigned i = 0; i < kernel.getNumResults(); ++i) {
    Operation *producer = end->getOperand(i).getDefiningOp();
    fixed[numberOfResult(kernel, i)] =
        !byRows || isa_and_present<model::AttentionDeltaOp>(producer);
  }
  if (auto inplace = kernel.getInplace())
    for (size_t i = 0; i + 1 < inplace->size(); i += 2) {
      auto argumentIndex = static_cast<unsigned>((*inplace)[i + 1]);
      auto resultIndex = static_cast<unsigned>((*inplace)[i]);
      join(numberOf(argument(kernel, argumentIndex),
                    kernel.getArgumentTypes()[argumentIndex]),
           numberOfResult(kernel, resultIndex));
    }
}

/// Ports, variables and what other ops than launches use lie without gaps.
void Storage::collectFunction(func::FuncOp function) {
  for (Operation &op : function.getBody().front()) {
    auto launch = dyn_cast<tile::LaunchOp>(op);
    auto kernel = launch ? symbols.lookup<tile::FuncOp>(launch.getKernel())
                         : tile::FuncOp();
    for (auto [index, operand] : llvm::enumerate(op.getOperands())) {
      if (!isa<RankedTensorType>(operand.getType()))
        continue;
      unsigned number = numberOf(operand, operand.getType());
      if (kernel)
        join(number, numberOf(argument(kernel, index), operand.getType()));
      if (!kernel || isa<BlockArgument>(operand))
        fixed[number] = true;
    }
    for (auto [index, result] : llvm::enumerate(op.getResults())) {
      if (!isa<RankedTensorType>(result.getType()))
        continue;
      unsigned number = numberOf(result, result.getType());
      if (kernel)
        join(number, numberOfResult(kernel, index));
      else
        fixed[number] = true;
    }
  }
}

void Storage::run() {
  auto kernels = llvm::to_vector(module.getOps<tile::FuncOp>());
  for (tile::FuncOp kernel : kernels)
    collectKernel(kernel);
  for (auto function : module.getOps<func::FuncOp>())
    if (!function.isExternal())
      collectFunction(function);

  llvm::IntEqClasses classes(types.size());
  for (auto [first, second] : pairs)
    classes.join(first, second);
  classes.compress();
  llvm::SmallVector<bool> gapless(classes.getNumClasses(), false);
  for (auto [number, type] : llvm::enumerate(types))
    // Activations have rank 3.
    gapless[classes[number]] = gapless[classes[number]] || fixed[number] ||
                               type.getRank() != 3 ||
                               type.getShape().back() % kVector == 0;

  Builder builder(module.getContext());
  auto pitchOf = [&](unsigned number) -> IntegerAttr {
    if (gapless[classes[number]])
      return {};
    return builder.getI64IntegerAttr(choosePitch(types[number]));
  };
  for (tile::FuncOp kernel : kernels) {
    for (unsigned i = 0; i < kernel.getNumArguments(); ++i)
      if (IntegerAttr pitch = pitchOf(numbers.lookup(argument(kernel, i))))
        kernel.setArgAttr(i, tile::kRowPitchName, pitch);
    for (unsigned i = 0; i < kernel.getNumResults(); ++i)
      if (IntegerAttr pitch = pitchOf(numberOfResult(kernel, i))) {
        kernel.setResultAttr(i, tile::kRowPitchName, pitch);
        remark::analysis(
            kernel.getLoc(),
            remark::RemarkOpts::name("padded").category("schedule"))
            << remark::add("{0}: rows of result {1} lie {2} elements apart "
                           "instead of {3}, so that each starts at 16 bytes",
                           kernel.getSymName(), i, pitch.getInt(),
                           cast<RankedTensorType>(kernel.getResultTypes()[i])
                               .getShape()
                               .back());
      }
  }
}

namespace {
struct PadRows : llmc::impl::PadRowsBase<PadRows> {
  void runOnOperation() override { Storage(getOperation()).run(); }
};
} // namespace
