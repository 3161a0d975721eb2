//===- KernelLowering.h - one tile program to one thread's work -*- C++ -*-===//
//
// State and building blocks of llmc-convert-tile-to-cuda. A tile becomes an
// array of registers; an elementwise tile with one use is not stored but
// computed where it is used, so that a chain of ops becomes one loop.
//
//   LowerIndex      coordinates of registers, divisibility
//   LowerElements   arrays, and the value of a tile at one register
//   LowerMemory     views, loads, stores, gathers
//   LowerShared     operands in shared memory: swizzle, copies, staging
//   LowerDot        products by tensor cores
//   LowerTf32Dot    products by tensor cores, of f32 rounded to TF32
//   LowerSimtDot    products without
//   LowerReduce     reductions
//   LowerConvert    changes of layout
//   LowerLoop       loops, software pipeline
//   LowerProductLoop  the main loop of a matrix product
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_TARGET_CUDA_KERNELLOWERING_H
#define LLMC_COMPILER_TARGET_CUDA_KERNELLOWERING_H

#include "compiler/Target/CUDA/LowerProducts.h"
#include "dialects/Tile/Tile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/Twine.h"

#include <limits>
#include <map>

namespace llmc {

/// Part of a kernel argument as rows and columns, in elements.
struct GlobalView {
  mlir::Value memory; // the kernel's argument
  mlir::Value offset; // index
  int64_t offsetDivisor = 0;
  llvm::SmallVector<int64_t, 2> sizes, strides;
};

/// A tile of 16-byte chunks in shared memory, swizzled so that the eight rows
/// of a matrix lie in different banks; rows of an odd number of chunks do so by
/// themselves.
struct SharedTile {
  mlir::Value buffer;
  mlir::Value slot; // bytes from the buffer's start; null: 0
  int64_t rows = 0, columns = 0, elementBytes = 0;
  int64_t chunks = 0, pitch = 0; // of a row: 16-byte chunks, bytes
  int64_t swizzleShift = 0, swizzleMask = 0;
  int64_t bytes = 0; // of one stage
};

/// A copy of a tile from global to shared memory, made once or, with other
/// places, in each iteration of a loop. Elements, but for `to` and `piece`.
struct SharedCopy {
  SharedTile tile;
  GlobalView view;
  /// The thread's first chunk in the view and in memory, at 0 of what moves.
  mlir::Value row, column, from;
  /// How far a step of the loop's variable moves rows and columns.
  llvm::SmallVector<int64_t, 2> moving;
  /// The first chunk's byte in a stage; null where that of others is not a
  /// constant further on.
  mlir::Value to;
  int64_t rowsPerRound = 0; // 0: chunks are numbered through
  int64_t piece = 0;        // bytes copied at once; below 4: by elements
  bool rowsLeave = false, columnsLeave = false;
};

/// What a loop copies to shared memory ahead of its iterations.
struct Pipeline {
  llvm::SmallVector<SharedCopy> copies;
  int64_t stages = 1;
  mlir::Value begin, step;
  /// Nothing is copied for iterations from here on.
  mlir::Value end;
};

class KernelLowering {
public:
  KernelLowering(tile::FuncOp source, bool approximate);
  /// Makes the kernel beside the tile.func, which stays.
  mlir::FailureOr<cuda::KernelOp> run();

private:
  //===--- structure --------------------------------------------------------//
  mlir::LogicalResult lowerBlock(mlir::Block &block);
  mlir::LogicalResult lowerOp(mlir::Operation *op);
  mlir::LogicalResult lowerFor(mlir::scf::ForOp loop);
  /// A loop of products and nothing else, with fragments one step ahead.
  mlir::LogicalResult lowerProductLoop(mlir::scf::ForOp loop);
  mlir::LogicalResult lowerIf(mlir::scf::IfOp branch);
  mlir::LogicalResult lowerTicket(tile::TicketOp op);
  mlir::LogicalResult lowerInTurn(tile::InTurnOp turn);
  mlir::LogicalResult lowerScalar(mlir::Operation *op);

  //===--- scalars (LowerIndex) ---------------------------------------------//
  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, int64_t y);
  mlir::Value div(mlir::Value x, int64_t y);
  mlir::Value rem(mlir::Value x, int64_t y);
  mlir::Value bitXor(mlir::Value x, mlir::Value y);
  mlir::Value bitAnd(mlir::Value x, int64_t mask);
  mlir::Value shiftRight(mlir::Value x, int64_t bits);
  mlir::Value less(mlir::Value x, mlir::Value y);
  /// `x` and `y`, where null stands for true.
  mlir::Value both(mlir::Value x, mlir::Value y);
  mlir::Value named(mlir::Value value, llvm::StringRef name);
  /// What Tiling calls a tile.
  static llvm::StringRef nameOf(mlir::Value tile, llvm::StringRef otherwise);
  /// "weight_tile" of an argument that is called "weight".
  std::string nameAfter(mlir::Value memory, llvm::StringRef what);
  /// The sum of scales[i] over the bits i that are set in `bits`;
  /// `higherBits`: whether there may be more bits than scales.
  mlir::Value linear(mlir::Value bits, llvm::ArrayRef<int64_t> scales,
                     bool higherBits);
  /// Runs `build` at the kernel's begin, once for each key.
  mlir::Value atEntry(const std::string &key, llvm::StringRef name,
                      llvm::function_ref<mlir::Value()> build);
  /// A number that divides the index in the tile program; 0 for the index 0.
  static int64_t divisor(mlir::Value index);
  static bool isMultiple(mlir::Value index, int64_t of);

  mlir::Value threadPart(const Layout &layout, int64_t axis);
  mlir::Value registerPart(const Layout &layout, int64_t axis, mlir::Value reg);
  mlir::Value coordinate(const Layout &layout, int64_t axis, mlir::Value reg);
  /// The register of `layout`.slice(axis) that belongs to `reg`.
  mlir::Value sliceRegister(const Layout &layout, int64_t axis,
                            mlir::Value reg);
  /// Whether this thread holds the first copy; null where there are none.
  mlir::Value isFirstCopy(const Layout &layout);

  //===--- elements (LowerElements) -----------------------------------------//
  mlir::Value newArray(mlir::Type element, int64_t size, llvm::StringRef name);
  mlir::Value readArray(mlir::Value array, mlir::Value reg);
  void writeArray(mlir::Value value, mlir::Value array, mlir::Value reg);
  /// A pack of what `part` gives for 0 to `width` - 1, as memory takes it.
  mlir::Value pack(int64_t width, mlir::Type element,
                   llvm::function_ref<mlir::Value(int64_t)> part);
  /// Writes a pack's elements to registers `distance` apart, from `reg` on.
  void unpack(mlir::Value pack, mlir::Value array, mlir::Value reg,
              int64_t distance = 1);
  /// What the next unrolled loop does, for who reads the source.
  void explain(const llvm::Twine &text) { explanation = text.str(); }
  /// What a loop of one iteration does: its indices are known to all.
  void once(llvm::function_ref<void(mlir::Value)> body);
  /// An unrolled loop; `body` gets its index.
  void unroll(int64_t extent, int64_t step, llvm::StringRef name,
              llvm::function_ref<void(mlir::Value)> body);
  bool isInline(mlir::Value tile);
  /// The array of a tile, computed now if it is not there.
  mlir::Value materialize(mlir::Value tile);
  void materializeInto(mlir::Value tile, mlir::Value array);
  /// The tile's element at a register; within an unrolled loop.
  mlir::Value element(mlir::Value tile, mlir::Value reg);
  mlir::Value computeElement(mlir::Value tile, mlir::Value reg);
  /// Makes arrays of everything that `element` cannot compute in passing.
  void prepare(mlir::Value tile);

  //===--- memory (LowerMemory) ---------------------------------------------//
  mlir::FailureOr<GlobalView> viewOf(mlir::Value view);
  /// nameAfter the argument that is loaded from.
  std::string nameOfLoad(mlir::Operation *load, llvm::StringRef what);
  struct Access {
    GlobalView view;
    Layout layout;
    llvm::SmallVector<int64_t, 2> shape;
    llvm::SmallVector<mlir::Value, 2> begin;   // in the kernel
    llvm::SmallVector<mlir::Value, 2> indices; // in the tile program
    int64_t columnPeriod = 0;                  // repeat_columns
    mlir::Value rows;                          // gather: tile of row numbers
    int64_t width = 1;                         // elements of a pack
  };
  void chooseWidth(Access &access);
  mlir::Value elementIndex(const Access &access, mlir::Value reg,
                           llvm::SmallVectorImpl<mlir::Value> &coordinates);
  mlir::Value insideView(const Access &access,
                         llvm::ArrayRef<mlir::Value> coordinates);
  bool mayLeave(const Access &access, int64_t axis);
  bool overwrites(mlir::Value memory, int64_t rank);
  mlir::Value loadAccess(Access access, mlir::Type element,
                         llvm::StringRef name);
  mlir::FailureOr<Access> accessOf(mlir::Value view, mlir::ValueRange indices,
                                   mlir::RankedTensorType tile);
  mlir::LogicalResult lowerLoad(tile::LoadOp op);
  mlir::LogicalResult lowerGather(tile::GatherOp op);
  mlir::LogicalResult lowerRepeatColumns(tile::RepeatColumnsOp op);
  mlir::LogicalResult lowerStore(tile::StoreOp op);
  mlir::LogicalResult lowerScalarLoad(mlir::Operation *op);

  //===--- shared memory (LowerShared) --------------------------------------//
  /// Its buffer is made before an op, or at the kernel's begin.
  SharedTile newSharedTile(mlir::RankedTensorType type, int64_t stages,
                           llvm::StringRef name,
                           mlir::Operation *before = nullptr);
  mlir::Value sharedByte(const SharedTile &tile, mlir::Value row,
                         mlir::Value chunk);
  /// A copy to begin at `fixed` + `moving` times the loop's variable; what
  /// does not change in the loop is computed here.
  mlir::FailureOr<SharedCopy> planCopy(tile::LoadOp load,
                                       const SharedTile &tile,
                                       mlir::ValueRange fixed,
                                       llvm::ArrayRef<int64_t> moving);
  /// Null: 0.
  void issueCopy(const SharedCopy &copy, mlir::Value at, mlir::Value slot);
  void copyByElements(const SharedCopy &copy, mlir::Value byte,
                      mlir::Value place, mlir::Value viewColumn,
                      mlir::Value inside);
  void commitCopies();
  void waitForCopies(int64_t groups);
  mlir::LogicalResult lowerSharedLoad(tile::LoadOp load);
  /// Where an operand of a product lies in shared memory; tiles in registers
  /// are written there, rounded to the operand's type.
  SharedTile sharedOperand(mlir::Value tile);

  //===--- pipelines (LowerLoop) --------------------------------------------//
  /// Plans the copies of the loads that `loop` makes ahead; false after a
  /// diagnostic.
  bool startPipeline(mlir::scf::ForOp loop, Pipeline &pipeline);
  /// Copies for the iteration at `at` into buffer `slot`, if there is such an
  /// iteration; one group either way.
  void copyAhead(const Pipeline &pipeline, mlir::Value at, mlir::Value slot);
  /// The same for the first `stages` iterations.
  void fillPipeline(const Pipeline &pipeline, int64_t stages);
  /// Names the loop's variable as Tiling does.
  void nameLoop(mlir::scf::ForOp made, mlir::scf::ForOp loop, bool isPipelined);
  mlir::Value slotAfter(const Pipeline &pipeline, mlir::Value slot);
  /// The array of a carried tile, which holds what the loop begins with.
  mlir::Value arrayForCarried(mlir::scf::ForOp loop, unsigned number);
  /// Whether `value`, computed element by element, is all that reads `own`, an
  /// array's tile of the same shape: then it may be written over it.
  bool replaces(mlir::Value value, mlir::Value own);

  //===--- products (LowerDot, LowerTf32Dot, LowerSimtDot) ------------------//
  mlir::LogicalResult lowerDot(tile::DotOp dot);
  mlir::Value accumulatorOf(tile::DotOp dot);
  void multiplyByTensorCores(tile::DotOp dot, mlir::Value acc);
  void multiplyByTf32(tile::DotOp dot, mlir::Value acc);
  void multiplyByThreads(tile::DotOp dot, mlir::Value acc);
  /// Reads step `kk` of the depth of an operand into registers from `base` on;
  /// `part`: of columns that repeat, or null.
  void loadLeft(tile::DotOp dot, const SharedTile &tile,
                const FragmentPlace &place, mlir::Value kk, mlir::Value array,
                mlir::Value base);
  void loadRight(tile::DotOp dot, const SharedTile &tile,
                 const FragmentPlace &place, mlir::Value kk, mlir::Value part,
                 mlir::Value array, mlir::Value base);
  /// Reads the operands that loops are to find in registers. Their copies are
  /// waited for, so that what the loops copy may take their place.
  void loadKeptFragments();
  /// acc += a b for all pairs of a warp's fragments.
  void multiplyFragments(tile::DotOp dot, mlir::Value acc, mlir::Value a,
                         mlir::Value aBase, mlir::Value bArray,
                         mlir::Value bBase, mlir::Value part);
  void explainProduct(tile::DotOp dot, llvm::StringRef more);
  bool isFragment(tile::DotOp dot);
  /// The first register of a left operand that is a fragment already: of a row
  /// tile, and 8 columns of it.
  mlir::Value fragmentRegister(tile::DotOp dot, mlir::Value rowTile,
                               mlir::Value depthTile);
  FragmentPlace ldmatrixPlace(const SharedTile &tile, bool isA, bool depthIsRow,
                              llvm::ArrayRef<int64_t> warpScales);
  FragmentPlace wordPlace(const SharedTile &tile, bool isA, bool paired,
                          llvm::ArrayRef<int64_t> warpScales);
  /// `columnByte` is below `columnBytes`, and below those of a row.
  mlir::Value
  fragmentByte(const SharedTile &tile, const FragmentPlace &from,
               mlir::Value row, mlir::Value columnByte,
               int64_t columnBytes = std::numeric_limits<int64_t>::max());

  mlir::LogicalResult lowerReduce(tile::ReduceOp op);
  mlir::LogicalResult lowerPartialSum(cuda::PartialSumOp op);
  /// Combines what a thread holds of each of `size` rows, columns or, of a
  /// vector, of all: an array. `text` explains the loops.
  mlir::Value reduceRegisters(mlir::Value input, tile::ReduceKind kind,
                              int64_t axis, int64_t size, llvm::StringRef name,
                              const llvm::Twine &text);
  mlir::LogicalResult lowerConvert(cuda::ConvertLayoutOp op);
  mlir::LogicalResult lowerSwapHalves(tile::SwapHalvesOp op);
  /// Writes a tile to shared memory row by row; gives the buffer and the bytes
  /// of a row.
  std::pair<mlir::Value, int64_t> storeRows(mlir::Value array,
                                            const Layout &layout,
                                            mlir::Type element,
                                            Coordinates extents);
  bool exchangeWithinWarp(const Layout &from, const Layout &to,
                          mlir::Value array, mlir::Value result);

  Layout layoutOf(mlir::Value tile) {
    auto type = mlir::cast<mlir::RankedTensorType>(tile.getType());
    return Layout(mlir::cast<cuda::LayoutAttr>(type.getEncoding()));
  }

  tile::FuncOp source;
  cuda::KernelOp kernel;
  mlir::ImplicitLocOpBuilder b;
  int64_t threads = 0;
  mlir::Value thread, lane, warp;
  mlir::Value ticket; // i32; null before it is taken
  mlir::Operation *entryEnd = nullptr;
  std::map<std::string, mlir::Value> entryValues;
  mlir::IRMapping scalars;
  llvm::DenseMap<mlir::Value, mlir::Value> arrays;
  llvm::DenseMap<mlir::Value, SharedTile> sharedTiles;
  /// Left operands to become fragments before the next loop, and those that
  /// are: all steps of the depth in one array.
  llvm::SmallVector<tile::LoadOp> toBeKept;
  llvm::DenseMap<mlir::Value, mlir::Value> keptFragments;
  /// Elements computed in the loop that is being built.
  llvm::DenseMap<std::pair<mlir::Value, mlir::Value>, mlir::Value> elements;
  /// Tiles that a store to the same place loads in passing.
  llvm::DenseMap<mlir::Operation *, tile::LoadOp> loadedByStores;
  llvm::DenseSet<mlir::Value> loadedInPassing;
  /// The buffer that a loop which continues another one's pipeline begins with.
  llvm::DenseMap<mlir::Operation *, mlir::Value> continuedSlots;
  std::string explanation;
  /// Whether copies are under way that no wait has covered.
  bool copiesUnderWay = false;
};

} // namespace llmc

#endif
