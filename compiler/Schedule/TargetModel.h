//===- TargetModel.h - who chooses block sizes ------------------*- C++ -*-===//

#ifndef LLMC_COMPILER_SCHEDULE_TARGETMODEL_H
#define LLMC_COMPILER_SCHEDULE_TARGETMODEL_H

#include "compiler/Schedule/KernelShape.h"

#include <memory>

namespace llmc {

/// An analytic model of a target. Policy only: it changes no IR.
class TargetModel {
public:
  virtual ~TargetModel() = default;
  virtual BlockSizes chooseBlocks(const KernelShape &shape) const = 0;
};

struct CpuOptions {
  int64_t cores = 16;
  int64_t l2Bytes = 512 * 1024;
};
std::unique_ptr<TargetModel> createCpuModel(CpuOptions options);

} // namespace llmc

#endif
