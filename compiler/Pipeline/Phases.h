//===- Phases.h - the one-way flow from a model to tile programs ----------===//

#ifndef LLMC_COMPILER_PIPELINE_PHASES_H
#define LLMC_COMPILER_PIPELINE_PHASES_H

#include "compiler/Pipeline/Offload.h"
#include "compiler/Schedule/ScheduleFile.h"
#include "compiler/Target/CUDA/ImageCache.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <memory>
#include <optional>
#include <string>

namespace llmc {

constexpr int64_t defaultSequence = 256;
constexpr int64_t defaultBatch = 4;

/// What the user asked for; handed whole to everything that needs a part.
struct PipelineOptions {
  /// "cuda" or "cpu".
  std::string target = "cuda";
  /// The GPU: sm_89 and the like, or "emulated".
  std::string arch = "sm_89";
  /// The processor: "native" or a name that LLVM knows.
  std::string cpu = "native";
  /// "f32", "tf32" or "bf16"; empty: what the target is best at, see
  /// getPrecision.
  std::string precision;
  /// Type in which the optimizer keeps the weights: "f32" or "bf16".
  std::string masters = "f32";
  /// Type in which the optimizer keeps its moments: "f32" or "bf16".
  std::string moments = "f32";
  /// Sequences in a micro-batch; 0: auto, see getBatch.
  int64_t batch = defaultBatch;
  /// Tokens in a sequence; when the user names none, fillFromModel.
  std::optional<int64_t> sequence;
  /// Most tokens whose logits are held at a time; 0: all. When the user names
  /// none, getHeadChunk.
  std::optional<int64_t> headChunk;
  /// Programs that train together, on a device each.
  int64_t ranks = 1;
  /// Stage of ZeRO: "0" to "3" or "auto", see getZero.
  std::string zero = "auto";
  /// What lies in the host's pinned memory instead of the device's.
  OffloadSet offload;
  /// Most bytes of activations on the host, of each rank; none: no limit. What
  /// a search finds that --host leaves to them.
  std::optional<int64_t> mostSaved;
  /// `offload` is for a search to say.
  bool autoOffload = false;
  /// Bytes of gradients that one collective carries, or one transfer; when the
  /// user names none, fillFromModel.
  std::optional<int64_t> bucketBytes;
  /// What the backward pass computes again: "none", "ops", "layer" or "auto",
  /// see getRecompute.
  std::string recompute = "none";
  /// How ranks are connected, as LinkModel::find takes it.
  std::string link = "pcie";
  /// Tokens of all ranks in a step whose time is predicted.
  int64_t stepTokens = 524288;
  /// The last phase to run.
  std::string compileTo = "link";
  /// Instead of a program: the kernels as "cuda" or "ptx"; empty: a program.
  std::string emit;
  /// Where images of kernels are kept; empty: in the user's cache directory,
  /// "off": nowhere.
  std::string cache;
  /// Whose register counts tiles are ranked by: "nvrtc", "model" or "auto",
  /// which the command turns into one of them.
  std::string registers = "auto";
  /// What this command has compiled so far.
  std::shared_ptr<ImageMemory> images = std::make_shared<ImageMemory>();
  /// Block sizes by kernel, instead of the model's choice; empty: none.
  std::string scheduleFile;
  /// Where to write each phase's IR; empty: nowhere.
  std::string dumpTo;
  /// The linker driver; empty: search.
  std::string linker;
  /// libllmc_runtime.a.
  std::string runtime;
  /// The model file as the user named it.
  std::string modelFile;
  /// Threads that compile; 0: one per core.
  unsigned threads = 0;
  /// Print each phase's time to stderr.
  bool verbose = false;
  /// A candidate of a search: bytes and times are asked for, and nothing is
  /// verified, since what is chosen will be.
  bool isTrial = false;

  /// Stage 1 sends as much as stage 0, keeps 1/ranks of the optimizer's state
  /// and does 1/ranks of its work: there is nothing to be said for stage 0. Of
  /// gradients on the host each rank has its shards, as from stage 2 on.
  int64_t getZero() const {
    if (zero != "auto")
      return zero[0] - '0';
    return offload.has(OffloadKind::Gradients) ? 2 : 1;
  }
  // What `auto` is where nobody searched.
  llvm::StringRef getRecompute() const {
    return recompute == "auto" ? llvm::StringRef("none") : recompute;
  }
  int64_t getBatch() const { return batch ? batch : defaultBatch; }
  /// Takes over what a policy decides.
  void adopt(const PipelineOptions &policy) {
    batch = policy.batch;
    zero = policy.zero;
    recompute = policy.recompute;
    offload = policy.offload;
    mostSaved = policy.mostSaved;
    autoOffload = false;
  }
  bool isCuda() const { return target == "cuda"; }
  bool ranksByNvrtc() const { return isCuda() && registers == "nvrtc"; }
  /// bf16 on a GPU, f32 on the CPU, unless the user names one.
  llvm::StringRef getPrecision() const {
    if (!precision.empty())
      return precision;
    return isCuda() ? "bf16" : "f32";
  }
  /// Enough tokens to fill a GPU with one product; f32 is the precision of
  /// references and small models, whose logits stay whole.
  int64_t getHeadChunk() const {
    return headChunk.value_or(getPrecision() == "f32" ? 0 : 4096);
  }
};

/// What there is; none: no matter how much.
struct MemoryLimits {
  std::optional<int64_t> device; // of each
  std::optional<int64_t> host;   // of the machine, for all its ranks
  /// Of a program on a CPU, each with a workspace; 0: one per core.
  int64_t threads = 0;

  int64_t countThreads() const;
};

/// One row of the table of contents.
struct Phase {
  llvm::StringLiteral name;
  /// The passes as llmc-opt takes them with --pass-pipeline; none for the
  /// phases that leave MLIR.
  std::string (*passes)(const PipelineOptions &);
};

/// In the order in which they run.
llvm::ArrayRef<Phase> allPhases();

/// Position in allPhases(), if there is such a phase.
std::optional<unsigned> findPhase(llvm::StringRef name);

/// "specialize, autodiff, ..."
std::string phaseNames();

/// Sets what the user has left open and the model, as it was written, decides:
/// the sequence, defaultSequence or as many tokens as the model has positions
/// if these are fewer; and the size of buckets. 16 MiB keep the links of a
/// home-built rig busy; a model that would have more than about 256 of them has
/// larger ones, up to 128 MiB, since each is some launches and waits of the
/// step.
void fillFromModel(mlir::ModuleOp module, PipelineOptions &options);

/// Runs the phases after `first` (0: from the model) up to and including
/// `last` as far as they are passes, with the verifier after each pass.
mlir::LogicalResult runPhases(mlir::ModuleOp module,
                              const PipelineOptions &options, unsigned first,
                              unsigned last);

/// What the kernels are compiled for and by, as --schedule names it.
ScheduleTarget getScheduleTarget(const PipelineOptions &options);

/// "05-fusion": how the names of what is dumped of a phase begin.
std::string dumpPrefix(llvm::StringRef phase);

/// Writes `text` to DIR/name of `--dump-to`; does nothing without one.
mlir::LogicalResult dump(const PipelineOptions &options, llvm::StringRef name,
                         llvm::StringRef text, mlir::Location location);

/// Prints the time since its construction, with `--verbose`.
class PhaseTimer {
public:
  PhaseTimer(const PipelineOptions &options, llvm::StringRef name);
  ~PhaseTimer();

private:
  const PipelineOptions &options;
  std::string name;
  double start;
};

} // namespace llmc

#endif
