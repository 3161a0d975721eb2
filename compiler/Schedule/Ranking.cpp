//===- Ranking.cpp - which schedules a compiler is asked about ------------===//

#include "compiler/Schedule/Ranking.h"

#include "llvm/ADT/STLExtras.h"

#include <limits>

using namespace llmc;

Ranking::Ranking(const TargetModel &model, const KernelShape &shape,
                 BlockSizes first, bool isGiven)
    : model(model), shape(shape), first(std::move(first)), isGiven(isGiven) {}

static bool isSame(const BlockSizes &a, const BlockSizes &b) {
  return describeBlocks(a) == describeBlocks(b);
}

void Ranking::add(Measured measured) {
  Result result{std::move(measured.blocks), measured.resources, {}};
  if (isUsable(result))
    result.choice = model.estimate(shape, result.blocks, &result.resources);
  results.push_back(std::move(result));
}

bool Ranking::isMeasured(const BlockSizes &blocks) const {
  return llvm::any_of(results, [&](const Result &result) {
    return isSame(result.blocks, blocks);
  });
}

/// A kernel that spills is worse than any that does not: its time is not the
/// model's.
const Ranking::Result *Ranking::findBest() const {
  const Result *best = nullptr;
  for (const Result &result : results) {
    if (!isUsable(result))
      continue;
    if (!best || result.resources.spillBytes < best->resources.spillBytes ||
        (result.resources.spillBytes == best->resources.spillBytes &&
         result.choice.microseconds < kGain * best->choice.microseconds))
      best = &result;
  }
  return best;
}

std::vector<BlockSizes> Ranking::getUnmeasured() const {
  if (!isMeasured(first))
    return {first};
  const Result *best = findBest();
  bool spills = best && best->resources.spillBytes;
  size_t limit = spills ? kMostSpilling : kMostMeasured;
  if (isGiven || results.size() >= limit)
    return {};
  double longest = best && !spills ? kGain * best->choice.microseconds
                                   : std::numeric_limits<double>::infinity();
  // What has no more room than one that spills would spill, too.
  double room = 0;
  if (spills)
    for (const Result &result : results)
      if (result.resources.spillBytes)
        room = std::max(room, model.getRoom(shape, result.blocks));
  llvm::SmallVector<ScheduleChoice> choices = model.findContenders(shape, room);
  for (const Result &result : results)
    if (result.resources.spillBytes)
      if (auto relaxed = model.relax(shape, result.blocks);
          relaxed && model.getRoom(shape, relaxed->blocks) > room)
        insertByTime(choices, std::move(*relaxed), choices.size() + 1);
  std::vector<BlockSizes> next;
  size_t most = std::min(kMostAtOnce, limit - results.size());
  for (const ScheduleChoice &choice : choices) {
    if (next.size() == most || choice.microseconds >= longest)
      break;
    if (!isMeasured(choice.blocks) &&
        llvm::none_of(next, [&](const BlockSizes &other) {
          return isSame(other, choice.blocks);
        }))
      next.push_back(choice.blocks);
  }
  return next;
}

ScheduleChoice Ranking::getBest() const {
  const Result *best = findBest();
  return best ? best->choice : model.estimate(shape, first);
}

Resources Ranking::getBestResources() const {
  const Result *best = findBest();
  return best ? best->resources : Resources();
}
