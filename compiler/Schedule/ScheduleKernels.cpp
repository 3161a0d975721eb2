//===- ScheduleKernels.cpp - block sizes and grids ------------------------===//
//
// Before:  tile.func @linear_0(..) attributes {kind = "gemm"}
// After:   .. schedule = {block_m, block_n, block_k}, grid, flops, bytes
//
//===----------------------------------------------------------------------===//

#include "compiler/Schedule/Passes.h"
#include "compiler/Schedule/TargetModel.h"
#include "dialects/Model/Model.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringExtras.h"

namespace llmc {
#define GEN_PASS_DEF_SCHEDULEKERNELS
#include "compiler/Schedule/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Entries that a schedule need not have.
static constexpr StringLiteral optionalNames[] = {"block_columns", "raster",
                                                  "keep_fragments", "split_k"};

/// The largest entry that a schedule may have: none needs more, and products of
/// them do not overflow.
static constexpr int64_t kMostSize = 65536;

/// The block sizes that an attribute `schedule` gives; every name that the
/// target and the kernel's kind need must be there.
static FailureOr<BlockSizes> readSchedule(tile::FuncOp kernel,
                                          const KernelShape &shape,
                                          const TargetModel &model) {
  DictionaryAttr schedule = kernel.getScheduleAttr();
  SmallVector<StringRef> known(model.getNames(shape));
  for (StringRef name : known)
    if (!schedule.getAs<IntegerAttr>(name))
      return kernel.emitOpError("expected a `")
             << name << "` in its schedule, found " << schedule;
  llvm::append_range(known, optionalNames);
  BlockSizes blocks;
  for (NamedAttribute entry : schedule) {
    StringRef name = entry.getName();
    if (name == "splits" && shape.kind == KernelKind::Rows)
      continue;
    if (!llvm::is_contained(known, name))
      return kernel.emitOpError("has an unknown `")
             << name << "` in its schedule, expected "
             << llvm::join(known, ", ");
    auto size = dyn_cast<IntegerAttr>(entry.getValue());
    if (!size || size.getInt() < 1 || size.getInt() > kMostSize)
      return kernel.emitOpError("expected a `")
             << name << "` of 1 to " << kMostSize << " in its schedule, found "
             << entry.getValue();
    blocks[name] = size.getInt();
  }
  if (blocks.lookup("split_k") > 1 && !model.splitsProducts())
    return kernel.emitOpError("has a `split_k` in its schedule, and the target "
                              "cuts no products");
  int64_t range = shape.splits ? shape.rows / shape.splits : shape.rows;
  if (shape.kind == KernelKind::Rows && range % blocks["block_rows"] != 0)
    return kernel.emitOpError("expected a `block_rows` that divides the ")
           << range << " rows of a range, found " << blocks["block_rows"];
  if (std::string fault = model.findFault(shape, blocks); !fault.empty())
    return kernel.emitOpError("has a schedule that does not work: ") << fault;
  return blocks;
}

/// Into how many ranges the rows are cut, the ops say; a schedule can only say
/// the same.
static LogicalResult checkSplits(tile::FuncOp kernel,
                                 const KernelShape &shape) {
  auto splits = kernel.getScheduleAttr().getAs<IntegerAttr>("splits");
  if (!splits || shape.kind != KernelKind::Rows ||
      splits.getInt() == shape.splits)
    return success();
  return kernel.emitOpError("expected `splits` of ")
         << shape.splits << " in its schedule, as its ops have them, found "
         << splits.getInt();
}

/// Takes out of a kernel a schedule that is nothing but `split_k`: the model
/// chooses the rest.
static LogicalResult takeWantedParts(tile::FuncOp kernel, KernelShape &shape,
                                     const TargetModel &model) {
  DictionaryAttr schedule = kernel.getScheduleAttr();
  auto parts = schedule.getAs<IntegerAttr>("split_k");
  if (schedule.size() != 1 || !parts)
    return success();
  if (parts.getInt() != 1 && !model.splitsProducts())
    return kernel.emitOpError("has a `split_k` in its schedule, and the target "
                              "cuts no products");
  shape.wantedParts = parts.getInt();
  if (std::string fault = model.findPartsFault(shape, shape.wantedParts);
      !fault.empty())
    return kernel.emitOpError("has a schedule that does not work: ") << fault;
  kernel.removeScheduleAttr();
  return success();
}

static void report(tile::FuncOp kernel, const KernelShape &shape,
                   const ScheduleChoice &choice, ArrayRef<int64_t> grid) {
  remark::analysis(kernel.getLoc(),
                   remark::RemarkOpts::name("scheduled").category("schedule"))
      << remark::add(
             "{0}: {1}; grid {2} x {3} x {4}, {5} blocks per SM, fill {6:f2}, "
             "{7} registers, {8} bytes of shared memory, {9:f1} us",
             kernel.getSymName(), describeBlocks(choice.blocks), grid[0],
             grid[1], grid[2], choice.blocksPerSM, choice.fill,
             choice.footprint.registers, choice.footprint.sharedBytes,
             choice.microseconds);
}

/// The op whose shape it is says more than the kernel does.
static LogicalResult checkObstacle(tile::FuncOp kernel,
                                   const KernelShape &shape,
                                   const TargetModel &model) {
  std::string obstacle = model.findObstacle(shape);
  if (obstacle.empty())
    return success();
  return findLeader(kernel)->emitOpError(obstacle);
}

static LogicalResult checkAttention(tile::FuncOp kernel,
                                    const TargetModel &model) {
  if (kernel.getKind() != "attention")
    return success();
  FailureOr<KernelShape> shape = getKernelShape(kernel);
  return failed(shape) ? failure() : checkObstacle(kernel, *shape, model);
}

LogicalResult llmc::scheduleKernel(tile::FuncOp kernel,
                                   const TargetModel &model) {
  FailureOr<KernelShape> shape = getKernelShape(kernel);
  if (failed(shape))
    return failure();
  if (shape->splits && shape->rows % shape->splits != 0)
    return kernel.emitOpError("expected `splits` that divide the ")
           << shape->rows << " rows, found " << shape->splits;
  if (failed(checkObstacle(kernel, *shape, model)))
    return failure();
  if (kernel.getSchedule() && (failed(checkSplits(kernel, *shape)) ||
                               failed(takeWantedParts(kernel, *shape, model))))
    return failure();
  ScheduleChoice choice;
  if (kernel.getSchedule()) {
    FailureOr<BlockSizes> given = readSchedule(kernel, *shape, model);
    if (failed(given))
      return failure();
    choice = model.estimate(*shape, *given);
    kernel->setAttr(kGivenName, UnitAttr::get(kernel.getContext()));
  } else {
    choice = model.choose(*shape);
    for (StringRef name : getBlockNames(*shape)) {
      if (choice.blocks.contains(name))
        continue;
      // A block has whole heads, of which no number fits: of those that the
      // rotation turns.
      if (shape->columnGroup > 1) {
        auto rotations = kernel.getOps<llmc::model::RotateOp>();
        Operation *heads =
            rotations.empty() ? findLeader(kernel) : (*rotations.begin());
        return heads->emitOpError("head size ")
               << shape->columnGroup
               << " fits no block of the target; multiples of 16 do";
      }
      return findLeader(kernel)->emitOpError(
                 "has a shape that no block of the target holds: '")
             << name << "' has no value that fits; name a schedule for '"
             << kernel.getSymName() << "' in a schedule file";
    }
  }

  setChoice(kernel, *shape, choice);
  if (choice.microseconds)
    report(kernel, *shape, choice, *kernel.getGrid());
  return success();
}

const Chip *llmc::findChip(Location loc, StringRef arch) {
  const Chip *chip = findChip(arch);
  if (!chip)
    emitError(loc) << "expected one of the architectures " << getChipNames()
                   << ", found '" << arch << "'";
  return chip;
}

std::unique_ptr<TargetModel> llmc::createModel(Location loc, StringRef target,
                                               StringRef arch,
                                               CpuModelOptions cpuOptions) {
  if (target == "cuda") {
    const Chip *chip = findChip(loc, arch);
    return chip ? createCudaModel(*chip) : nullptr;
  }
  if (target == "cpu")
    return createCpuModel(cpuOptions);
  emitError(loc) << "expected the target 'cpu' or 'cuda', found '" << target
                 << "'";
  return nullptr;
}

namespace {
struct ScheduleKernels : llmc::impl::ScheduleKernelsBase<ScheduleKernels> {
  using ScheduleKernelsBase::ScheduleKernelsBase;

  void runOnOperation() override {
    Location loc = getOperation().getLoc();
    if (cores < 1 || l2 < 1) {
      emitError(loc) << "expected at least 1 core and 1 byte of cache, found "
                     << cores.getValue() << " and " << l2.getValue();
      return signalPassFailure();
    }
    std::unique_ptr<TargetModel> model =
        createModel(loc, target, arch, {cores, l2});
    if (!model)
      return signalPassFailure();
    auto kernels = getOperation().getOps<tile::FuncOp>();
    // A size of heads that does not do is the attention's, which names them,
    // before it is that of a product whose results are rotated.
    for (tile::FuncOp kernel : kernels)
      if (failed(checkAttention(kernel, *model)))
        return signalPassFailure();
    for (tile::FuncOp kernel : kernels)
      if (failed(scheduleKernel(kernel, *model)))
        return signalPassFailure();
  }
};
} // namespace
