//===- TargetModel.cpp - choices, and as attributes of kernels ------------===//

#include "compiler/Schedule/TargetModel.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace llmc;

void llmc::insertByTime(SmallVectorImpl<ScheduleChoice> &choices,
                        ScheduleChoice choice, size_t most) {
  auto after = llvm::upper_bound(
      choices, choice, [](const ScheduleChoice &a, const ScheduleChoice &b) {
        return a.microseconds < b.microseconds;
      });
  choices.insert(after, std::move(choice));
  if (choices.size() > most)
    choices.pop_back();
}

std::string llmc::describeBlocks(const BlockSizes &blocks) {
  SmallVector<StringRef> names(blocks.keys());
  llvm::sort(names);
  std::string text;
  for (StringRef name : names)
    text += (text.empty() ? "" : ", ") + name.str() + " " +
            std::to_string(blocks.lookup(name));
  return text;
}

DictionaryAttr llmc::getScheduleAttr(MLIRContext *context,
                                     const KernelShape &shape,
                                     const BlockSizes &blocks) {
  Builder builder(context);
  NamedAttrList attributes;
  for (auto &entry : blocks)
    attributes.append(entry.getKey(),
                      builder.getI64IntegerAttr(entry.getValue()));
  if (shape.splits)
    attributes.append("splits", builder.getI64IntegerAttr(shape.splits));
  return attributes.getDictionary(context);
}

BlockSizes llmc::getBlockSizes(DictionaryAttr schedule) {
  BlockSizes blocks;
  for (NamedAttribute entry : schedule)
    // The kernel's body says into how many parts it is cut.
    if (auto size = dyn_cast<IntegerAttr>(entry.getValue());
        size && entry.getName() != "splits")
      blocks[entry.getName()] = size.getInt();
  return blocks;
}

BlockSizes llmc::getBlockSizes(tile::FuncOp kernel) {
  DictionaryAttr schedule = kernel.getScheduleAttr();
  return schedule ? getBlockSizes(schedule) : BlockSizes();
}

/// What follows from a kernel's shape and the model's choice for it.
static void setCosts(tile::FuncOp kernel, const KernelShape &shape,
                     const ScheduleChoice &choice) {
  Builder builder(kernel.getContext());
  kernel->setAttr("flops", builder.getI64IntegerAttr(shape.flops));
  kernel->setAttr("bytes", builder.getI64IntegerAttr(shape.bytes));
  if (!choice.microseconds)
    return;
  kernel->setAttr("fill", builder.getF64FloatAttr(choice.fill));
  tile::setPredictedMicroseconds(kernel, choice.microseconds);
}

void llmc::setChoice(tile::FuncOp kernel, const KernelShape &shape,
                     const ScheduleChoice &choice) {
  kernel.setScheduleAttr(
      getScheduleAttr(kernel.getContext(), shape, choice.blocks));
  kernel.setGrid(getGrid(shape, choice.blocks));
  setCosts(kernel, shape, choice);
}

LogicalResult llmc::recordEstimate(tile::FuncOp kernel,
                                   const TargetModel &model) {
  FailureOr<KernelShape> shape = getKernelShape(kernel);
  if (failed(shape))
    return failure();
  kernel->removeAttr(kResourcesName);
  setCosts(kernel, *shape, model.estimate(*shape, getBlockSizes(kernel)));
  return success();
}

std::optional<Resources> llmc::getReported(tile::FuncOp kernel) {
  auto reported = kernel->getAttrOfType<DictionaryAttr>(kResourcesName);
  if (!reported)
    return std::nullopt;
  auto number = [&](StringRef name) {
    auto value = reported.getAs<IntegerAttr>(name);
    return value ? value.getInt() : 0;
  };
  return Resources{number("registers"), number("spill_bytes"),
                   number("shared_bytes")};
}
