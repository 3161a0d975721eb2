//===- Lifetimes.cpp - from when to when a function's tensors live --------===//

#include "compiler/MemoryPlan/Lifetimes.h"

#include "dialects/Tile/Tile.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;
using namespace llmc;

int64_t llmc::bytesOf(ShapedType type) {
  // A bit is stored as a byte.
  return type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8);
}

/// The argument whose place result `result` of `launch` may take, by the
/// kernel's `inplace` pairs; none if another operand reads the same tensor.
static Value inplaceArgument(tile::LaunchOp launch, unsigned result,
                             SymbolTable &symbols) {
  auto kernel = symbols.lookup<tile::FuncOp>(launch.getKernel());
  std::optional<ArrayRef<int64_t>> pairs;
  if (kernel)
    pairs = kernel.getInplace();
  if (!pairs)
    return {};
  for (size_t pair = 0; pair + 1 < pairs->size(); pair += 2) {
    if ((*pairs)[pair] != result)
      continue;
    Value argument = launch.getInputs()[(*pairs)[pair + 1]];
    if (llvm::count(launch.getInputs(), argument) == 1)
      return argument;
  }
  return {};
}

FunctionLifetimes llmc::computeLifetimes(func::FuncOp function,
                                         SymbolTable &symbols) {
  FunctionLifetimes lifetimes;
  llvm::DenseMap<Value, int64_t> lastUse;
  llvm::DenseSet<Value> returned;
  int64_t time = 0;
  for (Operation &op : function.getBody().front()) {
    if (auto launch = dyn_cast<tile::LaunchOp>(op)) {
      for (Value input : launch.getInputs())
        lastUse[input] = time;
      ++time;
    } else if (isa<func::ReturnOp>(op)) {
      returned.insert(op.operand_begin(), op.operand_end());
    }
  }

  time = 0;
  for (auto launch : function.getBody().front().getOps<tile::LaunchOp>()) {
    llvm::SmallPtrSet<void *, 4> taken;
    for (OpResult result : launch.getOutputs()) {
      if (returned.contains(result))
        continue;
      auto use = lastUse.find(result);
      int64_t last = use == lastUse.end() ? time : use->second;
      Value argument =
          inplaceArgument(launch, result.getResultNumber(), symbols);
      auto shared = argument ? lifetimes.bufferOf.find(argument)
                             : lifetimes.bufferOf.end();
      int64_t bytes = bytesOf(cast<ShapedType>(result.getType()));
      if (shared != lifetimes.bufferOf.end() && lastUse[argument] == time &&
          lifetimes.buffers[shared->second].bytes == bytes &&
          taken.insert(argument.getAsOpaquePointer()).second) {
        unsigned buffer = shared->second;
        lifetimes.buffers[buffer].last = last;
        lifetimes.bufferOf[result] = buffer;
        continue;
      }
      lifetimes.bufferOf[result] = lifetimes.buffers.size();
      lifetimes.buffers.push_back({bytes, time, last});
    }
    ++time;
  }
  return lifetimes;
}
