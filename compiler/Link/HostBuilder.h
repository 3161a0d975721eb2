//===- HostBuilder.h - builds the LLVM module of a program ----------------===//
//
// Private to Link. HostTables.cpp builds the constant tables, HostModule.cpp
// the entry points and the program's struct.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_LINK_HOSTBUILDER_H
#define LLMC_COMPILER_LINK_HOSTBUILDER_H

#include "compiler/Link/HostModule.h"
#include "dialects/Plan/Plan.h"
#include "runtime/abi/ProgramAbi.h"

#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/IR/IRBuilder.h"

namespace llmc {

// One row of each table, its fields as LLVM constants.
#define LLMC_CONSTANT(kind, type, name) llvm::Constant *name = nullptr;
struct ArenaRow {
  LLMC_ARENA_FIELDS(LLMC_CONSTANT)
};
struct TensorRow {
  LLMC_TENSOR_FIELDS(LLMC_CONSTANT)
};
struct KernelRow {
  LLMC_KERNEL_FIELDS(LLMC_CONSTANT)
};
struct BucketRow {
  LLMC_BUCKET_FIELDS(LLMC_CONSTANT)
};
struct CollectiveRow {
  LLMC_COLLECTIVE_FIELDS(LLMC_CONSTANT)
};
struct CopyRow {
  LLMC_COPY_FIELDS(LLMC_CONSTANT)
};
struct ImageRow {
  LLMC_IMAGE_FIELDS(LLMC_CONSTANT)
};
struct ProgramRow {
  LLMC_PROGRAM_FIELDS(LLMC_CONSTANT)
};
#undef LLMC_CONSTANT

class HostBuilder {
public:
  HostBuilder(llvm::LLVMContext &context, mlir::ModuleOp module,
              const HostOptions &options)
      : module(module), symbols(module), options(options),
        host(std::make_unique<llvm::Module>("program", context)),
        builder(context) {}

  llvm::LogicalResult run();
  std::unique_ptr<llvm::Module> take() { return std::move(host); }

private:
  llvm::Constant *i32(int32_t value) { return builder.getInt32(value); }
  llvm::Constant *i64(int64_t value) { return builder.getInt64(value); }
  llvm::Constant *text(llvm::StringRef value) {
    return builder.CreateGlobalString(value, "text", 0, host.get());
  }
  llvm::Constant *table(llvm::Type *type, llvm::ArrayRef<llvm::Constant *> rows,
                        llvm::StringRef name);
  llvm::Constant *structOf(llvm::ArrayRef<llvm::Constant *> fields) {
    return llvm::ConstantStruct::getAnon(fields);
  }
  llvm::Constant *bytes(llvm::StringRef value, bool endInZero,
                        llvm::StringRef name);
  llvm::Constant *null() {
    return llvm::ConstantPointerNull::get(builder.getPtrTy());
  }
  int64_t kernelNumber(llvm::StringRef name) {
    return kernelNumbers.lookup(name);
  }

  llvm::LogicalResult addArenas();
  llvm::LogicalResult addTensors();
  void addImages();
  llvm::LogicalResult addKernels();
  llvm::LogicalResult addKernel(mlir::Operation *kernel, KernelRow &row);
  mlir::FailureOr<HostKernel> findHostKernel(mlir::Operation *kernel,
                                             llvm::StringRef name);
  void addMesh();
  void addCollectives();
  void addCopies();
  llvm::LogicalResult addPorts();
  llvm::LogicalResult addEntryPoints();
  llvm::Function *createKernelFunction(llvm::StringRef name);
  mlir::FailureOr<llvm::Function *> buildEntryPoint(llvm::StringRef name);
  llvm::LogicalResult buildLaunch(plan::LaunchOp launch, llvm::Value *args);
  llvm::LogicalResult buildStart(plan::StartOp start);
  llvm::LogicalResult buildCopy(plan::CopyOp copy);
  void buildWait(plan::WaitOp wait);
  mlir::FailureOr<llvm::Value *> addressOf(mlir::Operation *user,
                                           mlir::Value place);
  mlir::FailureOr<int64_t> moduleNumber(llvm::StringRef name);

  mlir::ModuleOp module;
  mlir::SymbolTable symbols;
  const HostOptions &options;
  std::unique_ptr<llvm::Module> host;
  llvm::IRBuilder<> builder;
  llvm::StringMap<int64_t> arenaNumbers, kernelNumbers;
  /// Of collectives, and of copies.
  llvm::DenseMap<mlir::Operation *, int64_t> startNumbers;
  /// Operands of the launches of a kernel.
  llvm::StringMap<unsigned> argumentCounts;
  ProgramRow program;

  // Of the entry point under construction.
  llvm::Value *context = nullptr;
  llvm::Value *rank = nullptr; ///< null until a place depends on it
  llvm::StringMap<llvm::Value *> bases;
};

} // namespace llmc

#endif
