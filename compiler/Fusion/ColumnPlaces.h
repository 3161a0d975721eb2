//===- ColumnPlaces.h - parts written into columns of a whole ---*- C++ -*-===//
//
//   %dq = model.attention_query_grad ..
//   %dk, %dv = model.attention_key_value_grad ..
//   %d = model.concat %dq, %dk, %dv
//
// The kernels of the parts write them into their columns of %d, whose rows lie
// a whole row apart; the concat is a place then, and no kernel copies.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_FUSION_COLUMNPLACES_H
#define LLMC_COMPILER_FUSION_COLUMNPLACES_H

#include "dialects/Model/Model.h"

namespace llmc {

/// Why a kernel must copy the parts of `concat`; empty if those that make them
/// write them where they belong. Holds for a concat of launches' results, too.
std::string getColumnRefusal(model::ConcatOp concat);

/// Elements from one row of a kernel's result to the next where it is written
/// into columns, 0 where rows have no gaps.
int64_t getColumnPitch(mlir::Value result);

} // namespace llmc

#endif
