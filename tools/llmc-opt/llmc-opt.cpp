//===- llmc-opt.cpp - runs any pass alone ---------------------------------===//
//
// Reads IR in llmc's dialects and the upstream ones that its phases use, runs
// the passes named on the command line, prints the result. For tests, and for
// looking at one phase alone.
//
//===----------------------------------------------------------------------===//

#include "dialects/Model/Model.h"
#include "dialects/Plan/Plan.h"
#include "dialects/Tile/Tile.h"
#include "dialects/Train/Train.h"

#ifdef LLMC_HAS_SPECIALIZE
#include "compiler/Specialize/Passes.h"
#endif
#ifdef LLMC_HAS_AUTODIFF
#include "compiler/Autodiff/Passes.h"
#endif
#ifdef LLMC_HAS_STEP
#include "compiler/Step/Passes.h"
#endif
#ifdef LLMC_HAS_FUSION
#include "compiler/Fusion/Passes.h"
#endif
#ifdef LLMC_HAS_SCHEDULE
#include "compiler/Schedule/Passes.h"
#endif
#ifdef LLMC_HAS_MEMORYPLAN
#include "compiler/MemoryPlan/Passes.h"
#endif
#ifdef LLMC_HAS_TILING
#include "compiler/Tiling/Passes.h"
#endif
#ifdef LLMC_HAS_TARGETCPU
#include "compiler/Target/CPU/Passes.h"
#endif

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<llmc::model::ModelDialect, llmc::plan::PlanDialect,
                  llmc::tile::TileDialect, llmc::train::TrainDialect>();
  registry.insert<mlir::arith::ArithDialect, mlir::cf::ControlFlowDialect,
                  mlir::func::FuncDialect, mlir::LLVM::LLVMDialect,
                  mlir::math::MathDialect, mlir::memref::MemRefDialect,
                  mlir::scf::SCFDialect, mlir::vector::VectorDialect>();
  mlir::registerTransformsPasses();

#ifdef LLMC_HAS_SPECIALIZE
  llmc::registerSpecializePasses();
#endif
#ifdef LLMC_HAS_AUTODIFF
  llmc::registerAutodiffPasses();
  llmc::registerAutodiffRules(registry);
#endif
#ifdef LLMC_HAS_STEP
  llmc::registerStepPasses();
#endif
#ifdef LLMC_HAS_FUSION
  llmc::registerFusionPasses();
#endif
#ifdef LLMC_HAS_SCHEDULE
  llmc::registerSchedulePasses();
#endif
#ifdef LLMC_HAS_MEMORYPLAN
  llmc::registerMemoryPlanPasses();
#endif
#ifdef LLMC_HAS_TILING
  llmc::registerTilingPasses();
#endif
#ifdef LLMC_HAS_TARGETCPU
  llmc::registerCPUPasses();
#endif
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "llmc's pass driver\n", registry));
}
