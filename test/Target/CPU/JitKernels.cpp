//===- JitKernels.cpp - compiled tile programs, ready to call -------------===//

#include "JitKernels.h"

#include "compiler/Target/CPU/Codegen.h"

#include "dialects/Tile/Tile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/raw_ostream.h"

struct JitKernels::Implementation {
  std::unique_ptr<llvm::orc::LLJIT> jit;
  int64_t workspaceBytes = 0;
};

JitKernels::JitKernels(std::unique_ptr<Implementation> implementation)
    : implementation(std::move(implementation)) {}
JitKernels::~JitKernels() = default;

std::unique_ptr<JitKernels> JitKernels::load(const std::string &path,
                                             const std::string &cpu) {
  mlir::DialectRegistry registry;
  registry.insert<llmc::tile::TileDialect, mlir::arith::ArithDialect,
                  mlir::math::MathDialect, mlir::memref::MemRefDialect,
                  mlir::scf::SCFDialect>();
  mlir::MLIRContext context(registry);
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(path, &context);
  if (!module)
    return nullptr;
  auto fail = [](llvm::Error error) {
    llvm::errs() << llvm::toString(std::move(error)) << "\n";
    return nullptr;
  };
  llmc::CpuOptions options;
  options.cpu = cpu;
  auto kernels = llmc::compileKernels(*module, options);
  if (!kernels)
    return fail(kernels.takeError());
  auto jit = llvm::orc::LLJITBuilder().create();
  if (!jit)
    return fail(jit.takeError());
  for (auto &object : kernels->objects)
    if (auto error = (*jit)->addObjectFile(std::move(object)))
      return fail(std::move(error));
  auto implementation = std::make_unique<Implementation>();
  implementation->jit = std::move(*jit);
  implementation->workspaceBytes = kernels->workspaceBytes;
  return std::unique_ptr<JitKernels>(new JitKernels(std::move(implementation)));
}

LlmcKernelFunction JitKernels::find(const std::string &name) const {
  auto address = implementation->jit->lookup(name);
  if (!address) {
    llvm::errs() << llvm::toString(address.takeError()) << "\n";
    return nullptr;
  }
  return address->toPtr<LlmcKernelFunction>();
}

int64_t JitKernels::workspaceBytes() const {
  return implementation->workspaceBytes;
}
