//===- MemoryReport.h - what `llmc plan` says about memory ----------------===//
//
// Read off a module after MemoryPlan, so that it shows what is, not what the
// planner meant.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_MEMORYPLAN_MEMORYREPORT_H
#define LLMC_COMPILER_MEMORYPLAN_MEMORYREPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <array>
#include <string>
#include <vector>

namespace llmc {

struct MemoryReport {
  struct Arena {
    std::string name; // as in the IR
    std::string text; // as the program prints it
    int64_t bytes = 0;
    bool host = false; // in the host's pinned memory
  };

  /// A tensor or a window of the activation arena. Times count the launches of
  /// its function from 0; a collective has the time of the next launch.
  struct Tensor {
    std::string function;
    std::string kernel; // that makes it, or a window's collective
    std::string kind;   // of that kernel, or what the window holds
    std::string line;   // of the model file
    std::string type;
    int64_t offset = 0;
    int64_t bytes = 0;
    int64_t first = 0;
    int64_t last = 0;
    /// Alive when most bytes are.
    bool isAtPeak = false;
  };

  struct Variable {
    std::string name;
    std::string type;
    std::string line;
    std::string arena;
    int64_t bytes = 0;
  };

  /// One entry point's use of the activation arena.
  struct Function {
    std::string name;
    int64_t launches = 0;
    int64_t tensors = 0;
    int64_t packedBytes = 0;
    /// Most bytes alive at one time, hence the least that any packing needs.
    int64_t boundBytes = 0;
    int64_t peakLaunch = 0;
    std::string peakKernel;
    std::string peakLine;
  };

  /// Activations alive at the peak, by the kind of kernel that made them, and
  /// windows by what they hold.
  struct Kind {
    std::string name;
    int64_t tensors = 0;
    int64_t bytes = 0;
  };

  static constexpr llvm::StringLiteral kTotalNames[] = {
      "parameters",  "gradients",     "optimizer",
      "activations", "communication", "other"};
  static constexpr size_t kTotals = std::size(kTotalNames);

  /// Bytes by what they are for, in the order of kTotalNames, on a rank's
  /// device and in host memory that is pinned for it.
  struct Totals {
    std::array<int64_t, kTotals> device = {}, host = {};

    /// On the device, of parameters, gradients and the optimizer.
    int64_t stateBytes() const { return device[0] + device[1] + device[2]; }
    int64_t deviceBytes() const;
    int64_t hostBytes() const;
  };

  std::vector<Arena> arenas; // workspace counted once per thread
  std::vector<Tensor> tensors;
  std::vector<Variable> variables;
  std::vector<Function> functions;
  std::vector<Kind> kinds;
  int64_t threads = 1;

  /// The bytes of an arena, all workspaces counted.
  int64_t bytesOf(const Arena &arena) const;
  /// Of all arenas of the device, or of the host.
  int64_t totalBytes(bool host = false) const;
  Totals getTotals() const;
  /// The function that needs most of the activation arena; null without one.
  const Function *peakFunction() const;

  /// Reads `module`, the module after MemoryPlan. `threads` is the number of
  /// workspaces that the program will have.
  static MemoryReport build(mlir::ModuleOp module, int64_t threads = 1);

  /// The workspace is known only after the target has made code of kernels:
  /// `bytes` per thread.
  void setWorkspace(int64_t bytes);

  /// Every arena once, below what it is for. `owner` has the memory: "the
  /// program"; it lies in `place`, "device", where bytes more are kept free for
  /// its driver and for NCCL.
  void printMemory(llvm::raw_ostream &os, llvm::StringRef owner,
                   llvm::StringRef place, int64_t ofDriver,
                   int64_t ofNccl) const;
  /// How activations are packed, what makes the peak, and what is largest;
  /// `most` limits the lists.
  void printActivations(llvm::raw_ostream &os, unsigned most = 12) const;
  /// As attributes of the object that is open.
  void writeJson(llvm::json::OStream &json) const;
};

/// The place of an arena of this name among kTotalNames.
size_t findTotal(llvm::StringRef arena);

/// "12,345,678".
std::string withCommas(int64_t number);
/// "11.77 MiB".
std::string humanBytes(int64_t bytes);

} // namespace llmc

#endif
