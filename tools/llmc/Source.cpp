//===- Source.cpp - a model file in memory --------------------------------===//

#include "Source.h"

#include "Commands.h"
#include "compiler/Pipeline/Registration.h"
#include "compiler/Pipeline/TargetCode.h"
#include "compiler/Schedule/Chip.h"
#include "compiler/Schedule/ScheduleFile.h"
#include "compiler/Support/LinkModel.h"
#include "compiler/Support/Nesting.h"
#include "compiler/Support/RecomputePolicy.h"
#include "compiler/Target/CPU/Codegen.h"
#include "dialects/Model/Model.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace llmc;

/// Far above what a machine holds, and low enough that no count of bytes or of
/// operations overflows.
static constexpr int64_t largestMicroBatch = int64_t(1) << 24;

template <typename... Ops> static std::vector<StringRef> namesOf() {
  return {Ops::getOperationName()...};
}

/// Where a model file has an op that there is not, names those that it may
/// have.
static void addOpNames(Diagnostic &diagnostic) {
  using namespace llmc::model;
  static const std::vector<StringRef> written =
      namesOf<AddOp, AttentionOp, CrossEntropyOp, EmbeddingOp, GeluOp, GraphOp,
              LayerNormOp, LinearOp, MulOp, ParameterOp, PositionEmbeddingOp,
              RepeatOp, ReturnOp, RMSNormOp, RopeOp, SiluOp, SplitOp,
              YieldOp>();
  std::string message = diagnostic.str();
  StringRef name = message;
  if (!name.consume_front("custom op '") || !name.consume_back("' is unknown"))
    return;
  auto nearest = llvm::min_element(written, [&](StringRef a, StringRef b) {
    return name.edit_distance(a) < name.edit_distance(b);
  });
  if (name.edit_distance(*nearest) <= 2)
    diagnostic.attachNote() << "did you mean '" << *nearest << "'?";
  else
    diagnostic.attachNote()
        << "ops of a model file: " << llvm::join(written, ", ");
}

/// An error of no line, such as the linker's, is one of the file: the line 0
/// would mislead. Fails when there is a line.
static LogicalResult printWithoutPlace(StringRef path,
                                       SourceMgrDiagnosticHandler &handler,
                                       Diagnostic &diagnostic) {
  auto place = diagnostic.getLocation()->findInstanceOf<FileLineColLoc>();
  if ((place && place.getLine() != 0) ||
      diagnostic.getSeverity() != DiagnosticSeverity::Error)
    return failure();
  llvm::errs() << path << ": error: " << diagnostic.str() << "\n";
  for (Diagnostic &note : diagnostic.getNotes())
    handler.emitDiagnostic(note.getLocation(), note.str(), note.getSeverity());
  return success();
}

std::unique_ptr<Source> Source::open(const std::string &path) {
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> file = openInputFile(path, &message);
  if (!file) {
    fail(message);
    return nullptr;
  }
  // Some editors begin a file with the mark of its byte order.
  if (file->getBuffer().starts_with("\xef\xbb\xbf"))
    file = llvm::MemoryBuffer::getMemBufferCopy(file->getBuffer().drop_front(3),
                                                file->getBufferIdentifier());
  DialectRegistry registry;
  registerDialects(registry);
  registerPasses();

  std::unique_ptr<Source> source(new Source());
  source->mlirContext = std::make_unique<MLIRContext>(registry);
  // The op in question may be the whole module.
  source->mlirContext->printOpOnDiagnostic(false);
  StringRef text = file->getBuffer();
  source->sources.AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  source->handler = std::make_unique<SourceMgrDiagnosticHandler>(
      source->sources, source->mlirContext.get());
  // Asked before the handler above.
  MLIRContext *context = source->mlirContext.get();
  SourceMgrDiagnosticHandler *handler = source->handler.get();
  context->getDiagEngine().registerHandler(
      [path, handler](Diagnostic &diagnostic) {
        addOpNames(diagnostic);
        return printWithoutPlace(path, *handler, diagnostic);
      });
  auto errorAt = [&](size_t at) {
    auto [line, column] = source->sources.getLineAndColumn(
        llvm::SMLoc::getFromPointer(text.data() + at));
    return emitError(FileLineColLoc::get(context, path, line, column));
  };
  if (std::optional<size_t> deep = findDeepNesting(text)) {
    errorAt(*deep) << "brackets are nested more than " << kMostNesting
                   << " deep";
    return nullptr;
  }
  if (std::optional<size_t> huge = findHugeResult(text)) {
    errorAt(*huge) << "no operation has so many results";
    return nullptr;
  }
  source->parsed =
      parseSourceFile<ModuleOp>(source->sources, source->mlirContext.get());
  return source->parsed ? std::move(source) : nullptr;
}

static LogicalResult mistake(const llvm::formatv_object_base &message) {
  fail(message.str());
  return failure();
}

/// What is said of one target only.
static LogicalResult checkTarget(const PipelineOptions &options) {
  if (options.target != "cuda" && options.target != "cpu")
    return mistake(
        llvm::formatv("--target={0}: expected cuda or cpu", options.target));
  const std::string &precision = options.precision;
  if (!precision.empty() && precision != "f32" && precision != "tf32" &&
      precision != "bf16")
    return mistake(llvm::formatv("--precision={0}: expected bf16, tf32 or f32",
                                 precision));
  if (!options.emit.empty() && options.emit != "cuda" && options.emit != "ptx")
    return mistake(
        llvm::formatv("--emit={0}: expected cuda or ptx", options.emit));
  const std::string &masters = options.masters;
  if (masters != "f32" && masters != "bf16")
    return mistake(
        llvm::formatv("--masters={0}: expected f32 or bf16", masters));
  const std::string &moments = options.moments;
  if (moments != "f32" && moments != "bf16")
    return mistake(
        llvm::formatv("--moments={0}: expected f32 or bf16", moments));
  if (moments == "bf16" && options.getPrecision() != "bf16")
    return mistake(llvm::formatv("--moments=bf16: moments in bf16 are for "
                                 "--precision=bf16 on a GPU, and the precision "
                                 "is {0}; leave --moments out",
                                 options.getPrecision()));
  if (masters == "bf16" && options.getPrecision() != "bf16")
    return mistake(llvm::formatv("--masters=bf16: weights in bf16 are for "
                                 "--precision=bf16 on a GPU, and the precision "
                                 "is {0}; leave --masters out",
                                 options.getPrecision()));
  if (options.isCuda()) {
    if (!findChip(options.arch))
      return mistake(llvm::formatv(
          "--arch={0}: expected one of {1}; newer GPUs run what is compiled "
          "for sm_89, whose PTX their driver compiles",
          options.arch, getChipNames()));
    if (options.emit == "ptx" && options.arch == "emulated")
      return mistake(llvm::formatv("--emit=ptx: the emulated GPU has no PTX; "
                                   "name one with --arch=sm_89"));
    return success();
  }
  if (precision == "bf16" || precision == "tf32")
    return mistake(llvm::formatv("--precision={0}: the target cpu computes in "
                                 "f32 only; leave --precision out, or compile "
                                 "for a GPU with --target=cuda",
                                 precision));
  if (!options.emit.empty())
    return mistake(llvm::formatv("--emit={0}: the target cpu has no such "
                                 "kernels; leave --target=cpu out",
                                 options.emit));
  llvm::Expected<CpuTarget> cpu = CpuTarget::resolve(options.cpu);
  if (!cpu)
    return mistake(llvm::formatv("--cpu={0}: {1}", options.cpu,
                                 llvm::toString(cpu.takeError())));
  return success();
}

/// What is said of programs that train together.
static LogicalResult checkRanks(const PipelineOptions &options) {
  constexpr int64_t most = 1024, largestBucket = int64_t(1) << 40;
  if (options.ranks < 1 || options.ranks > most)
    return mistake(llvm::formatv("--gpus expects 1 to {0} devices, found {1}",
                                 most, options.ranks));
  if (!llvm::is_contained({"auto", "0", "1", "2", "3"}, options.zero))
    return mistake(
        llvm::formatv("--zero={0}: expected auto, 0, 1, 2 or 3", options.zero));
  if (options.recompute != "auto" && !RecomputePolicy::parse(options.recompute))
    return mistake(llvm::formatv("--recompute={0}: expected auto, {1}",
                                 options.recompute,
                                 RecomputePolicy::choices()));
  if (!LinkModel::find(options.link))
    return mistake(llvm::formatv("--link={0}: expected one of {1}, or a bus "
                                 "bandwidth in GB/s",
                                 options.link, LinkModel::getNames()));
  if (options.stepTokens < 1)
    return mistake(llvm::formatv("--step-tokens expects at least 1 token, "
                                 "found {0}",
                                 options.stepTokens));
  int64_t bucket = options.bucketBytes.value_or(largestBucket);
  if (bucket < 1024 || bucket > largestBucket)
    return mistake(llvm::formatv("--bucket expects 1 to {0} KiB, found {1}",
                                 largestBucket / 1024, bucket / 1024));
  return success();
}

/// What is said of state in the host's memory.
static LogicalResult checkOffload(const PipelineOptions &options) {
  if (options.offload.empty())
    return success();
  if (options.offload.has(OffloadKind::Masters) && options.masters == "bf16")
    return mistake(llvm::formatv(
        "--offload=masters: products read the weights that --masters={0} "
        "keeps, so that they stay on the device; leave one of the two out",
        options.masters));
  if (options.offload.has(OffloadKind::Masters) &&
      options.getPrecision() != "bf16")
    return mistake(llvm::formatv(
        "--offload=masters: products in {0} read the weights that the "
        "optimizer keeps, so that they stay on the device; leave masters out, "
        "or compile with --precision=bf16",
        options.getPrecision()));
  if (options.offload.has(OffloadKind::Gradients) && options.ranks > 1 &&
      options.getZero() < 2)
    return mistake(llvm::formatv(
        "--offload=gradients: with --zero={0} each of {1} ranks sums all "
        "gradients on its device; share them out with --zero=2 or 3, or leave "
        "gradients out",
        options.zero, options.ranks));
  return success();
}

LogicalResult llmc::checkOptions(const PipelineOptions &options) {
  if (failed(checkTarget(options)))
    return failure();
  if (options.sequence && *options.sequence < 1)
    return mistake(llvm::formatv("--seq expects at least 1 token, found {0}",
                                 *options.sequence));
  int64_t sequence = options.sequence.value_or(defaultSequence);
  if (options.batch > largestMicroBatch / sequence)
    return mistake(llvm::formatv(
        "a micro-batch of --batch={0} sequences of {1} tokens is too large, "
        "expected at most {2} tokens in all",
        options.batch, sequence, largestMicroBatch));
  if (options.headChunk && (*options.headChunk < 0 || *options.headChunk % 64))
    return mistake(llvm::formatv(
        "--head-chunk expects a multiple of 64 tokens, or 0, found {0}",
        *options.headChunk));
  if (failed(checkRanks(options)) || failed(checkOffload(options)))
    return failure();
  if (options.threads > 1024)
    return mistake(llvm::formatv("--jobs expects 0 to 1024 threads, found {0}",
                                 static_cast<int>(options.threads)));
  if (!options.emit.empty() && options.compileTo != "link")
    return mistake(llvm::formatv("--emit={0} writes kernels and "
                                 "--compile-to={1} an earlier phase: expected "
                                 "one of them",
                                 options.emit, options.compileTo));
  if (!options.scheduleFile.empty())
    if (auto file = ScheduleFile::read(options.scheduleFile); !file)
      return mistake(llvm::formatv("{0}", llvm::toString(file.takeError())));
  if (!options.dumpTo.empty()) {
    std::error_code code = llvm::sys::fs::create_directories(options.dumpTo);
    if (!code && !llvm::sys::fs::is_directory(options.dumpTo))
      code = std::make_error_code(std::errc::not_a_directory);
    if (code)
      return mistake(llvm::formatv("--dump-to={0}: cannot make the directory: "
                                   "{1}",
                                   options.dumpTo, code.message()));
  }
  if (!findPhase(options.compileTo))
    return mistake(llvm::formatv("--compile-to expects one of {0}, found '{1}'",
                                 phaseNames(), options.compileTo));
  return success();
}

LogicalResult llmc::chooseRanking(PipelineOptions &options, bool makesKernels) {
  std::string &registers = options.registers;
  if (registers != "auto" && registers != "nvrtc" && registers != "model")
    return mistake(llvm::formatv(
        "--registers={0}: expected auto, nvrtc or model", registers));
  if (!options.isCuda()) {
    if (registers == "auto")
      return success();
    return mistake(llvm::formatv("--registers={0} is an option of "
                                 "--target=cuda, and the target is {1}",
                                 registers, options.target));
  }
  if (registers == "model")
    return success();
  if (registers == "auto" && (!makesKernels || options.arch == "emulated")) {
    registers = "model";
    return success();
  }
  llvm::Error error = checkNvrtc(options);
  if (error && registers == "auto") {
    llvm::consumeError(std::move(error));
    registers = "model";
    return success();
  }
  if (error)
    return mistake(llvm::formatv("--registers=nvrtc: {0}",
                                 llvm::toString(std::move(error))));
  registers = "nvrtc";
  return success();
}
