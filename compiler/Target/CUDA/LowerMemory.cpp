//===- LowerMemory.cpp - tiles from and to global memory ------------------===//
//
// A thread moves packs of up to 16 bytes. A pack is either inside of the view
// or not; where a view's edge can cut through one, packs are narrower, unless
// the row's padding holds the rest.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/KernelLowering.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace llmc;

static constexpr int64_t kPackBytes = 16;

FailureOr<GlobalView> KernelLowering::viewOf(Value view) {
  GlobalView result;
  auto cast = view.getDefiningOp<memref::ReinterpretCastOp>();
  Value memory = cast ? cast.getSource() : view;
  result.memory = scalars.lookupOrNull(memory);
  if (!result.memory)
    return emitError(view.getLoc())
           << "expected a view of an argument of the kernel";
  auto type = mlir::cast<MemRefType>(view.getType());
  int64_t offset = 0;
  if (failed(type.getStridesAndOffset(result.strides, offset)))
    return emitError(view.getLoc()) << "expected a view with strides";
  llvm::append_range(result.sizes, type.getShape());
  result.offset = index(0);
  if (!cast)
    return result;
  OpFoldResult begin = cast.getMixedOffsets().front();
  if (auto value = dyn_cast<Value>(begin)) {
    result.offset = scalars.lookup(value);
    result.offsetDivisor = divisor(value);
  } else {
    result.offsetDivisor =
        mlir::cast<IntegerAttr>(mlir::cast<Attribute>(begin)).getInt();
    result.offset = index(result.offsetDivisor);
  }
  return result;
}

std::string KernelLowering::nameOfLoad(Operation *load, StringRef what) {
  Value view = load->getOperand(0);
  auto cast = view.getDefiningOp<memref::ReinterpretCastOp>();
  return nameAfter(scalars.lookupOrNull(cast ? cast.getSource() : view), what);
}

FailureOr<KernelLowering::Access>
KernelLowering::accessOf(Value view, ValueRange indices,
                         RankedTensorType tile) {
  FailureOr<GlobalView> global = viewOf(view);
  if (failed(global))
    return failure();
  Access access;
  access.view = *global;
  llvm::append_range(access.shape, tile.getShape());
  llvm::append_range(access.indices, indices);
  for (Value value : indices)
    access.begin.push_back(scalars.lookup(value));
  return access;
}

//===----------------------------------------------------------------------===//
// Packs and edges
//===----------------------------------------------------------------------===//

/// Whether the tile can reach over the end of the view along an axis.
bool KernelLowering::mayLeave(const Access &access, int64_t axis) {
  int64_t extent = access.view.sizes[axis], tile = access.shape[axis];
  if (axis == access.layout.lastAxis() && access.columnPeriod)
    return false;
  if (extent % tile == 0 && isMultiple(access.indices[axis], tile))
    return false;
  // A tile as large as the view can only begin at its begin.
  return !(extent == tile && divisor(access.indices[axis]) == 0);
}

void KernelLowering::chooseWidth(Access &access) {
  const GlobalView &view = access.view;
  int64_t last = access.layout.lastAxis();
  int64_t elementBytes =
      cast<MemRefType>(view.memory.getType()).getElementTypeBitWidth() / 8;
  access.width = 1;
  if (view.strides[last] != 1)
    return;
  int64_t width =
      std::min(access.layout.contiguous(), kPackBytes / elementBytes);
  int64_t alignment =
      std::gcd(view.offsetDivisor, divisor(access.indices[last]));
  if (access.layout.rank() == 2)
    alignment = std::gcd(alignment, view.strides[0]);
  int64_t extent = view.sizes[last];
  bool leaves = mayLeave(access, last);
  bool padded = access.layout.isPadded(access.shape);
  auto fits = [&](int64_t candidate) {
    if (alignment % candidate)
      return false;
    if (padded && access.shape[last] % candidate)
      return false;
    if (access.columnPeriod && access.columnPeriod % candidate)
      return false;
    if (!leaves || extent % candidate == 0)
      return true;
    // The row's padding takes what lies beyond the edge.
    return access.layout.rank() == 2 &&
           llvm::alignTo(extent, candidate) <=
               static_cast<uint64_t>(view.strides[0]);
  };
  while (width > 1 && !fits(width))
    width /= 2;
  access.width = width;
}

/// The element's number from the argument's begin; fills in its coordinates in
/// the view.
Value KernelLowering::elementIndex(const Access &access, Value reg,
                                   SmallVectorImpl<Value> &coordinates) {
  const Layout &layout = access.layout;
  Value sum = access.view.offset;
  for (int64_t axis = 0; axis < layout.rank(); ++axis) {
    Value position;
    if (axis == 0 && access.rows) {
      Value row = element(access.rows, sliceRegister(layout, 1, reg));
      position = arith::IndexCastOp::create(b, b.getIndexType(), row);
    } else {
      position = coordinate(layout, axis, reg);
      if (axis == layout.lastAxis() && access.columnPeriod)
        position = rem(position, access.columnPeriod);
      position = add(access.begin[axis], position);
    }
    coordinates.push_back(position);
    sum = add(sum, mul(position, access.view.strides[axis]));
  }
  return sum;
}

/// Whether the pack at `coordinates` is in the tile and in the view; null:
/// always.
Value KernelLowering::insideView(const Access &access,
                                 ArrayRef<Value> coordinates) {
  const Layout &layout = access.layout;
  Value condition;
  Coordinates padded = layout.extents();
  for (int64_t axis = 0; axis < layout.rank(); ++axis) {
    bool gathered = axis == 0 && access.rows;
    bool leaves = !gathered && mayLeave(access, axis);
    if (leaves)
      condition = both(condition,
                       less(coordinates[axis], index(access.view.sizes[axis])));
    if (padded[axis] == access.shape[axis] || access.columnPeriod)
      continue;
    // Registers beyond the tile's own extents.
    Value begin = gathered ? Value() : access.begin[axis];
    if (begin)
      condition = both(condition, less(coordinates[axis],
                                       add(begin, index(access.shape[axis]))));
  }
  return condition;
}

//===----------------------------------------------------------------------===//
// Loads
//===----------------------------------------------------------------------===//

/// Whether the kernel stores to `memory`, or to what may be the same place.
bool KernelLowering::overwrites(Value memory, int64_t rank) {
  if (rank == 2 && kernel->hasAttr("cuda.may_alias"))
    return true;
  bool stored = false;
  source.walk([&](tile::StoreOp store) {
    auto cast = store.getView().getDefiningOp<memref::ReinterpretCastOp>();
    Value target = cast ? cast.getSource() : store.getView();
    stored |= scalars.lookupOrNull(target) == memory;
  });
  return stored;
}

Value KernelLowering::loadAccess(Access access, Type elementType,
                                 StringRef name) {
  chooseWidth(access);
  const Layout &layout = access.layout;
  int64_t width = access.width, last = layout.lastAxis();
  Value array = newArray(elementType, layout.numRegisters(),
                         nameAfter(access.view.memory, name));
  auto packType = VectorType::get({width}, elementType);
  // Only the first copy of an element is ever stored, so that the others need
  // not read what it overwrites. Slices are no such copies: all need them.
  Value first;
  if (overwrites(access.view.memory, layout.rank()))
    first = isFirstCopy(layout);
  explain(llvm::formatv("load [{0:$[, ]}]", llvm::iterator_range(access.shape))
              .str());
  // An edge within a pack: elements one by one.
  bool cut = mayLeave(access, last) && access.view.sizes[last] % width != 0;
  unroll(layout.numRegisters(), width, "", [&](Value reg) {
    SmallVector<Value> coordinates;
    Value place = elementIndex(access, reg, coordinates);
    Value pack = cuda::LoadGlobalOp::create(
        b, packType, access.view.memory, place,
        both(first, insideView(access, coordinates)));
    for (int64_t i = 0; i < width; ++i) {
      Value value = vector::ExtractOp::create(b, pack, i);
      if (cut && i > 0) {
        Value inside = less(add(coordinates[last], index(i)),
                            index(access.view.sizes[last]));
        Value zero = arith::ConstantOp::create(b, b.getZeroAttr(elementType));
        value = arith::SelectOp::create(b, inside, value, zero);
      }
      writeArray(value, array, add(reg, index(i)));
    }
  });
  return array;
}

/// The store to the place that a tile is loaded from, if all that the tile is
/// for is what is stored there: storage += value.
static tile::StoreOp storeInPlace(tile::LoadOp load) {
  Operation *op = load;
  while (op->hasOneUse()) {
    Operation *user = *op->user_begin();
    if (user->getBlock() != load->getBlock())
      return {};
    if (auto store = dyn_cast<tile::StoreOp>(user)) {
      bool samePlace = store.getView() == load.getView() &&
                       llvm::equal(store.getIndices(), load.getIndices());
      // Nothing else may be written before.
      for (Operation *other = load->getNextNode(); samePlace && other != store;
           other = other->getNextNode())
        samePlace = !isa<tile::StoreOp>(other) && !other->getNumRegions();
      return samePlace ? store : tile::StoreOp();
    }
    if (!user->hasTrait<OpTrait::Elementwise>() || user->getNumResults() != 1)
      return {};
    op = user;
  }
  return {};
}

LogicalResult KernelLowering::lowerLoad(tile::LoadOp op) {
  if (op->hasAttr("cuda.stages"))
    return lowerSharedLoad(op);
  // Loaded pack by pack as it is stored, not held in registers all at once.
  if (tile::StoreOp store = storeInPlace(op)) {
    loadedByStores[store] = op;
    loadedInPassing.insert(op.getResult());
    return success();
  }
  // Tables of repeat_columns are read where they are used.
  if (!op.getResult().getType().getEncoding())
    return success();
  FailureOr<Access> access =
      accessOf(op.getView(), op.getIndices(), op.getResult().getType());
  if (failed(access))
    return failure();
  access->layout = layoutOf(op.getResult());
  arrays[op.getResult()] = loadAccess(
      *access, getElementTypeOrSelf(op.getResult().getType()), "tile");
  return success();
}

LogicalResult KernelLowering::lowerGather(tile::GatherOp op) {
  if (!op.getResult().getType().getEncoding())
    return success();
  FailureOr<Access> access = accessOf(
      op.getView(), {op.getColumn(), op.getColumn()}, op.getResult().getType());
  if (failed(access))
    return failure();
  access->layout = layoutOf(op.getResult());
  access->rows = op.getRows();
  prepare(op.getRows());
  arrays[op.getResult()] = loadAccess(
      *access, getElementTypeOrSelf(op.getResult().getType()), "tile");
  return success();
}

/// result[r, c] = input[r, c mod D], where the input is read from memory: each
/// register takes its element from there.
LogicalResult KernelLowering::lowerRepeatColumns(tile::RepeatColumnsOp op) {
  Operation *input = op.getInput().getDefiningOp();
  Value view;
  SmallVector<Value> indices;
  if (auto load = dyn_cast_or_null<tile::LoadOp>(input)) {
    view = load.getView();
    indices = load.getIndices();
  } else if (auto gather = dyn_cast_or_null<tile::GatherOp>(input)) {
    view = gather.getView();
    indices = {gather.getColumn(), gather.getColumn()};
  } else {
    return op.emitOpError("expected a table that is read from memory");
  }
  FailureOr<Access> access = accessOf(view, indices, op.getResult().getType());
  if (failed(access))
    return failure();
  access->layout = layoutOf(op.getResult());
  access->columnPeriod = op.getInput().getType().getDimSize(1);
  if (auto gather = dyn_cast<tile::GatherOp>(input)) {
    access->rows = gather.getRows();
    prepare(gather.getRows());
  }
  arrays[op.getResult()] = loadAccess(
      *access, getElementTypeOrSelf(op.getResult().getType()), "table");
  return success();
}

LogicalResult KernelLowering::lowerScalarLoad(Operation *op) {
  auto load = cast<memref::LoadOp>(op);
  FailureOr<GlobalView> view = viewOf(load.getMemRef());
  if (failed(view))
    return failure();
  Value place = view->offset;
  for (auto [position, stride] :
       llvm::zip_equal(load.getIndices(), view->strides))
    place = add(place, mul(scalars.lookup(position), stride));
  auto packType = VectorType::get({1}, load.getType());
  Value pack =
      cuda::LoadGlobalOp::create(b, packType, view->memory, place, Value());
  Value value = vector::ExtractOp::create(b, pack, 0);
  scalars.map(load.getResult(), named(value, nameOf(load.getResult(), "")));
  return success();
}

//===----------------------------------------------------------------------===//
// Stores
//===----------------------------------------------------------------------===//

LogicalResult KernelLowering::lowerStore(tile::StoreOp op) {
  FailureOr<Access> access =
      accessOf(op.getView(), op.getIndices(), op.getValue().getType());
  if (failed(access))
    return failure();
  access->layout = layoutOf(op.getValue());
  chooseWidth(*access);
  const Layout &layout = access->layout;
  int64_t width = access->width;

  // Rounding happens while packing; everything else in a loop of its own.
  Value value = op.getValue();
  tile::LoadOp inPlace = loadedByStores.lookup(op);
  auto rounding = value.getDefiningOp<arith::TruncFOp>();
  if (inPlace)
    prepare(value);
  else if (rounding && isInline(value))
    materialize(rounding.getIn());
  else if (!isa_and_present<arith::ConstantOp>(value.getDefiningOp()))
    materialize(value);
  Value first = isFirstCopy(layout);
  explain(
      llvm::formatv("store [{0:$[, ]}]", llvm::iterator_range(access->shape))
          .str());
  unroll(layout.numRegisters(), width, "", [&](Value reg) {
    SmallVector<Value> coordinates;
    Value place = elementIndex(*access, reg, coordinates);
    Value condition = both(first, insideView(*access, coordinates));
    Value old;
    if (inPlace)
      old = cuda::LoadGlobalOp::create(
          b, VectorType::get({width}, getElementTypeOrSelf(inPlace.getType())),
          access->view.memory, place, condition);
    Type elementType = getElementTypeOrSelf(value.getType());
    Value values = pack(width, elementType, [&](int64_t i) {
      Value own = add(reg, index(i));
      if (inPlace)
        elements[{inPlace.getResult(), own}] =
            vector::ExtractOp::create(b, old, i);
      return element(value, own);
    });
    cuda::StoreGlobalOp::create(b, values, access->view.memory, place,
                                condition);
  });
  return success();
}
