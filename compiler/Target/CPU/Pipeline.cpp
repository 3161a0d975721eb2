//===- Pipeline.cpp - the order of the CPU passes -------------------------===//

#include "compiler/Target/CPU/Pipeline.h"

#include "compiler/Target/CPU/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void llmc::buildCpuPipeline(OpPassManager &manager,
                            const CpuPipelineOptions &options) {
  // Equal views become one value, which the conversion compares.
  manager.addPass(createCSEPass());
  ConvertTileToCPUOptions convert;
  convert.vectorWidth = options.vectorWidth;
  convert.fma = options.fma;
  manager.addPass(createConvertTileToCPU(convert));
  // Loops of one turn and index arithmetic on constants go.
  OpPassManager &functions = manager.nest<func::FuncOp>();
  functions.addPass(createCanonicalizerPass());
  functions.addPass(createCSEPass());
  // While vectors are still vectors of the math dialect.
  functions.addPass(createApproximateMath());
  functions.addPass(createSCFToControlFlowPass());
  // Views of views become offsets that the next conversion can take.
  functions.addPass(memref::createExpandStridedMetadataPass());
  manager.addPass(createLowerAffinePass());
  manager.addPass(createConvertVectorToLLVMPass());
  manager.addPass(createConvertMathToLLVMPass());
  manager.addPass(createFinalizeMemRefToLLVMConversionPass());
  manager.addPass(createConvertFuncToLLVMPass());
  manager.addPass(createArithToLLVMConversionPass());
  manager.addPass(createConvertControlFlowToLLVMPass());
  manager.addPass(createReconcileUnrealizedCastsPass());
}

void llmc::registerCpuPipeline() {
  PassPipelineRegistration<>("llmc-cpu-pipeline",
                             "tile programs to the LLVM dialect, for AVX2",
                             [](OpPassManager &manager) {
                               buildCpuPipeline(manager, CpuPipelineOptions());
                             });
}
