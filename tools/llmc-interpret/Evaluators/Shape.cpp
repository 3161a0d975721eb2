//===- Shape.cpp - split, concat and sums over rows -----------------------===//

#include "../Interpreter.h"

using namespace mlir;
using namespace llmc::interpret;
namespace model = llmc::model;

namespace {

LogicalResult split(model::SplitOp, Operands operands, Results results) {
  int64_t first = 0;
  for (Tensor &part : results) {
    for (int64_t r = 0; r < part.rows(); ++r)
      std::copy_n(operands[0]->row(r) + first, part.columns(), part.row(r));
    first += part.columns();
  }
  return success();
}

LogicalResult concat(model::ConcatOp, Operands operands, Results results) {
  int64_t first = 0;
  for (const Tensor *part : operands) {
    for (int64_t r = 0; r < part->rows(); ++r)
      std::copy_n(part->row(r), part->columns(), results[0].row(r) + first);
    first += part->columns();
  }
  return success();
}

/// The result is [C], or with `splits` [S, C]: one row for each range.
LogicalResult sumRows(model::SumRowsOp, Operands operands, Results results) {
  const Tensor &input = *operands[0];
  const int64_t rowsOfRange = input.rows() / results[0].rows();
  for (int64_t r = 0; r < input.rows(); ++r)
    for (int64_t c = 0; c < input.columns(); ++c)
      results[0].row(r / rowsOfRange)[c] += input.row(r)[c];
  return success();
}

} // namespace

void llmc::interpret::addShapeEvaluators(EvaluatorTable &table) {
  table.add<model::ConcatOp>(concat);
  table.add<model::SplitOp>(split);
  table.add<model::SumRowsOp>(sumRows);
}
