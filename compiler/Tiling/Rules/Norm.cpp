//===- Norm.cpp - rules of layer_norm and rms_norm ------------------------===//
//
// Each rule computes the statistics again; CSE at the end of the pass leaves
// one computation per kernel.
//
//===----------------------------------------------------------------------===//

#include "compiler/Tiling/Rules/RuleTable.h"

#include "dialects/Model/Model.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

namespace {
/// Statistics of the rows of one tile [rows, columns].
struct RowStatistics {
  KernelBuilder &k;
  int64_t rows, columns;

  RowStatistics(KernelBuilder &k, Value x) : k(k) {
    auto type = cast<RankedTensorType>(x.getType());
    rows = type.getDimSize(0);
    columns = type.getDimSize(1);
  }
  Value add(Value x, Value y) { return arith::AddFOp::create(k.b, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(k.b, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(k.b, x, y); }

  /// The mean of each row: [rows].
  Value mean(Value x) {
    return named(
        mul(named(k.reduceRows(x), "row_sum"), k.tile({rows}, 1.0 / columns)),
        "mean");
  }
  Value named(Value tile, StringRef name) { return k.named(tile, name); }
  Value perRow(Value vector) { return k.perRow(vector, columns); }
  /// 1 / sqrt(variance + eps) in every column.
  Value inverseRoot(Value variance, const APFloat &eps) {
    Value shifted = add(variance, k.tile({rows}, eps.convertToFloat()));
    return perRow(named(math::RsqrtOp::create(k.b, shifted), "inverse"));
  }
};

struct Normalized {
  Value value;   // (x - mean) / deviation, or x / root mean square
  Value inverse; // 1 / deviation in every column
};
} // namespace

static Normalized layerNormalized(RowBlock &block, Value input,
                                  const APFloat &eps) {
  Value x = block.tile(input);
  RowStatistics s(block.k, x);
  Value centered = s.named(s.sub(x, s.perRow(s.mean(x))), "centered");
  Value inverse = s.inverseRoot(s.mean(s.mul(centered, centered)), eps);
  return {s.named(s.mul(centered, inverse), "normalized"), inverse};
}

static Normalized rmsNormalized(RowBlock &block, Value input,
                                const APFloat &eps) {
  Value x = block.tile(input);
  RowStatistics s(block.k, x);
  Value inverse = s.inverseRoot(s.mean(s.mul(x, x)), eps);
  return {s.named(s.mul(x, inverse), "normalized"), inverse};
}

/// dx = (g - [mean(g)] - n mean(g n)) / deviation with g = dy * weight and n
/// the normalized input; mean(g) only where the input was centered.
static Value normGrad(RowBlock &block, Normalized n, Value weight, Value grad,
                      bool centered) {
  Value dy = block.tile(grad);
  RowStatistics s(block.k, dy);
  Value g = s.named(s.mul(dy, block.vectorPerColumn(weight)), "weighted");
  Value projection = s.mul(n.value, s.perRow(s.mean(s.mul(g, n.value))));
  Value rest = centered ? s.sub(g, s.perRow(s.mean(g))) : g;
  return s.mul(s.sub(rest, projection), n.inverse);
}

void llmc::tiling::addNormRules(RuleTable &table) {
  constexpr auto wholeRows = RuleTable::Needs::WholeRows;
  table.addTile<model::LayerNormOp>(
      [](model::LayerNormOp op, RowBlock &block) {
        Normalized n = layerNormalized(block, op.getInput(), op.getEps());
        RowStatistics s(block.k, n.value);
        return s.add(s.mul(n.value, block.vectorPerColumn(op.getWeight())),
                     block.vectorPerColumn(op.getBias()));
      },
      wholeRows);
  table.addTile<model::RMSNormOp>(
      [](model::RMSNormOp op, RowBlock &block) {
        Normalized n = rmsNormalized(block, op.getInput(), op.getEps());
        RowStatistics s(block.k, n.value);
        return s.mul(n.value, block.vectorPerColumn(op.getWeight()));
      },
      wholeRows);
  table.addTile<model::LayerNormGradOp>(
      [](model::LayerNormGradOp op, RowBlock &block) {
        return normGrad(block,
                        layerNormalized(block, op.getInput(), op.getEps()),
                        op.getWeight(), op.getGrad(), /*centered=*/true);
      },
      wholeRows);
  table.addTile<model::RMSNormGradOp>(
      [](model::RMSNormGradOp op, RowBlock &block) {
        return normGrad(block, rmsNormalized(block, op.getInput(), op.getEps()),
                        op.getWeight(), op.getGrad(), /*centered=*/false);
      },
      wholeRows);
  table.addColumnSum<model::LayerNormWeightGradOp>(
      [](model::LayerNormWeightGradOp op, RowBlock &block) -> Value {
        Normalized n = layerNormalized(block, op.getInput(), op.getEps());
        return arith::MulFOp::create(block.k.b, block.tile(op.getGrad()),
                                     n.value);
      });
  table.addColumnSum<model::RMSNormWeightGradOp>(
      [](model::RMSNormWeightGradOp op, RowBlock &block) -> Value {
        Normalized n = rmsNormalized(block, op.getInput(), op.getEps());
        return arith::MulFOp::create(block.k.b, block.tile(op.getGrad()),
                                     n.value);
      });
}
