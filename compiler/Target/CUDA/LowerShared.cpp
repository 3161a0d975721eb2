//===- LowerShared.cpp - operands in shared memory ------------------------===//
//
// A row of a tile is a row of 16-byte chunks. Chunk c of row r lies at
// c ^ (r / s mod m), so that the eight rows of one ldmatrix, and the rows that
// a warp copies, use all banks once. m is the largest power of two, up to the
// eight chunks of all banks, that divides a row's chunks, and s m is 8: rows of
// 12 chunks begin at two places of the banks in turn, and chunks change places
// among four.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/KernelLowering.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace llmc;

static constexpr int64_t kChunkBytes = 16;
/// 32 banks of 4 bytes.
static constexpr int64_t kBankChunks = 8;

SharedTile KernelLowering::newSharedTile(RankedTensorType type, int64_t stages,
                                         StringRef name, Operation *before) {
  SharedTile tile;
  tile.rows = type.getDimSize(0);
  tile.columns = type.getDimSize(1);
  tile.elementBytes = type.getElementTypeBitWidth() / 8;
  tile.chunks =
      llvm::divideCeilSigned(tile.columns * tile.elementBytes, kChunkBytes);
  tile.pitch = tile.chunks * kChunkBytes;
  int64_t period = std::min(kBankChunks, tile.chunks & -tile.chunks);
  tile.swizzleShift = llvm::Log2_64(kBankChunks / period);
  tile.swizzleMask = period - 1;
  tile.bytes = llvm::alignTo(tile.rows * tile.pitch, 128);
  auto memref = MemRefType::get({stages * tile.bytes}, b.getI8Type(),
                                MemRefLayoutAttrInterface(),
                                b.getI64IntegerAttr(cuda::Shared));
  OpBuilder::InsertionGuard guard(b);
  if (before)
    b.setInsertionPoint(before);
  else
    b.setInsertionPointAfter(entryEnd);
  auto buffer = cuda::SharedOp::create(b, memref, IntegerAttr());
  if (!before)
    entryEnd = buffer;
  tile.buffer = named(buffer, name);
  return tile;
}

Value KernelLowering::sharedByte(const SharedTile &tile, Value row,
                                 Value chunk) {
  if (tile.swizzleMask)
    chunk = bitXor(
        chunk, bitAnd(shiftRight(row, tile.swizzleShift), tile.swizzleMask));
  Value byte = add(mul(row, tile.pitch), mul(chunk, kChunkBytes));
  return tile.slot ? add(tile.slot, byte) : byte;
}

//===----------------------------------------------------------------------===//
// Copies from global memory
//===----------------------------------------------------------------------===//

FailureOr<SharedCopy> KernelLowering::planCopy(tile::LoadOp load,
                                               const SharedTile &tile,
                                               ValueRange fixed,
                                               ArrayRef<int64_t> moving) {
  FailureOr<Access> found =
      accessOf(load.getView(), load.getIndices(), load.getResult().getType());
  if (failed(found))
    return failure();
  SharedCopy copy;
  copy.tile = tile;
  copy.view = found->view;
  const GlobalView &view = copy.view;
  // mayLeave asks for the last axis; operands in shared memory have no layout.
  copy.rowsLeave = mayLeave(*found, 0);
  copy.columnsLeave = mayLeave(*found, 1);
  copy.moving.assign(moving.begin(), moving.end());
  int64_t perChunk = kChunkBytes / tile.elementBytes;
  int64_t alignment =
      std::gcd(std::gcd(view.offsetDivisor, view.strides[0]),
               std::gcd(divisor(load.getIndices()[1]), perChunk));
  copy.piece = view.strides[1] == 1 ? alignment * tile.elementBytes : 0;

  // The thread's first chunk. The others lie whole rows further on, where the
  // threads are a multiple of a row's chunks.
  copy.rowsPerRound =
      threads % tile.chunks == 0 ? threads / tile.chunks : int64_t(0);
  std::string key = std::to_string(tile.chunks);
  Value row = index(0), chunk = index(0);
  if (copy.rowsPerRound) {
    row = atEntry("copy row " + key, "copy_row",
                  [&] { return div(thread, tile.chunks); });
    chunk = atEntry("copy chunk " + key, "copy_chunk",
                    [&] { return rem(thread, tile.chunks); });
  }
  copy.row = add(fixed[0], row);
  copy.column = add(fixed[1], named(mul(chunk, perChunk), "copy_column"));
  copy.from = named(add(view.offset, add(mul(copy.row, view.strides[0]),
                                         mul(copy.column, view.strides[1]))),
                    nameAfter(view.memory, "from"));
  // Rows further on have the same swizzle if they are whole periods of it.
  int64_t period = (tile.swizzleMask + 1) << tile.swizzleShift;
  if (copy.rowsPerRound && copy.rowsPerRound % period == 0) {
    SharedTile first = tile;
    first.slot = Value();
    copy.to = atEntry("copy to " + key + " " + std::to_string(tile.pitch) +
                          " " + std::to_string(tile.swizzleMask),
                      "copy_to", [&] { return sharedByte(first, row, chunk); });
  }
  return copy;
}

void KernelLowering::issueCopy(const SharedCopy &copy, Value at, Value slot) {
  SharedTile tile = copy.tile;
  tile.slot = slot;
  const GlobalView &view = copy.view;
  int64_t perChunk = kChunkBytes / tile.elementBytes;
  auto moved = [&](Value start, int64_t by) {
    return at && by ? add(start, mul(at, by)) : start;
  };
  int64_t perStep =
      copy.moving[0] * view.strides[0] + copy.moving[1] * view.strides[1];

  // Chunk `chunk` of row `row` behind the thread's first ones.
  auto copyChunk = [&](Value byte, Value row, Value chunk) {
    Value viewRow = add(moved(copy.row, copy.moving[0]), row);
    Value viewColumn =
        add(moved(copy.column, copy.moving[1]), mul(chunk, perChunk));
    Value place = add(
        moved(copy.from, perStep),
        add(mul(row, view.strides[0]), mul(chunk, perChunk * view.strides[1])));
    Value inside =
        copy.rowsLeave ? less(viewRow, index(view.sizes[0])) : Value();
    if (copy.piece < 4)
      return copyByElements(copy, byte, place, viewColumn, inside);
    for (int64_t done = 0; done < kChunkBytes; done += copy.piece) {
      Value bytes;
      if (copy.columnsLeave) {
        // What is left of the row, at most the piece.
        Value left = arith::SubIOp::create(
            b, index(view.sizes[1]),
            arith::MinSIOp::create(
                b, index(view.sizes[1]),
                add(viewColumn, index(done / tile.elementBytes))));
        bytes = arith::MinSIOp::create(b, mul(left, tile.elementBytes),
                                       index(copy.piece));
      }
      if (inside)
        bytes = arith::SelectOp::create(
            b, inside, bytes ? bytes : index(copy.piece), index(0));
      cuda::CpAsyncOp::create(
          b, copy.piece, tile.buffer, add(byte, index(done)), view.memory,
          add(place, index(done / tile.elementBytes)), bytes);
    }
  };

  explain("copy [" + llvm::Twine(tile.rows) + ", " + llvm::Twine(tile.columns) +
          "] to shared memory");
  int64_t total = tile.rows * tile.chunks;
  int64_t rounds = llvm::divideCeilSigned(total, threads);
  unroll(rounds, 1, "", [&](Value round) {
    // The tile's row and chunk, for the swizzle.
    Value row, chunk, byte;
    Value further = mul(round, copy.rowsPerRound);
    if (copy.rowsPerRound) {
      std::string key = std::to_string(tile.chunks);
      row = add(entryValues.at("copy row " + key), further);
      chunk = entryValues.at("copy chunk " + key);
    } else {
      Value number = add(thread, mul(round, threads));
      row = div(number, tile.chunks);
      chunk = rem(number, tile.chunks);
    }
    auto copyRound = [&] {
      if (copy.to)
        byte =
            add(slot ? add(slot, copy.to) : copy.to, mul(further, tile.pitch));
      else
        byte = sharedByte(tile, row, chunk);
      copyChunk(byte, copy.rowsPerRound ? further : row,
                copy.rowsPerRound ? index(0) : chunk);
    };
    if (total % threads == 0)
      return copyRound();
    auto branch =
        scf::IfOp::create(b, less(row, index(tile.rows)), /*withElse=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    copyRound();
  });
}

/// Too little alignment for copies in the background.
void KernelLowering::copyByElements(const SharedCopy &copy, Value byte,
                                    Value place, Value viewColumn,
                                    Value inside) {
  const GlobalView &view = copy.view;
  int64_t perChunk = kChunkBytes / copy.tile.elementBytes;
  Type element = getElementTypeOrSelf(view.memory.getType());
  auto one = VectorType::get({1}, element);
  Value chunk = pack(perChunk, element, [&](int64_t i) -> Value {
    Value condition = inside;
    if (copy.columnsLeave)
      condition = both(condition,
                       less(add(viewColumn, index(i)), index(view.sizes[1])));
    Value loaded = cuda::LoadGlobalOp::create(
        b, one, view.memory, add(place, index(i * view.strides[1])), condition);
    return vector::ExtractOp::create(b, loaded, 0);
  });
  cuda::StoreSharedOp::create(b, chunk, copy.tile.buffer, byte, Value());
}

void KernelLowering::commitCopies() {
  cuda::CpAsyncCommitOp::create(b);
  copiesUnderWay = true;
}

void KernelLowering::waitForCopies(int64_t groups) {
  cuda::CpAsyncWaitOp::create(b, groups);
  if (groups == 0)
    copiesUnderWay = false;
}

LogicalResult KernelLowering::lowerSharedLoad(tile::LoadOp load) {
  // Loads of a pipelined loop are issued by the loop.
  if (sharedTiles.contains(load.getResult()))
    return success();
  SharedTile tile =
      newSharedTile(load.getResult().getType(), 1, nameOfLoad(load, "tile"));
  SmallVector<Value> begin;
  for (Value position : load.getIndices())
    begin.push_back(scalars.lookup(position));
  FailureOr<SharedCopy> copy = planCopy(load, tile, begin, {0, 0});
  if (failed(copy))
    return failure();
  issueCopy(*copy, Value(), Value());
  commitCopies();
  sharedTiles[load.getResult()] = tile;
  if (load->hasAttr("cuda.kept"))
    toBeKept.push_back(load);
  return success();
}

//===----------------------------------------------------------------------===//
// Tiles from registers
//===----------------------------------------------------------------------===//

SharedTile KernelLowering::sharedOperand(Value tile) {
  auto known = sharedTiles.find(tile);
  if (known != sharedTiles.end())
    return known->second;
  auto type = cast<RankedTensorType>(tile.getType());
  // Each iteration writes it anew, so that only the loop around needs it.
  Operation *parent = b.getInsertionBlock()->getParentOp();
  while (!isa<scf::ForOp, cuda::KernelOp>(parent))
    parent = parent->getParentOp();
  SharedTile shared =
      newSharedTile(type, 1, "staged", dyn_cast<scf::ForOp>(parent));
  Layout layout = layoutOf(tile);
  prepare(tile);
  int64_t perChunk = kChunkBytes / shared.elementBytes;
  int64_t width = std::min(layout.contiguous(), perChunk);
  Value first = isFirstCopy(layout);
  explain("an operand of the next product, to shared memory");
  unroll(layout.numRegisters(), width, "", [&](Value reg) {
    Value row = coordinate(layout, 0, reg), column = coordinate(layout, 1, reg);
    Value values = pack(width, type.getElementType(), [&](int64_t i) {
      return element(tile, add(reg, index(i)));
    });
    Value byte = add(sharedByte(shared, row, div(column, perChunk)),
                     mul(rem(column, perChunk), shared.elementBytes));
    cuda::StoreSharedOp::create(b, values, shared.buffer, byte, first);
  });
  return sharedTiles[tile] = shared;
}
