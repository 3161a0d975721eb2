//===- Grouping.h - which ops make one kernel -------------------*- C++ -*-===//
//
// Ops are taken in program order; each joins the earlier group where it saves
// most traffic, unless that closes a cycle of groups or breaks a limit, or
// starts a group of its own. Gemm kernels take elementwise ops as epilogue and
// a second product that meets the first there, row kernels anything over the
// same rows.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_FUSION_GROUPING_H
#define LLMC_COMPILER_FUSION_GROUPING_H

#include "compiler/Fusion/CostModel.h"
#include "compiler/Fusion/FusionOpInterface.h"
#include "compiler/Fusion/GroupOrder.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace llmc {

/// The ops of one kernel, in program order.
struct Group {
  OpFamily family;
  /// Rows of a rows kernel's domain; 0 for other kinds.
  int64_t rows = 0;
  llvm::SmallVector<mlir::Operation *> ops;
};

class Grouping {
public:
  explicit Grouping(const CostModel &cost) : cost(cost) {}

  /// Groups all ops of the function's block but handles and terminator.
  /// `attached` are ops with one user that go wherever the user goes. Fails
  /// with a diagnostic at an op that no kernel can hold.
  mlir::LogicalResult run(mlir::func::FuncOp func,
                          llvm::DenseSet<mlir::Operation *> attached = {});

  /// The groups, each after all it depends on.
  std::vector<const Group *> getOrderedGroups() const;

private:
  using GroupId = unsigned;
  struct Candidate {
    GroupId group;
    int64_t bytesSaved;
    unsigned lastProducer; // position of the latest producing op
  };
  /// Who touched a piece of storage last.
  struct StorageState {
    std::optional<GroupId> writer;
    llvm::SmallVector<GroupId, 2> readers;
  };

  mlir::LogicalResult place(FusionOpInterface op);
  bool joinPair(mlir::Operation *op, llvm::ArrayRef<GroupId> dependencies);
  llvm::SmallVector<Candidate> getCandidates(FusionOpInterface op) const;
  bool acceptsFamily(const Group &group, FusionOpInterface op) const;
  bool isEpilogueOf(const Group &group, FusionOpInterface op) const;
  void collectDependencies(mlir::Operation *op,
                           llvm::SmallVectorImpl<GroupId> &dependencies);
  void add(mlir::Operation *op, GroupId group,
           llvm::ArrayRef<GroupId> dependencies);
  void recordAccesses(mlir::Operation *op, GroupId group);
  StorageState *getStorage(mlir::Value value);
  /// Calls `visit` with each tensor that the op works on.
  static void
  forEachAccess(mlir::Operation *op,
                llvm::function_ref<void(mlir::Value, bool writes)> visit);

  const CostModel &cost;
  /// Ops that are placed with a user: attention's views, recomputed ops.
  llvm::DenseSet<mlir::Operation *> attached;
  std::vector<Group> groups;
  GroupOrder order;
  llvm::DenseMap<mlir::Operation *, GroupId> groupOf;
  llvm::DenseMap<mlir::Operation *, unsigned> positionOf;
  /// By variable and slot, or by slot alone where the function has handles on
  /// all parameters at once.
  llvm::DenseMap<std::pair<mlir::Attribute, unsigned>, StorageState> storage;
  bool hasFlatHandles = false;
  /// Who touched a part of a window. Parts that do not overlap have nothing to
  /// do with each other, as storages of different variables.
  struct WindowAccess {
    int64_t begin;
    int64_t end;
    GroupId group;
    bool writes;
  };
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<WindowAccess>> windows;
};

} // namespace llmc

#endif
