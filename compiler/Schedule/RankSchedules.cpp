//===- RankSchedules.cpp - the best schedule by a compiler's reports ------===//
//
// Before:  tile.func @linear_0(..) attributes {schedule = {..}, measured = [
//              {schedule = {..}, registers = 215, spill_bytes = 0, ..}]}
// After:   .. schedule = the best of them, resources = {registers, ..};
//          or unmeasured = [..], schedules that are to be measured, too
//
//===----------------------------------------------------------------------===//

#include "compiler/Schedule/Passes.h"
#include "compiler/Schedule/Ranking.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"

namespace llmc {
#define GEN_PASS_DEF_RANKSCHEDULES
#include "compiler/Schedule/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

static FailureOr<Measured> readMeasured(tile::FuncOp kernel, Attribute entry) {
  auto fields = dyn_cast<DictionaryAttr>(entry);
  auto schedule =
      fields ? fields.getAs<DictionaryAttr>("schedule") : DictionaryAttr();
  if (!schedule)
    return kernel.emitOpError("expected `measured` to hold dictionaries with "
                              "a `schedule`, found ")
           << entry;
  Measured measured{getBlockSizes(schedule), {}};
  for (auto [name, value] :
       {std::pair("registers", &measured.resources.registers),
        std::pair("spill_bytes", &measured.resources.spillBytes),
        std::pair("shared_bytes", &measured.resources.sharedBytes)}) {
    auto number = fields.getAs<IntegerAttr>(name);
    if (!number || number.getInt() < 0)
      return kernel.emitOpError("expected a `")
             << name << "` of at least 0 in `measured`, found " << entry;
    *value = number.getInt();
  }
  return measured;
}

static DictionaryAttr toAttribute(Builder &builder, const Resources &used) {
  return builder.getDictionaryAttr(
      {builder.getNamedAttr("registers",
                            builder.getI64IntegerAttr(used.registers)),
       builder.getNamedAttr("shared_bytes",
                            builder.getI64IntegerAttr(used.sharedBytes)),
       builder.getNamedAttr("spill_bytes",
                            builder.getI64IntegerAttr(used.spillBytes))});
}

/// Says with numbers what came of a compiler's reports.
static void report(tile::FuncOp kernel, const ScheduleChoice &expected,
                   const ScheduleChoice &before, const Resources &usedBefore,
                   const ScheduleChoice &best, const Resources &used,
                   size_t count) {
  if (describeBlocks(before.blocks) == describeBlocks(best.blocks)) {
    remark::analysis(kernel.getLoc(),
                     remark::RemarkOpts::name("confirmed").category("schedule"))
        << remark::add("{0}: {1} registers and {2} bytes of shared memory, "
                       "expected {3} and {4}; {5} blocks per SM, {6:f1} us; "
                       "best of {7} compiled",
                       kernel.getSymName(), used.registers, used.sharedBytes,
                       expected.footprint.registers,
                       expected.footprint.sharedBytes, best.blocksPerSM,
                       best.microseconds, count);
    return;
  }
  remark::passed(kernel.getLoc(),
                 remark::RemarkOpts::name("reranked").category("schedule"))
      << remark::add(
             "{0}: {1} instead of {2}: {3} registers, {4} bytes spilled, {5} "
             "blocks per SM, {6:f1} us instead of {7} registers, {8} bytes "
             "spilled, {9} blocks per SM, {10:f1} us; best of {11} compiled",
             kernel.getSymName(), describeBlocks(best.blocks),
             describeBlocks(before.blocks), used.registers, used.spillBytes,
             best.blocksPerSM, best.microseconds, usedBefore.registers,
             usedBefore.spillBytes, before.blocksPerSM, before.microseconds,
             count);
}

static LogicalResult rank(tile::FuncOp kernel, const TargetModel &model,
                          bool decided) {
  FailureOr<KernelShape> shape = getKernelShape(kernel);
  if (failed(shape))
    return failure();
  if (!model.dependsOnCompiler(*shape) || kernel->hasAttr(kResourcesName))
    return success();
  if (!kernel.getScheduleAttr())
    return kernel.emitOpError("expected a `schedule`, found none; it is ranked "
                              "after llmc-schedule-kernels");
  Builder builder(kernel.getContext());
  BlockSizes first = getBlockSizes(kernel.getScheduleAttr());
  // The sums of squares that a kernel writes have the places of its blocks.
  bool isGiven = decided || kernel->hasAttr(kGivenName) || shape->blockSums;
  Ranking ranking(model, *shape, first, isGiven);
  Resources firstUsed;
  size_t count = 0;
  if (auto entries = kernel->getAttrOfType<ArrayAttr>(kMeasuredName))
    for (Attribute entry : entries) {
      FailureOr<Measured> measured = readMeasured(kernel, entry);
      if (failed(measured))
        return failure();
      if (describeBlocks(measured->blocks) == describeBlocks(first))
        firstUsed = measured->resources;
      ranking.add(std::move(*measured));
      ++count;
    }

  SmallVector<Attribute> unmeasured;
  for (const BlockSizes &blocks : ranking.getUnmeasured())
    unmeasured.push_back(getScheduleAttr(kernel.getContext(), *shape, blocks));
  if (!unmeasured.empty()) {
    kernel->setAttr(kUnmeasuredName, builder.getArrayAttr(unmeasured));
    return success();
  }
  kernel->removeAttr(kUnmeasuredName);
  kernel->removeAttr(kMeasuredName);
  Resources used = ranking.getBestResources();
  // Nothing became a kernel: the target says why.
  if (!used.registers)
    return success();
  ScheduleChoice best = ranking.getBest();
  report(
      kernel, model.estimate(*shape, first),
      model.estimate(*shape, first, firstUsed.registers ? &firstUsed : nullptr),
      firstUsed, best, used, count);
  setChoice(kernel, *shape, best);
  kernel->setAttr(kResourcesName, toAttribute(builder, used));
  return success();
}

namespace {
struct RankSchedules : llmc::impl::RankSchedulesBase<RankSchedules> {
  using RankSchedulesBase::RankSchedulesBase;

  void runOnOperation() override {
    std::unique_ptr<TargetModel> model =
        createModel(getOperation().getLoc(), "cuda", arch);
    if (!model)
      return signalPassFailure();
    for (auto kernel : getOperation().getOps<tile::FuncOp>())
      if (failed(rank(kernel, *model, decided)))
        return signalPassFailure();
  }
};
} // namespace
