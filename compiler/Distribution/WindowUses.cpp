//===- WindowUses.cpp - what works on the windows of a function -----------===//

#include "compiler/Distribution/WindowUses.h"

using namespace mlir;
using namespace llmc;

bool WindowUses::isUsedBetween(int64_t from, int64_t to) const {
  auto next = llvm::upper_bound(uses, from);
  return next != uses.end() && *next < to;
}

tile::LaunchOp
WindowUses::lastUserOf(const WindowCollective &collective) const {
  tile::LaunchOp last = parts.front().user;
  for (const Part &part : parts)
    if (part.first < collective.first + collective.elements &&
        collective.first < part.first + part.elements)
      last = part.user;
  return last;
}

static bool isHandle(Operation *op) {
  return isa<train::RefOp, train::FlatOp, train::SquaresOp, dist::WindowOp,
             dist::RangeOp, dist::ShardOp>(op);
}

/// Puts handles, in their order, before everything else. None of them needs
/// anything but another one.
static void hoistHandles(Block &block) {
  Operation *first = &block.front();
  while (isHandle(first))
    first = first->getNextNode();
  // From there on: to ask for the order after each move would count anew.
  auto others = llvm::make_range(first->getIterator(), block.end());
  for (Operation &op : llvm::make_early_inc_range(others)) {
    auto wait = op.getNumOperands()
                    ? op.getOperand(0).getDefiningOp<dist::WaitOp>()
                    : dist::WaitOp();
    if (isHandle(&op) && !wait)
      op.moveBefore(first);
  }
}

/// The launches that zero all of a window, or add what was summed.
static bool isOfWindow(tile::LaunchOp launch) {
  return llvm::any_of(launch.getInputs(), [](Value input) {
    Operation *op = input.getDefiningOp();
    if (isa_and_nonnull<dist::WindowOp>(op))
      return true;
    auto wait = dyn_cast_or_null<dist::WaitOp>(op);
    return wait && dist::findWindowPart(input).has_value();
  });
}

LogicalResult FunctionWindows::collect(dist::WindowOp window) {
  WindowUses found;
  found.op = window;
  SmallVector<Value> handles = {window};
  while (!handles.empty()) {
    Value handle = handles.pop_back_val();
    auto part = dist::findWindowPart(handle);
    for (Operation *user : handle.getUsers()) {
      if (isa<dist::RangeOp, dist::ShardOp>(user)) {
        found.handles.push_back(user);
        handles.push_back(user->getResult(0));
      } else if (auto launch = dyn_cast<tile::LaunchOp>(user)) {
        if (!numbers.contains(launch))
          found.zero = launch;
        else
          found.parts.push_back({launch, part->first, part->elements});
      } else if (dist::isStart(user)) {
        WindowCollective collective{user, {}, part->first, part->elements, {}};
        Value pending = user->getResult(0);
        if (pending.hasOneUse())
          collective.wait = dyn_cast<dist::WaitOp>(*pending.user_begin());
        if (!collective.wait)
          return user->emitOpError("expected one dist.wait for it");
        for (Operation *reader : collective.wait->getUsers())
          if (auto launch = dyn_cast<tile::LaunchOp>(reader))
            collective.users.push_back(launch);
        bool gathers = isa<dist::AllGatherStartOp>(user);
        (gathers ? found.gathers : found.sums).push_back(collective);
      }
    }
  }
  auto byNumber = [&](const WindowUses::Part &a, const WindowUses::Part &b) {
    return std::make_pair(numberOf(a.user), a.first) <
           std::make_pair(numberOf(b.user), b.first);
  };
  auto byPlace = [](const WindowCollective &a, const WindowCollective &b) {
    return a.first < b.first;
  };
  llvm::sort(found.parts, byNumber);
  llvm::sort(found.gathers, byPlace);
  llvm::sort(found.sums, byPlace);
  // As in the block, where each stands behind what it is a part of.
  llvm::sort(found.handles,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  for (const WindowUses::Part &part : found.parts)
    if (found.uses.empty() || found.uses.back() != numberOf(part.user))
      found.uses.push_back(numberOf(part.user));
  if (found.uses.empty() || (!found.sums.empty() && !found.zero))
    return window.emitOpError("expected launches that work on parts of it and, "
                              "of gradients, one that zeroes all of it");
  windows.push_back(std::move(found));
  return success();
}

FailureOr<FunctionWindows> FunctionWindows::find(func::FuncOp function) {
  FunctionWindows result;
  result.function = function;
  Block &body = function.getBody().front();
  hoistHandles(body);
  for (auto launch : body.getOps<tile::LaunchOp>()) {
    if (isOfWindow(launch))
      continue;
    result.numbers[launch] = result.launches.size();
    result.launches.push_back(launch);
  }
  for (auto window : body.getOps<dist::WindowOp>())
    if (failed(result.collect(window)))
      return failure();
  return result;
}
