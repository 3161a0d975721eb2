//===- Outline.cpp - a group becomes a kernel -----------------------------===//

#include "compiler/Fusion/Outline.h"
#include "compiler/Fusion/ColumnPlaces.h"
#include "dialects/Tile/RowPitch.h"
#include "dialects/Train/Train.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;
using namespace llmc;

/// The location of a kernel: those of its ops, so that it leads to the lines
/// of the model file.
static Location getFusedLocation(const Group &group) {
  SmallVector<Location> locations;
  for (Operation *op : group.ops)
    locations.push_back(op->getLoc());
  return FusedLoc::get(group.ops.front()->getContext(), locations);
}

/// What stands for `value` among the launches. A place is put behind the
/// launches that it needs, when it is asked for.
static Value lookUp(Value value, IRMapping &launched, OpBuilder &builder) {
  Operation *op = value.getDefiningOp();
  if (launched.contains(value) || !isPlace(op))
    return launched.lookupOrDefault(value);
  for (Value operand : op->getOperands())
    launched.map(operand, lookUp(operand, launched, builder));
  return builder.clone(*op, launched)->getResult(0);
}

void KernelOutliner::run(func::FuncOp func, ArrayRef<const Group *> groups) {
  Operation *terminator = func.getBody().front().getTerminator();
  OpBuilder builder(terminator);
  IRMapping launched;
  auto places = llvm::to_vector(llvm::make_filter_range(
      llvm::make_pointer_range(func.getBody().front()), isPlace));
  for (const Group *group : groups) {
    if (group->family == OpFamily::Collective) {
      Operation *op = group->ops.front();
      for (Value operand : op->getOperands())
        launched.map(operand, lookUp(operand, launched, builder));
      builder.clone(*op, launched);
      continue;
    }
    Signature signature = getSignature(*group);
    Location loc = getFusedLocation(*group);
    tile::FuncOp &kernel = kernels[getKey(*group, signature)];
    if (!kernel)
      kernel = createKernel(*group, signature, loc);

    SmallVector<Value> inputs;
    for (Value argument : signature.arguments)
      inputs.push_back(lookUp(argument, launched, builder));
    auto launch = tile::LaunchOp::create(
        builder, loc, TypeRange(ValueRange(signature.results)),
        FlatSymbolRefAttr::get(kernel.getSymNameAttr()), inputs);
    launched.map(signature.results, launch.getOutputs());
  }
  for (OpOperand &operand : terminator->getOpOperands())
    operand.set(lookUp(operand.get(), launched, builder));

  llvm::SmallPtrSet<Operation *, 32> replaced(places.begin(), places.end());
  for (const Group *group : groups)
    replaced.insert(group->ops.begin(), group->ops.end());
  for (Operation *op : replaced)
    op->dropAllReferences();
  for (Operation *op : replaced)
    op->erase();
}

KernelOutliner::Signature
KernelOutliner::getSignature(const Group &group) const {
  llvm::SmallPtrSet<Operation *, 16> members(group.ops.begin(),
                                             group.ops.end());
  llvm::SmallSetVector<Value, 16> arguments;
  Signature signature;
  for (Operation *op : group.ops) {
    for (Value operand : op->getOperands())
      if (!members.contains(operand.getDefiningOp()))
        arguments.insert(operand);
    // A view is copied into every kernel that reads it, never handed over.
    if (cast<FusionOpInterface>(op).getFusionFamily() == OpFamily::Slice &&
        !isRowsFamily(group.family))
      continue;
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(), [&](Operation *user) {
            return !members.contains(user);
          }))
        signature.results.push_back(result);
  }
  signature.arguments = arguments.takeVector();
  placeInplaceResultLast(group, signature);
  return signature;
}

/// Grants a result the storage of an argument: the result is stored last, and
/// everything that reads the argument comes no later than the op that computes
/// the result and reads what the same block writes.
void KernelOutliner::placeInplaceResultLast(const Group &group,
                                            Signature &signature) const {
  bool isGemm = group.family == OpFamily::Gemm;
  if (!isGemm &&
      (!isRowsFamily(group.family) || group.family == OpFamily::LoneRow))
    return;
  llvm::SmallDenseMap<Operation *, unsigned> indexOf;
  for (auto [index, op] : llvm::enumerate(group.ops))
    indexOf[op] = index;

  // A rotation reads other places of a row than it writes, of what it is given
  // itself and of what that is made of: a target may compute it again there.
  auto isRotated = [&](Value argument) {
    llvm::SmallDenseSet<Value> made = {argument};
    for (Operation *op : group.ops) {
      if (llvm::none_of(op->getOperands(),
                        [&](Value operand) { return made.contains(operand); }))
        continue;
      if (cast<FusionOpInterface>(op).getFusionFamily() == OpFamily::Rotate)
        return true;
      made.insert(op->result_begin(), op->result_end());
    }
    return false;
  };
  auto mayShare = [&](Value result, Value argument) {
    if (argument.getType() != result.getType() || isRotated(argument))
      return false;
    unsigned producer = indexOf.lookup(result.getDefiningOp());
    return llvm::all_of(argument.getUses(), [&](OpOperand &use) {
      auto found = indexOf.find(use.getOwner());
      if (found == indexOf.end())
        return true;
      auto user = cast<FusionOpInterface>(use.getOwner());
      OperandAccess access = user.getOperandAccess(use.getOperandNumber());
      // A block of rows holds whole rows, a block of a product does not.
      bool own = access == OperandAccess::Element ||
                 (access == OperandAccess::Row && !isGemm);
      return own && found->second <= producer &&
             user.getFusionFamily() != OpFamily::Accumulate;
    });
  };
  for (unsigned i = signature.results.size(); i-- > 0;) {
    Value result = signature.results[i];
    // A partial sum is not stored row by row.
    if (cast<FusionOpInterface>(result.getDefiningOp()).getFusionFamily() ==
        OpFamily::RowSum)
      continue;
    int64_t last = signature.results.size() - 1;
    for (auto [index, argument] : llvm::enumerate(signature.arguments))
      if (mayShare(result, argument))
        signature.inplace.append({last, int64_t(index)});
    if (signature.inplace.empty())
      continue;
    signature.results.erase(signature.results.begin() + i);
    signature.results.push_back(result);
    return;
  }
}

/// What the kernel computes, as bytes: equal for equal bodies. Names and
/// locations are left out.
std::string KernelOutliner::getKey(const Group &group,
                                   const Signature &signature) const {
  std::string key;
  auto append = [&](const void *pointer) {
    key.append(reinterpret_cast<const char *>(&pointer), sizeof(pointer));
  };
  llvm::DenseMap<Value, uintptr_t> number;
  auto appendValue = [&](Value value) {
    append(reinterpret_cast<const void *>(number.lookup(value)));
  };
  for (Value argument : signature.arguments) {
    number.try_emplace(argument, number.size() + 1);
    append(argument.getType().getAsOpaquePointer());
  }
  for (Operation *op : group.ops) {
    append(op->getName().getAsOpaquePointer());
    append(op->getAttrDictionary().getAsOpaquePointer());
    for (Value operand : op->getOperands())
      appendValue(operand);
    for (Value result : op->getResults()) {
      number.try_emplace(result, number.size() + 1);
      append(result.getType().getAsOpaquePointer());
    }
  }
  for (Value result : signature.results) {
    appendValue(result);
    append(reinterpret_cast<const void *>(getColumnPitch(result)));
  }
  return key;
}

/// Joins the ops' mnemonics and the kernel's number: linear_gelu_3.
std::string KernelOutliner::getName(const Group &group) {
  constexpr unsigned kMostNames = 3;
  llvm::SmallSetVector<StringRef, 8> mnemonics;
  for (Operation *op : group.ops)
    if (cast<FusionOpInterface>(op).getFusionFamily() != OpFamily::Slice ||
        isRowsFamily(group.family))
      mnemonics.insert(op->getName().stripDialect());
  std::string name;
  for (StringRef mnemonic : mnemonics.getArrayRef().take_front(kMostNames))
    name += (mnemonic + "_").str();
  if (mnemonics.size() > kMostNames)
    name += "etc_";
  return name + std::to_string(kernelCount++);
}

tile::FuncOp KernelOutliner::createKernel(const Group &group,
                                          const Signature &signature,
                                          Location loc) {
  OpBuilder builder(loc.getContext());
  auto kernel = tile::FuncOp::create(builder, loc, getName(group),
                                     getKernelKind(group.family),
                                     TypeRange(ValueRange(signature.arguments)),
                                     TypeRange(ValueRange(signature.results)));
  if (!signature.inplace.empty())
    kernel.setInplace(signature.inplace);
  symbols.insert(kernel);

  for (auto [index, result] : llvm::enumerate(signature.results))
    if (int64_t pitch = getColumnPitch(result))
      kernel.setResultAttr(index, tile::kRowPitchName,
                           builder.getI64IntegerAttr(pitch));

  Block &body = kernel.getBody().front();
  IRMapping inside;
  inside.map(signature.arguments, body.getArguments());
  builder.setInsertionPointToEnd(&body);
  for (Operation *op : group.ops)
    builder.clone(*op, inside);
  SmallVector<Value> results;
  for (Value result : signature.results)
    results.push_back(inside.lookup(result));
  tile::ReturnOp::create(builder, loc, results);
  return kernel;
}
