//===- Elementwise.cpp - rules of ops without neighbours ------------------===//

#include "compiler/Tiling/Rules/RuleTable.h"

#include "dialects/Model/Model.h"
#include "dialects/Train/Train.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

namespace {
// Hendrycks and Gimpel 2016, the tanh form of GELU.
constexpr double geluScale = 0.7978845608028654; // sqrt(2 / pi)
constexpr double geluCubic = 0.044715;

/// Arithmetic on tiles of one shape, at the builder's location.
struct Arithmetic {
  KernelBuilder &k;
  ArrayRef<int64_t> shape;

  Arithmetic(KernelBuilder &k, Value like)
      : k(k), shape(cast<RankedTensorType>(like.getType()).getShape()) {}
  Value constant(double value) { return k.tile(shape, value); }
  Value add(Value x, Value y) { return arith::AddFOp::create(k.b, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(k.b, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(k.b, x, y); }
  Value div(Value x, Value y) { return arith::DivFOp::create(k.b, x, y); }

  /// tanh(sqrt(2/pi) (x + 0.044715 x^3)), written with x^2 factored out.
  Value geluTanh(Value x) {
    Value inner = add(constant(geluScale),
                      mul(constant(geluScale * geluCubic), mul(x, x)));
    return math::TanhOp::create(k.b, mul(x, inner));
  }
  Value sigmoid(Value x) {
    Value e = math::ExpOp::create(k.b, arith::NegFOp::create(k.b, x));
    return div(constant(1), add(constant(1), e));
  }
};
} // namespace

static Value gelu(model::GeluOp op, RowBlock &block) {
  Value x = block.tile(op.getInput());
  Arithmetic a(block.k, x);
  return a.mul(a.mul(a.constant(0.5), x), a.add(a.constant(1), a.geluTanh(x)));
}

/// gelu' = 0.5 (1 + t) + 0.5 x (1 - t^2) sqrt(2/pi) (1 + 3 * 0.044715 x^2)
static Value geluGrad(model::GeluGradOp op, RowBlock &block) {
  Value x = block.tile(op.getInput());
  Value grad = block.tile(op.getGrad());
  Arithmetic a(block.k, x);
  Value t = a.geluTanh(x);
  Value half = a.constant(0.5), one = a.constant(1);
  Value inner =
      a.add(a.constant(geluScale),
            a.mul(a.constant(3 * geluScale * geluCubic), a.mul(x, x)));
  Value slope = a.mul(a.mul(half, x), a.mul(a.sub(one, a.mul(t, t)), inner));
  return a.mul(grad, a.add(a.mul(half, a.add(one, t)), slope));
}

static Value silu(model::SiluOp op, RowBlock &block) {
  Value x = block.tile(op.getInput());
  Arithmetic a(block.k, x);
  return a.mul(x, a.sigmoid(x));
}

/// silu' = s (1 + x (1 - s)), s the logistic function
static Value siluGrad(model::SiluGradOp op, RowBlock &block) {
  Value x = block.tile(op.getInput());
  Value grad = block.tile(op.getGrad());
  Arithmetic a(block.k, x);
  Value s = a.sigmoid(x);
  Value one = a.constant(1);
  Value slope = a.mul(s, a.add(one, a.mul(x, a.sub(one, s))));
  return a.mul(grad, slope);
}

void llmc::tiling::addElementwiseRules(RuleTable &table) {
  table.addTile<model::AddOp>([](model::AddOp op, RowBlock &block) -> Value {
    Value lhs = block.tile(op.getLhs()), rhs = block.tile(op.getRhs());
    return arith::AddFOp::create(block.k.b, lhs, rhs);
  });
  table.addTile<model::MulOp>([](model::MulOp op, RowBlock &block) -> Value {
    Value lhs = block.tile(op.getLhs()), rhs = block.tile(op.getRhs());
    return arith::MulFOp::create(block.k.b, lhs, rhs);
  });
  table.addTile<model::GeluOp>(gelu);
  table.addTile<model::GeluGradOp>(geluGrad);
  table.addTile<model::SiluOp>(silu);
  table.addTile<model::SiluGradOp>(siluGrad);
  table.add<train::AccumulateOp>(
      [](train::AccumulateOp op, RowBlock &block) -> LogicalResult {
        if (!block.k.argument(op.getStorage()))
          return op.emitOpError("storage is not an argument of the kernel");
        block.accumulate(op);
        return success();
      });
}
