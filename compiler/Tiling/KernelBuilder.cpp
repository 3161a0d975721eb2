//===- KernelBuilder.cpp - a tile program under construction --------------===//

#include "compiler/Tiling/KernelBuilder.h"
#include "compiler/Tiling/ArgumentNames.h"

#include "dialects/Model/Model.h"
#include "dialects/Tile/RowPitch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

int64_t llmc::tiling::leadingElements(ShapedType type) {
  return type.getRank() == 0
             ? 1
             : ShapedType::getNumElements(type.getShape().drop_back());
}

KernelBuilder::KernelBuilder(tile::FuncOp func)
    : func(func), b(func.getLoc(), func.getContext()),
      source(&func.getBody().front()), program(new Block) {
  func.getBody().push_back(program);
  for (BlockArgument argument : source->getArguments())
    program->addArgument(
        tile::getArgumentStorage(func, argument.getArgNumber()),
        argument.getLoc());
  for (auto [index, value] : llvm::enumerate(returned()))
    results.push_back(program->addArgument(tile::getResultStorage(func, index),
                                           value.getLoc()));
  b.setInsertionPointToEnd(program);
}

InFlightDiagnostic KernelBuilder::error() {
  return func.emitOpError() << "'" << func.getSymName() << "' of kind '"
                            << func.getKind().value_or("") << "' ";
}

void KernelBuilder::finish() {
  b.setLoc(func.getLoc());
  tile::ReturnOp::create(b, ValueRange());
  func.setFunctionType(
      FunctionType::get(func.getContext(), program->getArgumentTypes(), {}));
  if (std::optional<ArrayAttr> attributes = func.getArgAttrs()) {
    SmallVector<Attribute> extended(attributes->begin(), attributes->end());
    extended.append(results.size(), b.getDictionaryAttr({}));
    func.setArgAttrsAttr(b.getArrayAttr(extended));
  }
  func.removeResAttrsAttr();
  // The memrefs' strides say it now.
  for (unsigned i = 0; i < func.getNumArguments(); ++i)
    func.removeArgAttr(i, tile::kRowPitchName);
  SmallVector<std::string> names = nameArguments(*source);
  func->setAttr(kArgumentNames,
                b.getStrArrayAttr(llvm::to_vector_of<StringRef>(names)));
  source->dropAllReferences();
  source->erase();
}

void KernelBuilder::nameCarried(Operation *loop, ArrayRef<StringRef> names) {
  loop->setDiscardableAttr("tile.result_names",
                           Builder(loop->getContext()).getStrArrayAttr(names));
}

void KernelBuilder::setName(Operation *op, StringRef name) {
  op->setDiscardableAttr("tile.name", StringAttr::get(op->getContext(), name));
}

Value KernelBuilder::named(Value value, StringRef name) {
  Operation *op = value.getDefiningOp();
  // Constants are written out, a load is called after its argument; what has a
  // name keeps it.
  bool isTile = isa<RankedTensorType>(value.getType()) &&
                !isa_and_present<arith::ConstantOp, tile::LoadOp>(op);
  if (op && !op->hasAttr("tile.name") &&
      (isTile || isa<arith::AddIOp, arith::MulIOp, arith::DivUIOp,
                     arith::RemUIOp, arith::MinUIOp>(op)))
    setName(op, name);
  return value;
}

//===--- schedule and grid ------------------------------------------------===//

std::optional<int64_t> KernelBuilder::optionalSchedule(StringRef key) {
  DictionaryAttr schedule = func.getScheduleAttr();
  auto value = schedule ? schedule.getAs<IntegerAttr>(key) : IntegerAttr();
  if (!value || value.getInt() <= 0)
    return std::nullopt;
  return value.getInt();
}

FailureOr<int64_t> KernelBuilder::schedule(StringRef key) {
  if (std::optional<int64_t> value = optionalSchedule(key))
    return *value;
  return error() << "needs a positive '" << key << "' in its schedule";
}

int64_t KernelBuilder::numBlocks() {
  int64_t blocks = 1;
  for (int64_t extent : func.getGrid().value_or(ArrayRef<int64_t>()))
    blocks *= extent;
  return blocks;
}

LogicalResult KernelBuilder::checkGrid(ArrayRef<int64_t> extents) {
  std::optional<ArrayRef<int64_t>> grid = func.getGrid();
  if (!grid || grid->size() != 3)
    return error() << "needs a grid of three extents";
  int64_t needed = 1;
  for (int64_t extent : extents)
    needed *= extent;
  if (numBlocks() != needed)
    return error() << "needs a grid of " << needed
                   << " blocks, but its grid has " << numBlocks();
  return success();
}

SmallVector<Value> KernelBuilder::coordinatesOf(Value number,
                                                ArrayRef<int64_t> extents) {
  SmallVector<Value> coordinates;
  for (int64_t extent : extents.drop_back()) {
    coordinates.push_back(rem(number, extent));
    number = div(number, extent);
  }
  coordinates.push_back(number);
  return coordinates;
}

FailureOr<SmallVector<Value>>
KernelBuilder::blockCoordinatesInOrder(ArrayRef<int64_t> extents) {
  if (failed(checkGrid(extents)))
    return failure();
  return coordinatesOf(tile::TicketOp::create(b), extents);
}

FailureOr<SmallVector<Value>>
KernelBuilder::blockCoordinates(ArrayRef<int64_t> extents) {
  if (failed(checkGrid(extents)))
    return failure();
  std::optional<ArrayRef<int64_t>> grid = func.getGrid();
  auto id = [&](unsigned axis) -> Value {
    return (*grid)[axis] == 1 ? index(0)
                              : Value(tile::ProgramIdOp::create(b, axis));
  };
  SmallVector<Value> coordinates;
  SmallVector<int64_t> padded(extents);
  padded.resize(3, 1);
  if (extents.size() <= 3 && llvm::equal(padded, *grid)) {
    for (unsigned axis = 0; axis < extents.size(); ++axis)
      coordinates.push_back(id(axis));
    return coordinates;
  }
  return coordinatesOf(
      add(id(0), mul(add(id(1), mul(id(2), (*grid)[1])), (*grid)[0])), extents);
}

//===--- memory -----------------------------------------------------------===//

Value KernelBuilder::argument(Value tensor) {
  auto argument = dyn_cast<BlockArgument>(tensor);
  if (!argument || argument.getOwner() != source)
    return Value();
  return program->getArgument(argument.getArgNumber());
}

Value KernelBuilder::resultOf(Value tensor) {
  ValueRange values = returned();
  auto it = llvm::find(values, tensor);
  return it == values.end() ? Value() : results[it - values.begin()];
}

RowSource KernelBuilder::rowSource(Value memref, MemRefType type) {
  return {memref, leadingElements(type), lastExtent(type),
          tile::getRowPitch(type), 0};
}

FailureOr<RowSource> KernelBuilder::rowSource(Value tensor) {
  if (Value memref = argument(tensor))
    return rowSource(memref, cast<MemRefType>(memref.getType()));
  auto split = tensor.getDefiningOp<model::SplitOp>();
  if (!split)
    return failure();
  FailureOr<RowSource> whole = rowSource(split.getInput());
  if (failed(whole))
    return failure();
  for (Value part : split.getOutputs()) {
    int64_t columns = lastExtent(cast<ShapedType>(part.getType()));
    if (part == tensor) {
      whole->columns = columns;
      break;
    }
    whole->columnOffset += columns;
  }
  return whole;
}

Value KernelBuilder::view(Value memref, ArrayRef<int64_t> sizes,
                          ArrayRef<int64_t> strides, OpFoldResult offset) {
  // A constant offset belongs into the type.
  if (std::optional<int64_t> known = getConstantIntValue(offset))
    offset = b.getIndexAttr(*known);
  int64_t typeOffset =
      getConstantIntValue(offset).value_or(ShapedType::kDynamic);
  auto layout = StridedLayoutAttr::get(b.getContext(), typeOffset, strides);
  auto type = MemRefType::get(
      sizes, cast<MemRefType>(memref.getType()).getElementType(), layout);
  return memref::ReinterpretCastOp::create(
      b, type, memref, offset, getAsIndexOpFoldResult(b.getContext(), sizes),
      getAsIndexOpFoldResult(b.getContext(), strides));
}

Value KernelBuilder::view(const RowSource &source) {
  return view(source.memref, {source.rows, source.columns},
              {source.rowStride, 1}, b.getIndexAttr(source.columnOffset));
}

Value KernelBuilder::flatView(Value memref) {
  assert(cast<MemRefType>(memref.getType()).getLayout().isIdentity() &&
         "llmc-pad-rows pads no tensor that a kernel sees as one row");
  int64_t elements = cast<MemRefType>(memref.getType()).getNumElements();
  return view(memref, {elements}, {1}, b.getIndexAttr(0));
}

Value KernelBuilder::convertElements(Value tile, Type element) {
  auto type = cast<RankedTensorType>(tile.getType());
  auto from = dyn_cast<FloatType>(type.getElementType());
  auto to = dyn_cast<FloatType>(element);
  if (!from || !to || from == to)
    return tile;
  Type converted = type.clone(element);
  if (from.getWidth() < to.getWidth())
    return arith::ExtFOp::create(b, converted, tile);
  return arith::TruncFOp::create(b, converted, tile);
}

Value KernelBuilder::loadAsStored(Value view, ValueRange indices,
                                  ArrayRef<int64_t> shape) {
  Type element = cast<MemRefType>(view.getType()).getElementType();
  return tile::LoadOp::create(b, RankedTensorType::get(shape, element), view,
                              indices);
}

Value KernelBuilder::load(Value view, ValueRange indices,
                          ArrayRef<int64_t> shape) {
  return convertElements(loadAsStored(view, indices, shape), b.getF32Type());
}

Value KernelBuilder::gather(Value view, Value rows, Value column,
                            int64_t columns) {
  int64_t count = cast<RankedTensorType>(rows.getType()).getDimSize(0);
  Type element = cast<MemRefType>(view.getType()).getElementType();
  Value tile = tile::GatherOp::create(
      b, RankedTensorType::get({count, columns}, element), view, rows, column);
  return convertElements(tile, b.getF32Type());
}

void KernelBuilder::store(Value tile, Value view, ValueRange indices) {
  Type element = cast<MemRefType>(view.getType()).getElementType();
  tile::StoreOp::create(b, convertElements(tile, element), view, indices);
}

Value KernelBuilder::accumulate(Value tile, Value view, ValueRange indices,
                                bool first) {
  if (first) {
    store(tile, view, indices);
    return tile;
  }
  auto type = cast<RankedTensorType>(tile.getType());
  Value before = load(view, indices, type.getShape());
  Value sum = arith::AddFOp::create(b, before, tile);
  store(sum, view, indices);
  return sum;
}

Value KernelBuilder::loadScalar(Value memref, ValueRange indices) {
  Value value = memref::LoadOp::create(b, memref, indices);
  auto type = dyn_cast<FloatType>(value.getType());
  if (type && type.getWidth() < 32)
    return arith::ExtFOp::create(b, b.getF32Type(), value);
  return value;
}

//===--- values -----------------------------------------------------------===//

RankedTensorType KernelBuilder::tileType(ArrayRef<int64_t> shape) {
  return RankedTensorType::get(shape, b.getF32Type());
}

Value KernelBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

Value KernelBuilder::tile(ArrayRef<int64_t> shape, double value) {
  return arith::ConstantOp::create(
      b, DenseElementsAttr::get(tileType(shape), static_cast<float>(value)));
}

Value KernelBuilder::scalar(double value) {
  return arith::ConstantOp::create(b, b.getF32FloatAttr(value));
}

Value KernelBuilder::add(Value lhs, Value rhs) {
  return b.createOrFold<arith::AddIOp>(lhs, rhs);
}

Value KernelBuilder::mul(Value lhs, int64_t rhs) {
  return b.createOrFold<arith::MulIOp>(lhs, index(rhs));
}

Value KernelBuilder::div(Value lhs, int64_t rhs) {
  return b.createOrFold<arith::DivUIOp>(lhs, index(rhs));
}

Value KernelBuilder::rem(Value lhs, int64_t rhs) {
  if (rhs == 1)
    return index(0);
  return b.createOrFold<arith::RemUIOp>(lhs, index(rhs));
}

Value KernelBuilder::splat(Value scalar, ArrayRef<int64_t> shape) {
  return tile::SplatOp::create(
      b, RankedTensorType::get(shape, scalar.getType()), scalar);
}

Value KernelBuilder::reduceAxis(Value tile, int64_t axis,
                                tile::ReduceKind kind) {
  auto type = cast<RankedTensorType>(tile.getType());
  int64_t extent = type.getRank() == 1 ? 1 : type.getDimSize(1 - axis);
  return tile::ReduceOp::create(b, type.clone({extent}), kind, tile, axis);
}

Value KernelBuilder::reduceRows(Value tile, tile::ReduceKind kind) {
  return reduceAxis(tile, 1, kind);
}

Value KernelBuilder::perRow(Value vector, int64_t columns) {
  auto type = cast<RankedTensorType>(vector.getType());
  return tile::BroadcastOp::create(b, type.clone({type.getDimSize(0), columns}),
                                   vector, 1);
}

Value KernelBuilder::perColumn(Value vector, int64_t rows) {
  auto type = cast<RankedTensorType>(vector.getType());
  return tile::BroadcastOp::create(b, type.clone({rows, type.getDimSize(0)}),
                                   vector, 0);
}

Value KernelBuilder::dot(Value lhs, Value rhs, Value acc, bool transposeA,
                         bool transposeB) {
  lhs = convertElements(lhs, getElementTypeOrSelf(rhs));
  return tile::DotOp::create(b, lhs, rhs, acc, transposeA, transposeB);
}

Value KernelBuilder::iota(Value offset, ArrayRef<int64_t> shape, int64_t axis) {
  return tile::IotaOp::create(b, RankedTensorType::get(shape, b.getI32Type()),
                              offset, axis);
}
