//===- ScheduleKernels.cpp - block sizes and grids ------------------------===//
//
// Before:  tile.func @linear_0(..) attributes {kind = "gemm"}
// After:   .. schedule = {block_m, block_n, block_k}, grid, flops, bytes
//
//===----------------------------------------------------------------------===//

#include "compiler/Schedule/Passes.h"
#include "compiler/Schedule/TargetModel.h"

#include "mlir/IR/Builders.h"

namespace llmc {
#define GEN_PASS_DEF_SCHEDULEKERNELS
#include "compiler/Schedule/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// The block sizes that an attribute `schedule` gives; every name that the
/// kernel's kind needs must be there.
static FailureOr<BlockSizes> readSchedule(tile::FuncOp kernel,
                                          const KernelShape &shape) {
  BlockSizes blocks;
  for (StringRef name : getBlockNames(shape)) {
    auto size = kernel.getScheduleAttr().getAs<IntegerAttr>(name);
    if (!size || size.getInt() < 1)
      return kernel.emitOpError("expected a positive `")
             << name << "` in its schedule, found " << kernel.getScheduleAttr();
    blocks[name] = size.getInt();
  }
  int64_t range = shape.splits ? shape.rows / shape.splits : shape.rows;
  if (shape.kind == KernelKind::Rows && range % blocks["block_rows"] != 0)
    return kernel.emitOpError("expected a `block_rows` that divides the ")
           << range << " rows of a range, found " << blocks["block_rows"];
  return blocks;
}

static LogicalResult schedule(tile::FuncOp kernel, const TargetModel &model) {
  FailureOr<KernelShape> shape = getKernelShape(kernel);
  if (failed(shape))
    return failure();
  if (shape->splits && shape->rows % shape->splits != 0)
    return kernel.emitOpError("expected `splits` that divide the ")
           << shape->rows << " rows, found " << shape->splits;
  FailureOr<BlockSizes> blocks = kernel.getSchedule()
                                     ? readSchedule(kernel, *shape)
                                     : model.chooseBlocks(*shape);
  if (failed(blocks))
    return failure();

  Builder builder(kernel.getContext());
  NamedAttrList attributes;
  for (StringRef name : getBlockNames(*shape))
    attributes.append(name, builder.getI64IntegerAttr(blocks->lookup(name)));
  if (shape->splits)
    attributes.append("splits", builder.getI64IntegerAttr(shape->splits));
  kernel.setScheduleAttr(attributes.getDictionary(kernel.getContext()));
  kernel.setGrid(getGrid(*shape, *blocks));
  kernel->setAttr("flops", builder.getI64IntegerAttr(shape->flops));
  kernel->setAttr("bytes", builder.getI64IntegerAttr(shape->bytes));
  return success();
}

namespace {
struct ScheduleKernels : llmc::impl::ScheduleKernelsBase<ScheduleKernels> {
  using ScheduleKernelsBase::ScheduleKernelsBase;

  void runOnOperation() override {
    Location loc = getOperation().getLoc();
    if (target != "cpu") {
      emitError(loc) << "expected the target 'cpu', found '" << target << "'";
      return signalPassFailure();
    }
    if (cores < 1 || l2 < 1) {
      emitError(loc) << "expected at least 1 core and 1 byte of cache, found "
                     << cores.getValue() << " and " << l2.getValue();
      return signalPassFailure();
    }
    std::unique_ptr<TargetModel> model = createCpuModel({cores, l2});
    for (auto kernel : getOperation().getOps<tile::FuncOp>())
      if (failed(schedule(kernel, *model)))
        return signalPassFailure();
  }
};
} // namespace
