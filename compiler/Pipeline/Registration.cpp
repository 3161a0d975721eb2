//===- Registration.cpp - every dialect and pass of llmc ------------------===//

#include "compiler/Pipeline/Registration.h"

#include "compiler/Autodiff/Passes.h"
#include "compiler/Distribution/Passes.h"
#include "compiler/Fusion/Passes.h"
#include "compiler/MemoryPlan/Passes.h"
#include "compiler/Schedule/Passes.h"
#include "compiler/Specialize/Passes.h"
#include "compiler/Step/Passes.h"
#include "compiler/Target/CPU/Passes.h"
#include "compiler/Target/CPU/Pipeline.h"
#include "compiler/Target/CUDA/EmitSource.h"
#include "compiler/Target/CUDA/Passes.h"
#include "compiler/Tiling/Passes.h"
#include "dialects/Cuda/Cuda.h"
#include "dialects/Dist/Dist.h"
#include "dialects/Model/Model.h"
#include "dialects/Plan/Plan.h"
#include "dialects/Tile/Tile.h"
#include "dialects/Train/Train.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/Passes.h"

void llmc::registerDialects(mlir::DialectRegistry &registry) {
  registry.insert<cuda::CudaDialect, dist::DistDialect, model::ModelDialect,
                  plan::PlanDialect, tile::TileDialect, train::TrainDialect>();
  registry.insert<mlir::arith::ArithDialect, mlir::cf::ControlFlowDialect,
                  mlir::func::FuncDialect, mlir::LLVM::LLVMDialect,
                  mlir::math::MathDialect, mlir::memref::MemRefDialect,
                  mlir::scf::SCFDialect, mlir::vector::VectorDialect>();
  registerAutodiffRules(registry);
}

void llmc::registerPasses() {
  registerSpecializePasses();
  registerAutodiffPasses();
  registerStepPasses();
  registerDistributionPasses();
  registerFusionPasses();
  registerSchedulePasses();
  registerMemoryPlanPasses();
  registerTilingPasses();
  registerCPUPasses();
  registerCpuPipeline();
  registerCUDAPasses();
  registerCudaPrintSource();
  mlir::registerTransformsPasses();
}
