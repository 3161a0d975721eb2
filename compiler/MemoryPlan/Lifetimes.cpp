//===- Lifetimes.cpp - from when to when a function's tensors live --------===//

#include "compiler/MemoryPlan/Lifetimes.h"

#include "dialects/Dist/Dist.h"
#include "dialects/Model/Model.h"
#include "dialects/Tile/RowPitch.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;
using namespace llmc;

int64_t llmc::bytesOf(ShapedType type) {
  int64_t elements = type.getNumElements();
  // Rows with gaps between them take their pitch.
  if (auto memref = dyn_cast<MemRefType>(type);
      memref && memref.getRank() > 1 && !memref.getLayout().isIdentity())
    elements = elements / memref.getShape().back() * tile::getRowPitch(memref);
  // A bit is stored as a byte.
  return elements * ((type.getElementTypeBitWidth() + 7) / 8);
}

MemRefType llmc::getStorage(tile::LaunchOp launch, unsigned result,
                            SymbolTable &symbols) {
  auto kernel = symbols.lookup<tile::FuncOp>(launch.getKernel());
  return kernel ? tile::getResultStorage(kernel, result)
                : tile::getStorageType(launch.getOutputs()[result].getType());
}

TensorPart FunctionLifetimes::rootOf(Value value) const {
  TensorPart root{value, 0};
  for (auto found = parts.find(value); found != parts.end();
       found = parts.find(root.whole)) {
    root.whole = found->second.whole;
    root.offset += found->second.offset;
  }
  return root;
}

/// Bytes of one token of [b, t, ..].
static int64_t bytesPerToken(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return bytesOf(type) / (type.getDimSize(0) * type.getDimSize(1));
}

static void collectParts(func::FuncOp function, FunctionLifetimes &lifetimes) {
  for (Operation &op : function.getBody().front()) {
    if (!isa<dist::RangeOp, dist::ShardOp, dist::WaitOp>(op))
      continue;
    Value handle = op.getResult(0);
    if (auto part = dist::findWindowPart(handle))
      lifetimes.parts[handle] = {
          part->window,
          part->first *
              (getElementTypeOrSelf(handle).getIntOrFloatBitWidth() / 8)};
  }
  for (auto slice : function.getOps<model::SliceTokensOp>())
    lifetimes.parts[slice.getOutput()] = {
        slice.getInput(), static_cast<int64_t>(slice.getFirst()) *
                              bytesPerToken(slice.getInput())};
  for (auto join : function.getOps<model::JoinTokensOp>()) {
    int64_t offset = 0;
    for (Value part : join.getInputs()) {
      lifetimes.parts[part] = {join.getOutput(), offset};
      offset += bytesOf(cast<ShapedType>(part.getType()));
    }
  }
  for (auto concat : function.getOps<model::ConcatOp>()) {
    int64_t offset = 0;
    for (Value part : concat.getInputs()) {
      lifetimes.parts[part] = {concat.getOutput(), offset};
      auto type = cast<RankedTensorType>(part.getType());
      offset += type.getShape().back() * type.getElementTypeBitWidth() / 8;
    }
  }
}

/// The argument whose place result `result` of `launch` may take, by the
/// kernel's `inplace` pairs; none if another operand reads the same tensor.
static Value inplaceArgument(tile::LaunchOp launch, unsigned result,
                             SymbolTable &symbols,
                             const FunctionLifetimes &lifetimes) {
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
    auto reads = [&](Value input) {
      return lifetimes.rootOf(input).whole == argument;
    };
    if (llvm::count_if(launch.getInputs(), reads) == 1)
      return argument;
  }
  return {};
}

/// Starts something that a `dist.wait` waits for.
static bool isStart(Operation *op) {
  return dist::isStart(op) || dist::isTransfer(op);
}

/// A window is used at `time`.
static void addWindow(Value window, int64_t time,
                      FunctionLifetimes &lifetimes) {
  auto [entry, first] =
      lifetimes.bufferOf.try_emplace(window, lifetimes.buffers.size());
  if (first)
    lifetimes.buffers.push_back(
        {bytesOf(cast<ShapedType>(window.getType())), time, time});
  lifetimes.buffers[entry->second].last = time;
}

FunctionLifetimes llmc::computeLifetimes(func::FuncOp function,
                                         SymbolTable &symbols) {
  FunctionLifetimes lifetimes;
  collectParts(function, lifetimes);
  llvm::DenseMap<Value, int64_t> lastUse;
  llvm::DenseSet<Value> returned;
  int64_t time = 0;
  for (Operation &op : function.getBody().front()) {
    // What was started works on its operands until it was waited for.
    auto wait = dyn_cast<dist::WaitOp>(op);
    Operation *user = wait ? wait.getPending().getDefiningOp() : &op;
    if (isa<tile::LaunchOp>(user) || isStart(user)) {
      for (Value input : user->getOperands()) {
        Value whole = lifetimes.rootOf(input).whole;
        lastUse[whole] = time;
        if (whole.getDefiningOp<dist::WindowOp>())
          addWindow(whole, time, lifetimes);
      }
      ++time;
    } else if (isa<func::ReturnOp>(op)) {
      returned.insert(op.operand_begin(), op.operand_end());
    }
  }

  time = 0;
  for (Operation &op : function.getBody().front()) {
    auto launch = dyn_cast<tile::LaunchOp>(op);
    if (!launch) {
      time += isStart(&op) || isa<dist::WaitOp>(op);
      continue;
    }
    llvm::SmallPtrSet<void *, 4> taken;
    for (OpResult result : launch.getOutputs()) {
      if (returned.contains(result))
        continue;
      Value whole = lifetimes.rootOf(result).whole;
      auto use = lastUse.find(whole);
      int64_t last = use == lastUse.end() ? time : use->second;
      if (whole != result) {
        auto [entry, first] =
            lifetimes.bufferOf.try_emplace(whole, lifetimes.buffers.size());
        if (first)
          lifetimes.buffers.push_back(
              {bytesOf(cast<ShapedType>(whole.getType())), time, last});
        Lifetime &buffer = lifetimes.buffers[entry->second];
        buffer.last = std::max(buffer.last, time);
        continue;
      }
      Value argument =
          inplaceArgument(launch, result.getResultNumber(), symbols, lifetimes);
      auto shared = argument ? lifetimes.bufferOf.find(argument)
                             : lifetimes.bufferOf.end();
      int64_t bytes =
          bytesOf(getStorage(launch, result.getResultNumber(), symbols));
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
