//===- KernelShape.cpp - the extents a schedule divides -------------------===//

#include "compiler/Schedule/KernelShape.h"
#include "compiler/Support/TypeBytes.h"
#include "dialects/Model/Model.h"
#include "dialects/Train/Train.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llmc;

// Arithmetic of one element of a row-wise op, on average; only the order of
// magnitude matters, as these kernels are bound by memory.
static constexpr int64_t kRowFlops = 10;
static constexpr int64_t kAdamWFlops = 16;

static RankedTensorType getType(Value value) {
  return cast<RankedTensorType>(value.getType());
}
static int64_t getRows(RankedTensorType type) {
  return type.getRank() ? type.getNumElements() / type.getShape().back() : 1;
}

/// Bytes that a kernel moves of an argument at the least: tables are read by
/// row, and storage that is updated is read and written.
static int64_t getTraffic(BlockArgument argument) {
  int64_t all = getElementBytes(getType(argument)), traffic = 0;
  for (OpOperand &use : argument.getUses()) {
    int64_t bytes = all;
    Operation *user = use.getOwner();
    if (isa<model::EmbeddingOp, model::PositionEmbeddingOp,
            model::TakeTokensOp>(user)) {
      if (use.getOperandNumber() == 1)
        bytes = std::min(all, getElementBytes(getType(user->getResult(0))));
    } else if (auto accumulate = dyn_cast<train::AccumulateOp>(user)) {
      bool squares = use.get() == accumulate.getSquares();
      auto embedding =
          accumulate.getValue().getDefiningOp<model::EmbeddingGradOp>();
      if (embedding && squares)
        bytes = std::min(all, getElementBytes(getType(embedding.getTokens())) *
                                  getType(use.get()).getDimSize(0));
      else if (embedding)
        bytes = std::min(all, getElementBytes(getType(embedding.getGrad())));
      // Squares are written only, and so is storage by a sum's first term.
      bytes *= squares || accumulate.getFirst() ? 1 : 2;
    } else if (auto norm = dyn_cast<train::NormOp>(user)) {
      if (use.get() == norm.getSquares() && norm.getClear())
        bytes *= 2;
    } else if (auto add = dyn_cast<train::AddOp>(user)) {
      bytes *= use.getOperandNumber() == 1 && !add.getFirst() ? 2 : 1;
    } else if (auto adamw = dyn_cast<train::AdamWOp>(user)) {
      // What is updated is read and written.
      if (use.get() == adamw.getParameters() ||
          use.get() == adamw.getMoment1() || use.get() == adamw.getMoment2())
        bytes *= 2;
    }
    traffic = std::max(traffic, bytes);
  }
  return traffic;
}

/// The one op of the kernel for which `match` holds; fails with a diagnostic
/// if there is none.
template <typename... Ops>
static FailureOr<Operation *> getLeader(tile::FuncOp kernel) {
  for (Operation &op : kernel.getBody().front())
    if (isa<Ops...>(op))
      return &op;
  return kernel.emitOpError("of kind '")
         << *kernel.getKind() << "' holds no op of that kind";
}

/// f32 is rounded to TF32 where the user asked for it, `--precision=tf32`.
static Element getElement(Value value) {
  unsigned width = getType(value).getElementTypeBitWidth();
  if (width == 32) {
    auto module = value.getParentRegion()->getParentOfType<ModuleOp>();
    auto precision = module
                         ? module->getAttrOfType<StringAttr>("llmc.precision")
                         : StringAttr();
    return precision && precision == "tf32" ? Element::TF32 : Element::F32;
  }
  return width == 16 ? Element::BF16 : Element::FP8;
}

/// What a kernel leaves of the columns of what it stores.
static void readColumnSums(tile::FuncOp kernel, KernelShape &shape) {
  for (auto sum : kernel.getBody().getOps<model::SumRowsOp>()) {
    shape.summedElements += getType(sum.getInput()).getNumElements();
    shape.blockSums += getType(sum.getOutput()).getNumElements();
  }
}

static LogicalResult readGemm(tile::FuncOp kernel, KernelShape &shape) {
  auto leader = getLeader<model::LinearOp, model::LinearWeightGradOp>(kernel);
  if (failed(leader))
    return failure();
  RankedTensorType result = getType((*leader)->getResult(0));
  RankedTensorType input = getType((*leader)->getOperand(0));
  shape.m = getRows(result);
  shape.n = result.getShape().back();
  shape.k =
      isa<model::LinearOp>(*leader) ? input.getShape().back() : getRows(input);
  shape.element = getElement((*leader)->getOperand(0));
  shape.depthFirstA = isa<model::LinearWeightGradOp>(*leader);
  shape.depthFirstB = shape.depthFirstA;
  llvm::SmallSetVector<Value, 5> operands((*leader)->operand_begin(),
                                          (*leader)->operand_end());
  // Products of one kernel share their input and the type of their results.
  auto linears = kernel.getBody().getOps<model::LinearOp>();
  shape.products = std::max<int64_t>(1, llvm::range_size(linears));
  for (auto linear : linears) {
    operands.insert(linear->operand_begin(), linear->operand_end());
    shape.depthFirstB |= linear.getTransposed();
  }
  shape.flops = 2 * shape.m * shape.n * shape.k * shape.products;
  auto accumulate = dyn_cast<train::AccumulateOp>((*leader)->getNextNode());
  shape.addsOnly = kernel.getNumResults() == 0 && accumulate &&
                   accumulate.getValue() == (*leader)->getResult(0) &&
                   &kernel.getBody().front().front() == *leader &&
                   isa<tile::ReturnOp>(accumulate->getNextNode());
  shape.epilogueBytes = shape.bytes;
  for (Value operand : operands)
    shape.epilogueBytes -= getElementBytes(getType(operand));
  for (BlockArgument argument : kernel.getBody().getArguments())
    shape.epilogueReads +=
        getType(argument).getNumElements() == result.getNumElements() &&
        !operands.contains(argument);
  for (Type type : kernel.getResultTypes())
    shape.epilogueWrites += cast<RankedTensorType>(type).getNumElements() ==
                            result.getNumElements();
  readColumnSums(kernel, shape);
  for (auto rotate : kernel.getBody().getOps<model::RotateOp>()) {
    shape.columnGroup =
        std::max<int64_t>(shape.columnGroup, rotate.getHeadSize());
    shape.sequence = result.getDimSize(1);
  }
  return success();
}

static LogicalResult readRows(tile::FuncOp kernel, KernelShape &shape) {
  llvm::SmallPtrSet<Value, 16> seen;
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    SmallVector<Value> values(op.getOperands());
    llvm::append_range(values, op.getResults());
    if (auto accumulate = dyn_cast<train::AccumulateOp>(op))
      values.resize(2); // partial sums of squares have no such rows
    if (isa<model::TakeTokensOp>(op))
      values = {op.getResult(0)}; // the input is a table of its rows
    // Weights, tokens and partial sums have a lower rank than activations, if
    // there are any.
    int64_t rank = 0, columnsBefore = shape.columns;
    for (Value value : values)
      rank = std::max(rank, getType(value).getRank());
    for (Value value : values) {
      RankedTensorType type = getType(value);
      if (type.getRank() == rank && !shape.rows)
        shape.rows = getRows(type);
      if (rank == 3)
        shape.sequence = getType(values.front()).getDimSize(1);
      if (rank && type.getRank() == rank) {
        shape.rowBytes =
            std::max(shape.rowBytes, getElementBytes(type) / getRows(type));
        shape.columns = std::max(shape.columns, type.getShape().back());
        seen.insert(value);
      }
    }
    // Its rows are those of one head at a time.
    if (auto delta = dyn_cast<model::AttentionDeltaOp>(op)) {
      shape.columnParts = false;
      shape.columns = std::max<int64_t>(
          columnsBefore, getType(delta.getOutput()).getShape().back() /
                             static_cast<int64_t>(delta.getHeads()));
    }
    shape.flops += kRowFlops * getType(op.getOperand(0)).getNumElements();
    if (auto splits = op.getAttrOfType<IntegerAttr>("splits")) {
      if (shape.splits && shape.splits != splits.getInt())
        return op.emitOpError("sums over ")
               << splits.getInt() << " ranges of rows, expected "
               << shape.splits << " as in the same kernel before";
      shape.splits = splits.getInt();
      ++shape.rowSums;
    }
  }
  if (!shape.rows)
    return kernel.emitOpError("of kind 'rows' holds no op on rows");
  for (Operation &op : kernel.getBody().front())
    if (std::optional<int64_t> head = model::getNormHeadSize(&op)) {
      shape.rowParts = shape.columns / *head;
      shape.rowBytes /= shape.rowParts;
      shape.columns = *head;
      shape.columnParts = false;
      break;
    }
  shape.rowTensors = seen.size();
  return success();
}

static LogicalResult readAttention(tile::FuncOp kernel, KernelShape &shape) {
  auto leader = getLeader<model::AttentionOp, model::AttentionQueryGradOp,
                          model::AttentionKeyValueGradOp>(kernel);
  if (failed(leader))
    return failure();
  RankedTensorType query = getType((*leader)->getOperand(0));
  auto integer = [&](StringRef name) {
    return (*leader)->getAttrOfType<IntegerAttr>(name).getInt();
  };
  shape.batch = query.getDimSize(0);
  shape.sequence = query.getDimSize(1);
  shape.heads = integer("heads");
  shape.kvHeads = integer("kv_heads");
  shape.headSize = query.getDimSize(2) / shape.heads;
  shape.element = getElement((*leader)->getOperand(0));
  int64_t reach = shape.sequence;
  if (auto window = (*leader)->getAttrOfType<IntegerAttr>("window"))
    reach = std::min(reach, window.getInt());
  // Products over the visible half of the square, or over the window.
  int64_t products = shape.kind == KernelKind::Attention            ? 2
                     : shape.kind == KernelKind::AttentionQueryGrad ? 3
                                                                    : 4;
  int64_t pairs = shape.sequence * reach - reach * (reach - 1) / 2;
  shape.flops =
      2 * products * shape.batch * shape.heads * shape.headSize * pairs;
  readColumnSums(kernel, shape);
  return success();
}

static LogicalResult readSum(tile::FuncOp kernel, KernelShape &shape) {
  auto leader =
      getLeader<model::SumRowsOp, model::PositionEmbeddingGradOp>(kernel);
  if (failed(leader))
    return failure();
  Value result = (*leader)->getResult(0);
  RankedTensorType input = getType((*leader)->getOperand(0));
  shape.flops = input.getNumElements();
  int64_t rows =
      isa<model::SumRowsOp>(*leader) ? getRows(input) : input.getDimSize(0);
  shape.rows = rows;
  // A position table may have more rows than the sequence: a result is then
  // filled up with zeros, while accumulation leaves them alone.
  Operation *end = kernel.getBody().front().getTerminator();
  shape.elements = llvm::is_contained(end->getOperands(), result)
                       ? getType(result).getNumElements()
                       : input.getNumElements() / rows;
  return success();
}

FailureOr<KernelShape> llmc::getKernelShape(tile::FuncOp kernel) {
  if (!kernel.getKind())
    return kernel.emitOpError("expected the attribute `kind`, found none");
  auto kind =
      llvm::StringSwitch<std::optional<KernelKind>>(*kernel.getKind())
          .Case("gemm", KernelKind::Gemm)
          .Case("rows", KernelKind::Rows)
          .Case("attention", KernelKind::Attention)
          .Case("attention_query_grad", KernelKind::AttentionQueryGrad)
          .Case("attention_key_value_grad", KernelKind::AttentionKeyValueGrad)
          .Case("embedding_grad", KernelKind::EmbeddingGrad)
          .Case("flat", KernelKind::Flat)
          .Case("reduce", KernelKind::Reduce)
          .Case("column_sum", KernelKind::ColumnSum)
          .Default(std::nullopt);
  if (!kind)
    return kernel.emitOpError("has the unknown kind '")
           << *kernel.getKind() << "'";
  KernelShape shape{*kind};
  for (BlockArgument argument : kernel.getBody().getArguments())
    shape.bytes += getTraffic(argument);
  for (Type type : kernel.getResultTypes())
    shape.bytes += getElementBytes(cast<RankedTensorType>(type));
  for (auto accumulate : kernel.getBody().getOps<train::AccumulateOp>())
    if (Value squares = accumulate.getSquares()) {
      shape.summedElements += getType(accumulate.getStorage()).getNumElements();
      shape.blockSums += getType(squares).getNumElements();
    }

  LogicalResult result = success();
  switch (*kind) {
  case KernelKind::Gemm:
    result = readGemm(kernel, shape);
    break;
  case KernelKind::Rows:
    result = readRows(kernel, shape);
    break;
  case KernelKind::Attention:
  case KernelKind::AttentionQueryGrad:
  case KernelKind::AttentionKeyValueGrad:
    result = readAttention(kernel, shape);
    break;
  case KernelKind::EmbeddingGrad: {
    auto leader = getLeader<model::EmbeddingGradOp>(kernel);
    if (failed(leader))
      return failure();
    shape.rows = getRows(getType((*leader)->getOperand(1)));
    shape.columns = getType((*leader)->getOperand(1)).getShape().back();
    shape.flops = getType((*leader)->getOperand(1)).getNumElements();
    break;
  }
  case KernelKind::Flat: {
    auto leader =
        getLeader<train::SumOfSquaresOp, train::AdamWOp, train::RoundOp,
                  train::AddOp, train::ZeroOp>(kernel);
    if (failed(leader))
      return failure();
    shape.elements = getType((*leader)->getOperand(0)).getNumElements();
    if (auto sum = dyn_cast<train::SumOfSquaresOp>(*leader))
      shape.partials = getType(sum.getSquares()).getNumElements();
    shape.flops = shape.elements * (shape.partials ? 2 : kAdamWFlops);
    break;
  }
  case KernelKind::Reduce: {
    auto leader = getLeader<model::MeanOp, train::NormOp>(kernel);
    if (failed(leader))
      return failure();
    shape.elements = getType((*leader)->getOperand(0)).getNumElements();
    shape.flops = shape.elements;
    break;
  }
  case KernelKind::ColumnSum:
    result = readSum(kernel, shape);
    break;
  }
  if (failed(result))
    return failure();
  return shape;
}

Operation *llmc::findLeader(tile::FuncOp kernel) {
  Block &body = kernel.getBody().front();
  for (Operation &op : body)
    if (isa<model::LinearOp, model::LinearWeightGradOp, model::AttentionOp,
            model::AttentionQueryGradOp, model::AttentionKeyValueGradOp>(op))
      return &op;
  return &body.front();
}

SmallVector<StringRef> llmc::getBlockNames(const KernelShape &shape) {
  switch (shape.kind) {
  case KernelKind::Gemm:
    return {"block_m", "block_n", "block_k"};
  case KernelKind::Rows:
    return {"block_rows"};
  case KernelKind::Attention:
  case KernelKind::AttentionQueryGrad:
  case KernelKind::AttentionKeyValueGrad:
    return {"block_q", "block_k"};
  case KernelKind::EmbeddingGrad:
    return {};
  case KernelKind::Flat:
  case KernelKind::Reduce:
  case KernelKind::ColumnSum:
    return {"block"};
  }
  llvm_unreachable("every kind has its block sizes");
}

SmallVector<int64_t> llmc::getGrid(const KernelShape &shape,
                                   const BlockSizes &blocks) {
  auto count = [&](int64_t extent, StringRef block) {
    return llvm::divideCeilSigned(extent, blocks.lookup(block));
  };
  switch (shape.kind) {
  case KernelKind::Gemm:
    return {count(shape.n, "block_n"), count(shape.m, "block_m"),
            std::max<int64_t>(blocks.lookup("split_k"), 1)};
  case KernelKind::Rows:
    if (shape.splits)
      return {shape.splits, 1, 1};
    return {shape.rowParts * count(shape.rows, "block_rows"), 1, 1};
  case KernelKind::Attention:
  case KernelKind::AttentionQueryGrad:
  case KernelKind::AttentionKeyValueGrad: {
    bool ofKeys = shape.kind == KernelKind::AttentionKeyValueGrad;
    int64_t rowBlocks = count(shape.sequence, ofKeys ? "block_k" : "block_q");
    int64_t heads = ofKeys ? shape.kvHeads : shape.heads;
    if (int64_t raster = blocks.lookup("raster"))
      return {raster, rowBlocks, heads * shape.batch / raster};
    return {rowBlocks, heads, shape.batch};
  }
  case KernelKind::EmbeddingGrad:
    return {shape.rows, 1, 1};
  case KernelKind::Flat:
    return {shape.partials ? shape.partials : count(shape.elements, "block"), 1,
            1};
  case KernelKind::Reduce:
    return {1, 1, 1};
  case KernelKind::ColumnSum:
    return {count(shape.elements, "block"), 1, 1};
  }
  llvm_unreachable("every kind has a grid");
}
