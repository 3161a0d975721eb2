//===- LowerIndex.cpp - coordinates of registers, divisibility ------------===//

#include "compiler/Target/CUDA/KernelLowering.h"

#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace llmc;

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

Value KernelLowering::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}
Value KernelLowering::add(Value x, Value y) {
  return b.createOrFold<arith::AddIOp>(x, y);
}
Value KernelLowering::mul(Value x, int64_t y) {
  return b.createOrFold<arith::MulIOp>(x, index(y));
}
Value KernelLowering::div(Value x, int64_t y) {
  return b.createOrFold<arith::DivUIOp>(x, index(y));
}
Value KernelLowering::rem(Value x, int64_t y) {
  return b.createOrFold<arith::RemUIOp>(x, index(y));
}
Value KernelLowering::bitXor(Value x, Value y) {
  return b.createOrFold<arith::XOrIOp>(x, y);
}
Value KernelLowering::bitAnd(Value x, int64_t mask) {
  return b.createOrFold<arith::AndIOp>(x, index(mask));
}
Value KernelLowering::shiftRight(Value x, int64_t bits) {
  return bits ? b.createOrFold<arith::ShRUIOp>(x, index(bits)) : x;
}
Value KernelLowering::less(Value x, Value y) {
  return b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::slt, x, y);
}
Value KernelLowering::both(Value x, Value y) {
  if (!x || !y)
    return x ? x : y;
  return arith::AndIOp::create(b, x, y);
}

Value KernelLowering::named(Value value, StringRef name) {
  Operation *op = value.getDefiningOp();
  if (op && !name.empty() && !isa<arith::ConstantOp>(op) &&
      !op->hasAttr("cuda.name"))
    op->setAttr("cuda.name", b.getStringAttr(name));
  return value;
}

StringRef KernelLowering::nameOf(Value tile, StringRef otherwise) {
  Operation *op = tile.getDefiningOp();
  auto name = op ? op->getAttrOfType<StringAttr>("tile.name") : StringAttr();
  return name ? name.getValue() : otherwise;
}

std::string KernelLowering::nameAfter(Value memory, StringRef what) {
  auto argument = dyn_cast_or_null<BlockArgument>(memory);
  auto name = argument ? kernel.getArgAttrOfType<StringAttr>(
                             argument.getArgNumber(), "cuda.name")
                       : StringAttr();
  return name ? (name.getValue() + "_" + what).str() : what.str();
}

Value KernelLowering::linear(Value bits, ArrayRef<int64_t> scales,
                             bool higherBits) {
  Value sum = index(0);
  size_t count = scales.size();
  // Packs of registers begin at multiples of their width.
  size_t zeros = llvm::countr_zero(uint64_t(divisor(bits)));
  for (size_t i = 0; i < count;) {
    if (scales[i] == 0 || i < zeros) {
      ++i;
      continue;
    }
    size_t end = i + 1;
    while (end < count && scales[end] == scales[i] << (end - i))
      ++end;
    // What is 0 below need not be shifted out where the scale is large enough.
    int64_t shift = i > zeros || scales[i] % (int64_t(1) << i) ? i : 0;
    Value run = shiftRight(bits, shift);
    if (end < count || higherBits)
      run = bitAnd(run, (int64_t(1) << (end - shift)) - 1);
    sum = add(sum, mul(run, scales[i] >> (i - shift)));
    i = end;
  }
  return sum;
}

Value KernelLowering::atEntry(const std::string &key, StringRef name,
                              llvm::function_ref<Value()> build) {
  Value &known = entryValues[key];
  if (known)
    return known;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointAfter(entryEnd);
  Value value = named(build(), name);
  // What comes next at the entry goes behind all that was built.
  entryEnd = &*std::prev(b.getInsertionPoint());
  return entryValues[key] = value;
}

//===----------------------------------------------------------------------===//
// Divisibility
//===----------------------------------------------------------------------===//

static std::optional<int64_t> constantOf(Value value) {
  if (auto constant = value.getDefiningOp<arith::ConstantOp>())
    if (auto integer = dyn_cast<IntegerAttr>(constant.getValue()))
      return integer.getInt();
  return std::nullopt;
}

int64_t KernelLowering::divisor(Value value) {
  if (auto constant = constantOf(value))
    return *constant;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
    if (loop && argument == loop.getInductionVar())
      return std::gcd(divisor(loop.getLowerBound()), divisor(loop.getStep()));
    if (auto loop =
            dyn_cast<cuda::UnrollOp>(argument.getOwner()->getParentOp()))
      return loop.getStep();
    return 1;
  }
  Operation *op = value.getDefiningOp();
  auto operand = [&](unsigned i) { return divisor(op->getOperand(i)); };
  if (isa<arith::AddIOp, arith::SubIOp, arith::MinUIOp, arith::MinSIOp,
          arith::MaxUIOp, arith::MaxSIOp>(op))
    return std::gcd(operand(0), operand(1));
  if (isa<arith::MulIOp>(op))
    return operand(0) * operand(1);
  if (isa<arith::RemUIOp>(op))
    return std::gcd(operand(0), operand(1));
  if (isa<arith::SelectOp>(op))
    return std::gcd(operand(1), operand(2));
  if (isa<arith::DivUIOp>(op))
    if (auto by = constantOf(op->getOperand(1)); by && operand(0) % *by == 0)
      return operand(0) / *by;
  return 1;
}

bool KernelLowering::isMultiple(Value value, int64_t of) {
  return divisor(value) % of == 0;
}

//===----------------------------------------------------------------------===//
// Coordinates
//===----------------------------------------------------------------------===//

static SmallVector<int64_t> alongAxis(ArrayRef<Coordinates> bases,
                                      int64_t axis) {
  SmallVector<int64_t> scales;
  for (const Coordinates &basis : bases)
    scales.push_back(basis[axis]);
  return scales;
}

Value KernelLowering::threadPart(const Layout &layout, int64_t axis) {
  SmallVector<int64_t> lanes = alongAxis(layout.lanes, axis);
  SmallVector<int64_t> warps = alongAxis(layout.warps, axis);
  std::string key = "part";
  for (int64_t scale : lanes)
    key += " " + std::to_string(scale);
  key += " |";
  for (int64_t scale : warps)
    key += " " + std::to_string(scale);
  StringRef name = layout.rank() == 2 && axis == 0 ? "row" : "column";
  return atEntry(key, name, [&] {
    return add(linear(lane, lanes, false), linear(warp, warps, false));
  });
}

Value KernelLowering::registerPart(const Layout &layout, int64_t axis,
                                   Value reg) {
  int64_t repetitions = layout.repeat[0] * layout.repeat[1];
  Value within =
      linear(reg, alongAxis(layout.registers, axis), repetitions > 1);
  if (layout.repeat[axis] == 1)
    return within;
  Value repetition = div(reg, layout.atomRegisters());
  if (layout.rank() == 2)
    repetition = axis == 0              ? div(repetition, layout.repeat[1])
                 : layout.repeat[0] > 1 ? rem(repetition, layout.repeat[1])
                                        : repetition;
  return add(within, mul(repetition, layout.atom()[axis]));
}

Value KernelLowering::coordinate(const Layout &layout, int64_t axis,
                                 Value reg) {
  return add(threadPart(layout, axis), registerPart(layout, axis, reg));
}

Value KernelLowering::sliceRegister(const Layout &layout, int64_t axis,
                                    Value reg) {
  int64_t kept = 1 - axis;
  // Registers differ along the axis that is kept only.
  if (layout.slice(axis).numRegisters() == layout.numRegisters())
    return reg;
  SmallVector<int64_t> scales;
  int64_t next = 1;
  for (const Coordinates &basis : layout.registers) {
    scales.push_back(basis[kept] ? next : 0);
    next = basis[kept] ? 2 * next : next;
  }
  int64_t repetitions = layout.repeat[0] * layout.repeat[1];
  // What a thread holds of rows, of columns.
  StringRef name = axis == 1 ? "r" : "c";
  Value within = linear(reg, scales, repetitions > 1);
  if (layout.repeat[kept] == 1)
    return within == reg ? reg : named(within, name);
  Value repetition = div(reg, layout.atomRegisters());
  repetition = kept == 0              ? div(repetition, layout.repeat[1])
               : layout.repeat[0] > 1 ? rem(repetition, layout.repeat[1])
                                      : repetition;
  return named(add(within, mul(repetition, next)), name);
}

Value KernelLowering::isFirstCopy(const Layout &layout) {
  int64_t lanes = layout.replicatedLanes(), warps = layout.replicatedWarps();
  if (!lanes && !warps)
    return {};
  std::string key =
      "first " + std::to_string(lanes) + " " + std::to_string(warps);
  return atEntry(key, "first", [&] {
    // Lanes are the low five bits of the thread's number.
    Value copy = bitAnd(thread, lanes | warps << 5);
    return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, copy, index(0))
        .getResult();
  });
}
