//===- Places.h - where parts of the optimizer's work begin -----*- C++ -*-===//

#ifndef LLMC_COMPILER_DISTRIBUTION_PLACES_H
#define LLMC_COMPILER_DISTRIBUTION_PLACES_H

#include "dialects/Train/Train.h"

#include "mlir/IR/Builders.h"

namespace llmc {

/// The place of the part of `whole`, an AdamW over all parameters, that works
/// on bucket `bucket` or on this rank's shard of it: bits of chance follow from
/// an element's index in the whole, so that parts, on however many launches
/// and in whatever stage, round as the whole would. Null where nothing is
/// rounded by chance. Places are an input of the function, which the runtime
/// fills for its rank; it becomes an argument when the first one is asked for.
mlir::Value createPlace(mlir::OpBuilder &builder, train::AdamWOp whole,
                        int64_t bucket);

} // namespace llmc

#endif
