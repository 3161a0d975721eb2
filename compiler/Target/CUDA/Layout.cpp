//===- Layout.cpp - linear layouts of tiles -------------------------------===//

#include "compiler/Target/CUDA/Layout.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <tuple>

using namespace llmc;

static constexpr int64_t kLanes = 32;

static int64_t ceilPowerOf2(int64_t value) {
  return static_cast<int64_t>(
      llvm::PowerOf2Ceil(static_cast<uint64_t>(std::max<int64_t>(1, value))));
}

/// The greatest power of two that divides `value`.
static int64_t powerOf2Factor(int64_t value) { return value & -value; }

Layout::Layout(cuda::LayoutAttr attribute) : rankValue(attribute.getRank()) {
  auto read = [&](llvm::ArrayRef<int64_t> flat,
                  llvm::SmallVector<Coordinates> &bases) {
    for (size_t i = 0; i < flat.size(); i += rankValue)
      bases.push_back({flat[i], rankValue == 2 ? flat[i + 1] : 0});
  };
  read(attribute.getRegisters(), registers);
  read(attribute.getLanes(), lanes);
  read(attribute.getWarps(), warps);
  for (int64_t axis = 0; axis < rankValue; ++axis)
    repeat[axis] = attribute.getRepeat()[axis];
}

cuda::LayoutAttr Layout::toAttribute(mlir::MLIRContext *context) const {
  auto write = [&](llvm::ArrayRef<Coordinates> bases) {
    llvm::SmallVector<int64_t> flat;
    for (const Coordinates &basis : bases)
      flat.append(basis.begin(), basis.begin() + rankValue);
    return flat;
  };
  return cuda::LayoutAttr::get(
      context, rankValue, write(registers), write(lanes), write(warps),
      llvm::ArrayRef<int64_t>(repeat.data(), rankValue));
}

//===----------------------------------------------------------------------===//
// Making layouts
//===----------------------------------------------------------------------===//

static void addBasis(llvm::SmallVectorImpl<Coordinates> &bases, int64_t axis,
                     int64_t value) {
  Coordinates basis = {0, 0};
  basis[axis] = value;
  bases.push_back(basis);
}

/// Zero bases: the bits tell copies apart.
static void addCopies(llvm::SmallVectorImpl<Coordinates> &bases,
                      int64_t count) {
  for (int64_t extent = 1; extent < count; extent *= 2)
    bases.push_back({0, 0});
}

namespace {
/// Hands out the bits 1, 2, 4, ... of one axis.
struct AxisCursor {
  int64_t axis;
  int64_t next = 1;

  void add(llvm::SmallVectorImpl<Coordinates> &bases, int64_t count) {
    for (int64_t extent = 1; extent < count; extent *= 2) {
      addBasis(bases, axis, next);
      next *= 2;
    }
  }
};
} // namespace

Layout Layout::blocked(llvm::ArrayRef<int64_t> shape, int64_t threads,
                       int64_t vector) {
  Layout layout;
  layout.rankValue = shape.size();
  int64_t last = layout.lastAxis();
  int64_t rows = layout.rankValue == 2 ? shape[0] : 1;
  int64_t packs = llvm::divideCeilSigned(shape[last], vector);
  int64_t warps = threads / kLanes;

  int64_t laneColumns = std::min(kLanes, ceilPowerOf2(packs));
  int64_t laneRows = std::min(kLanes / laneColumns, ceilPowerOf2(rows));
  int64_t warpRows =
      std::min(warps, ceilPowerOf2(llvm::divideCeilSigned(rows, laneRows)));
  int64_t warpColumns =
      std::min(warps / warpRows,
               ceilPowerOf2(llvm::divideCeilSigned(packs, laneColumns)));

  AxisCursor columns{last}, rowCursor{0};
  columns.add(layout.registers, vector);
  columns.add(layout.lanes, laneColumns);
  rowCursor.add(layout.lanes, laneRows);
  addCopies(layout.lanes, kLanes / (laneColumns * laneRows));
  columns.add(layout.warps, warpColumns);
  rowCursor.add(layout.warps, warpRows);
  addCopies(layout.warps, warps / (warpColumns * warpRows));
  layout.repeat[last] = llvm::divideCeilSigned(shape[last], columns.next);
  if (layout.rankValue == 2)
    layout.repeat[0] = llvm::divideCeilSigned(rows, rowCursor.next);
  return layout;
}

/// Divides the bits of an axis from `next` up to `extent` among registers and
/// `warps` warps, which get the highest bits except `keep`.
static void divideAmongWarps(int64_t axis, int64_t next, int64_t extent,
                             int64_t warps, int64_t keep, Layout &layout) {
  llvm::SmallVector<int64_t> ofRegisters, ofWarps;
  for (int64_t bit = next; bit < extent; bit *= 2)
    ofRegisters.push_back(bit);
  for (int64_t bit : llvm::reverse(llvm::SmallVector<int64_t>(ofRegisters)))
    if (bit != keep && (int64_t(1) << ofWarps.size()) < warps) {
      ofWarps.push_back(bit);
      llvm::erase(ofRegisters, bit);
    }
  // Rather that bit than warps that compute copies of each other.
  if ((int64_t(1) << ofWarps.size()) < warps &&
      llvm::is_contained(ofRegisters, keep)) {
    ofWarps.push_back(keep);
    llvm::erase(ofRegisters, keep);
  }
  for (int64_t bit : ofRegisters)
    addBasis(layout.registers, axis, bit);
  for (int64_t bit : llvm::reverse(ofWarps))
    addBasis(layout.warps, axis, bit);
  addCopies(layout.warps, warps >> ofWarps.size());
}

Layout Layout::mma(llvm::ArrayRef<int64_t> shape, WarpGrid warps,
                   int64_t group) {
  Layout layout;
  Coordinates atom = {powerOf2Factor(shape[0]), powerOf2Factor(shape[1])};
  layout.repeat = {shape[0] / atom[0], shape[1] / atom[1]};
  layout.registers = {{0, 1}, {8, 0}};
  layout.lanes = {{0, 2}, {0, 4}, {1, 0}, {2, 0}, {4, 0}};
  // One ldmatrix brings two column tiles, so that a warp has both.
  if (atom[1] > 8)
    layout.registers.push_back({0, 8});
  divideAmongWarps(1, 16, atom[1], warps.columns, group / 2, layout);
  divideAmongWarps(0, 16, atom[0], warps.rows, 0, layout);
  return layout;
}

Layout Layout::simt(llvm::ArrayRef<int64_t> shape, WarpGrid warps,
                    int64_t group, bool columnsInLanes) {
  Layout layout;
  Coordinates atom = {powerOf2Factor(shape[0]), powerOf2Factor(shape[1])};
  layout.repeat = {shape[0] / atom[0], shape[1] / atom[1]};
  int64_t vector = columnsInLanes ? 1 : std::min<int64_t>(4, atom[1]);
  int64_t laneColumns = std::min<int64_t>(8, atom[1] / vector);
  int64_t laneRows = std::min(kLanes / laneColumns, atom[0]);
  AxisCursor columns{1}, rows{0};
  columns.add(layout.registers, vector);
  columns.add(layout.lanes, laneColumns);
  rows.add(layout.lanes, laneRows);
  addCopies(layout.lanes, kLanes / (laneColumns * laneRows));
  divideAmongWarps(1, columns.next, atom[1], warps.columns, group / 2, layout);
  divideAmongWarps(0, rows.next, atom[0], warps.rows, 0, layout);
  return layout;
}

Layout Layout::slice(int64_t axis) const {
  int64_t kept = 1 - axis;
  Layout layout;
  layout.rankValue = 1;
  for (const Coordinates &basis : registers)
    if (basis[kept])
      layout.registers.push_back({basis[kept], 0});
  for (const Coordinates &basis : lanes)
    layout.lanes.push_back({basis[kept], 0});
  for (const Coordinates &basis : warps)
    layout.warps.push_back({basis[kept], 0});
  layout.repeat = {repeat[kept], 1};
  return layout;
}

Layout Layout::partial(int64_t axis) const {
  Layout layout = *this;
  llvm::erase_if(layout.registers,
                 [&](const Coordinates &basis) { return basis[axis] != 0; });
  layout.repeat[axis] = 1;
  llvm::SmallVector<Coordinates *> crossing;
  for (auto *bases : {&layout.lanes, &layout.warps})
    for (Coordinates &basis : *bases)
      if (basis[axis])
        crossing.push_back(&basis);
  llvm::sort(crossing, [&](const Coordinates *a, const Coordinates *b) {
    return (*a)[axis] < (*b)[axis];
  });
  for (auto [bit, basis] : llvm::enumerate(crossing))
    (*basis)[axis] = int64_t(1) << bit;
  return layout;
}

Layout Layout::widen(int64_t vector) const {
  int64_t last = lastAxis();
  Layout layout = *this;
  auto find = [&](llvm::SmallVectorImpl<Coordinates> &bases, int64_t bit) {
    return llvm::find_if(bases, [&](const Coordinates &basis) {
      return basis[last] == bit && basis[1 - last] == 0;
    });
  };
  // The lane bit of each missing column changes places with the register bit
  // of the next column beyond the vector.
  for (int64_t bit = 1; bit < vector; bit *= 2) {
    if (find(layout.registers, bit) != layout.registers.end())
      continue;
    Coordinates *lane = find(layout.lanes, bit);
    Coordinates *spare = layout.registers.end();
    for (int64_t other = vector;
         other < atom()[last] && spare == layout.registers.end(); other *= 2)
      spare = find(layout.registers, other);
    if (lane == layout.lanes.end() || spare == layout.registers.end())
      break;
    std::swap(*lane, *spare);
  }
  llvm::sort(layout.registers, [&](const Coordinates &a, const Coordinates &b) {
    return std::tuple(a[1 - last], a[last]) < std::tuple(b[1 - last], b[last]);
  });
  return layout;
}

//===----------------------------------------------------------------------===//
// Reading layouts
//===----------------------------------------------------------------------===//

Coordinates Layout::atom() const {
  Coordinates result = {1, 1};
  for (const auto *bases : {&registers, &lanes, &warps})
    for (const Coordinates &basis : *bases)
      for (int axis : {0, 1})
        result[axis] = std::max(result[axis], 2 * basis[axis]);
  return result;
}

Coordinates Layout::extents() const {
  Coordinates result = atom();
  for (int axis : {0, 1})
    result[axis] *= repeat[axis];
  return result;
}

Coordinates Layout::coordinates(int64_t reg, int64_t lane, int64_t warp) const {
  Coordinates result = {0, 0};
  auto add = [&](llvm::ArrayRef<Coordinates> bases, int64_t index) {
    for (auto [bit, basis] : llvm::enumerate(bases))
      if (index >> bit & 1)
        for (int axis : {0, 1})
          result[axis] ^= basis[axis];
  };
  add(registers, reg % atomRegisters());
  add(lanes, lane);
  add(warps, warp);
  int64_t repetition = reg / atomRegisters();
  Coordinates size = atom();
  if (rankValue == 1) {
    result[0] += repetition * size[0];
  } else {
    result[0] += repetition / repeat[1] * size[0];
    result[1] += repetition % repeat[1] * size[1];
  }
  return result;
}

int64_t Layout::contiguous() const {
  int64_t count = 1;
  for (const Coordinates &basis : registers) {
    if (basis[lastAxis()] != count || (rankValue == 2 && basis[0]))
      break;
    count *= 2;
  }
  return count;
}

bool Layout::isPadded(llvm::ArrayRef<int64_t> shape) const {
  Coordinates size = extents();
  for (auto [axis, extent] : llvm::enumerate(shape))
    if (size[axis] != extent)
      return true;
  return false;
}

static int64_t zeroBits(llvm::ArrayRef<Coordinates> bases) {
  int64_t mask = 0;
  for (auto [bit, basis] : llvm::enumerate(bases))
    if (basis[0] == 0 && basis[1] == 0)
      mask |= int64_t(1) << bit;
  return mask;
}

int64_t Layout::replicatedLanes() const { return zeroBits(lanes); }
int64_t Layout::replicatedWarps() const { return zeroBits(warps); }

bool Layout::operator==(const Layout &other) const {
  return rankValue == other.rankValue && registers == other.registers &&
         lanes == other.lanes && warps == other.warps && repeat == other.repeat;
}
