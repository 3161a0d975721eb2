//===- Planner.h - a memory plan under construction -------------*- C++ -*-===//
//
// Private to MemoryPlan. PlanStorage.cpp lays out what lives from step to step,
// PlanMemory.cpp what a function makes.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_MEMORYPLAN_PLANNER_H
#define LLMC_COMPILER_MEMORYPLAN_PLANNER_H

#include "compiler/MemoryPlan/Lifetimes.h"
#include "dialects/Plan/Plan.h"
#include "dialects/Train/Train.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

#include <array>

namespace llmc {

inline constexpr unsigned numArenaKinds = plan::getMaxEnumValForArenaKind() + 1;

/// The symbol of the arena of a kind.
llvm::StringRef getArenaName(plan::ArenaKind kind);

class Planner {
public:
  explicit Planner(mlir::ModuleOp module)
      : module(module), symbols(module), builder(module.getContext()) {}

  llvm::LogicalResult run();

private:
  struct Port {
    int64_t offset;
    mlir::RankedTensorType type;
  };

  llvm::LogicalResult layOutVariables();
  llvm::LogicalResult layOutCopies();
  llvm::LogicalResult layOutShards();
  void layOutHost();
  llvm::LogicalResult addPort(mlir::func::FuncOp function, llvm::StringRef name,
                              mlir::Type type);
  llvm::LogicalResult collectPorts(mlir::func::FuncOp function);
  llvm::LogicalResult planFunction(mlir::func::FuncOp function);
  void placeDealt(mlir::Operation *op, plan::ArenaKind kind, int64_t first);
  llvm::LogicalResult placeReference(mlir::Operation *op);
  llvm::LogicalResult placePart(mlir::Operation *op);
  void placeStart(mlir::Operation *op);
  void placeTransfer(mlir::Operation *op);
  void placeLaunch(tile::LaunchOp launch, const FunctionLifetimes &lifetimes,
                   const Packing &packing);
  /// The place of a tensor, which lies without gaps, or of a memref.
  mlir::Value createView(mlir::Location location, plan::ArenaKind arena,
                         int64_t offset, mlir::Type tensor);
  /// The place of a part that begins `offset` bytes into `whole`, a place, and
  /// `stride` bytes later on each further rank.
  mlir::Value createPart(mlir::Location location, mlir::Value whole,
                         int64_t offset, mlir::Type tensor,
                         mlir::IntegerAttr stride = {});
  void createArenas();
  int64_t offsetOfCopy(train::VariableOp variable) {
    return variable.getOffset() * (copyElement.getIntOrFloatBitWidth() / 8);
  }

  mlir::ModuleOp module;
  mlir::SymbolTable symbols;
  mlir::OpBuilder builder;
  std::array<int64_t, numArenaKinds> arenaBytes = {};
  std::array<bool, numArenaKinds> isSharded = {};
  std::array<bool, numArenaKinds> isOnHost = {};
  int64_t ranks = 1;
  llvm::MapVector<llvm::StringRef, Port, llvm::StringMap<unsigned>> ports;
  llvm::StringMap<int64_t> variableOffsets; // bytes
  /// Of the parameters' compute copies; null where there are none.
  mlir::Type copyElement;
  /// Nothing refers to parameters other than the copies.
  bool copiesOnly = false;
  llvm::DenseMap<mlir::Value, mlir::Value> places;
  llvm::DenseMap<mlir::Value, llvm::StringRef> resultPorts;
  int64_t &bytesOfArena(plan::ArenaKind kind) {
    return arenaBytes[static_cast<unsigned>(kind)];
  }
};

} // namespace llmc

#endif
