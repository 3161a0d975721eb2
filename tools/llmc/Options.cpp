//===- Options.cpp - the options of the command line ----------------------===//

#include "Options.h"

#include "OptionParsers.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"

namespace cl = llvm::cl;
using namespace llmc;
using llvm::StringRef;

static cl::SubCommand compile("compile",
                              "make a training program of a model file");
static cl::SubCommand plan("plan", "print the memory plan; nothing is built");
static cl::SubCommand
    data("data", "make token shards of text, a byte a token; shards that other "
                 "tools made with another tokenizer, in llm.c's .bin format, "
                 "are trained on as they are");
static cl::OptionCategory category("llmc's options");

namespace {
/// Says of an option which commands have it.
struct Of {
  cl::SubCommand &first, &second;

  Of(cl::SubCommand &only) : Of(only, only) {}
  Of(cl::SubCommand &first, cl::SubCommand &second)
      : first(first), second(second) {}
  void apply(cl::Option &option) const {
    option.addSubCommand(first);
    option.addSubCommand(second);
    option.addCategory(category);
  }
};
} // namespace

static const Of ofModels(compile, plan), ofOutputs(compile, data),
    ofCompile(compile), ofPlan(plan), ofData(data);

// compile and plan. A list, so that the count is checked here.
static cl::list<std::string> models(cl::Positional, cl::desc("MODEL.mlir"),
                                    cl::ZeroOrMore, ofModels);
static cl::opt<std::string>
    target("target",
           cl::desc("what the program runs on: cuda or cpu (default cuda)"),
           cl::value_desc("name"), cl::init("cuda"), ofModels);
static cl::opt<std::string> arch(
    "arch",
    cl::desc("cuda: GPU to compile for, such as sm_89, or emulated, to run "
             "without one (default sm_89)"),
    cl::value_desc("name"), cl::init("sm_89"), ofModels);
static cl::opt<std::string>
    cpu("cpu",
        cl::desc("cpu: processor to compile for: native, or a name that LLVM "
                 "knows, such as znver3 (default native)"),
        cl::value_desc("name"), cl::init("native"), ofModels);
static cl::opt<std::string>
    precision("precision",
              cl::desc("type to compute in: bf16, f32, or tf32: f32, but a GPU "
                       "rounds what it multiplies to 11 bits; weights are kept "
                       "in f32 as well (default cuda: bf16, cpu: f32)"),
              cl::value_desc("type"), ofModels);
static cl::opt<std::string>
    masters("masters",
            cl::desc("type in which the optimizer keeps the weights: f32, or "
                     "with --precision=bf16 also bf16, rounded stochastically, "
                     "for 4 bytes a parameter less (default f32)"),
            cl::value_desc("type"), cl::init("f32"), ofModels);
static cl::opt<std::string>
    moments("moments",
            cl::desc("type in which the optimizer keeps its moments: f32, or "
                     "with --precision=bf16 also bf16, rounded stochastically, "
                     "for 4 bytes a parameter less (default f32)"),
            cl::value_desc("type"), cl::init("f32"), ofModels);
static cl::opt<std::string>
    scheduleFile("schedule",
                 cl::desc("file with block sizes of kernels, instead of those "
                          "that llmc would choose"),
                 cl::value_desc("file"), ofModels);
static cl::opt<std::string> registers(
    "registers",
    cl::desc("cuda: whose register counts tiles are ranked by: nvrtc, model, "
             "or auto: NVRTC's for programs, kernels and plan --kernels where "
             "it is found, the model's estimates otherwise (default auto)"),
    cl::value_desc("whose"), cl::init("auto"), ofModels);
static cl::opt<int64_t, false, BatchParser>
    batch("batch",
          cl::desc("sequences in a micro-batch, or auto: as many as fit and "
                   "are fastest (default 4; with --vram or --host auto)"),
          cl::value_desc("sequences"), cl::init(4), ofModels);
static cl::opt<int64_t, false, WholeNumber>
    sequence("seq",
             cl::desc("tokens in a sequence (default 256, or as many as the "
                      "model has positions if these are fewer)"),
             cl::value_desc("tokens"), cl::init(0), ofModels);
static cl::opt<int64_t, false, WholeNumber>
    headChunk("head-chunk",
              cl::desc("most tokens whose logits are held at a time, a "
                       "multiple of 64, or 0 for all (default bf16: 4096, "
                       "f32: 0)"),
              cl::value_desc("tokens"), cl::init(-1), ofModels);
static cl::opt<int64_t, false, WholeNumber>
    gpus("gpus",
         cl::desc("devices that train together, each with a micro-batch of its "
                  "own; with --target=cpu processes, as mpirun starts them "
                  "(default 1)"),
         cl::value_desc("ranks"), cl::init(1), ofModels);
static cl::opt<std::string>
    zero("zero",
         cl::desc("stage of ZeRO: 0, every rank has the optimizer's state; 1, "
                  "each has its share; 2, of gradients, too; 3, of parameters, "
                  "too; auto: 1 (default auto)"),
         cl::value_desc("stage"), cl::init("auto"), ofModels);
static cl::opt<std::string>
    offload("offload",
            cl::desc("what lies in pinned memory of the host and comes to the "
                     "device when it is needed: none, or of optimizer (both "
                     "moments), masters (f32 weights beside bf16 ones), "
                     "gradients (of one device, or with --zero=2 or 3) and "
                     "activations (what the backward pass reads), with commas; "
                     "auto: what fits and is fastest, within --host (default "
                     "none; with --host auto)"),
            cl::value_desc("kinds"), cl::init("none"), ofModels);
static cl::opt<int64_t, false, WholeNumber>
    bucket("bucket",
           cl::desc("KiB of gradients that one collective carries, or of state "
                    "that one copy from or to the host does (default 16384, of "
                    "large models up to 131072)"),
           cl::value_desc("KiB"), cl::init(0), ofModels);
static cl::opt<std::string> recompute(
    "recompute",
    cl::desc("what the backward pass computes again rather than keep it: none; "
             "ops, such as norms, that cost little but memory traffic; layer, "
             "each layer from its input; layer:N, the first N layers, of the "
             "others ops; auto: what fits and is fastest "
             "(default none; with --vram or --host auto)"),
    cl::value_desc("policy"), ofModels);
static cl::opt<int64_t, false, BytesParser>
    vram("vram",
         cl::desc("cuda: memory of each GPU, such as 24GiB: what is left open "
                  "is chosen so that it fits, and is fastest; nothing is "
                  "pinned in the host's memory unless --host says how much may "
                  "be (default for such choices: that of the chip's usual "
                  "board)"),
         cl::value_desc("size"), cl::init(0), ofModels);
static cl::opt<int64_t, false, BytesParser>
    hostMemory("host",
               cl::desc("memory of the machine that may be pinned, such as "
                        "128GiB, for all its devices; cpu: what all processes "
                        "may take"),
               cl::value_desc("size"), cl::init(0), ofModels);
static cl::opt<std::string> link(
    "link",
    cl::desc("how GPUs are connected, for predicted times: pcie, through host "
             "memory; p2p, PCIe with peer-to-peer; nvlink; network; or a bus "
             "bandwidth in GB/s (default pcie)"),
    cl::value_desc("link"), cl::init("pcie"), ofModels);
static cl::opt<int64_t, false, WholeNumber>
    stepTokens("step-tokens",
               cl::desc("tokens of all devices in a step, for predicted times: "
                        "as many micro-batches as these are (default 524288)"),
               cl::value_desc("tokens"), cl::init(524288), ofModels);
static cl::opt<bool>
    verbose("v",
            cl::desc("print the time of each phase, in seconds, to "
                     "standard error"),
            ofModels);
static cl::alias verboseAlias("verbose", cl::desc("alias of -v"),
                              cl::aliasopt(verbose), cl::cat(category));

// compile.
static cl::opt<std::string> output(
    "o",
    cl::desc("compile: the program, or with --compile-to the IR, or with "
             "--emit the directory of kernels; data: the directory of "
             "shards"),
    cl::value_desc("path"), ofOutputs);
static cl::opt<std::string>
    compileTo("compile-to",
              cl::desc("stop after a phase and print its IR to -o or standard "
                       "output: specialize, autodiff, step, distribution, "
                       "fusion, schedule, memory-plan, tiling, target "
                       "(default: link)"),
              cl::value_desc("phase"), cl::init("link"), ofCompile);
static cl::opt<std::string> emit(
    "emit",
    cl::desc("cuda: write the kernels into the directory -o instead: cuda, "
             "a program each with a benchmark, for nvcc; or ptx"),
    cl::value_desc("form"), ofCompile);
static cl::opt<std::string>
    cache("cache",
          cl::desc("cuda: directory of compiled kernels, used again by later "
                   "compilations, or off (default $XDG_CACHE_HOME/llmc or "
                   "~/.cache/llmc)"),
          cl::value_desc("directory"), ofModels);
static cl::opt<std::string>
    dumpTo("dump-to",
           cl::desc("write the IR after each phase, LLVM IR and objects into "
                    "this directory"),
           cl::value_desc("directory"), ofModels);
static cl::opt<std::string>
    remarks("remarks",
            cl::desc("print decisions of phases whose name matches, such as "
                     "fusion (default: all)"),
            cl::value_desc("regular expression"), cl::ValueOptional, ofCompile);
static cl::opt<std::string>
    linker("linker",
           cl::desc("C++ compiler driver that links, and compiles kernels for "
                    "--arch=emulated (default: $CXX, c++, clang++-22, g++ or "
                    "clang++)"),
           cl::value_desc("program"), ofCompile);
static cl::opt<std::string>
    runtimeFile("runtime",
                cl::desc("the runtime to link with (default: "
                         "../lib/libllmc_runtime.a beside llmc)"),
                cl::value_desc("file"), ofCompile);
static cl::opt<int64_t, false, WholeNumber>
    jobs("jobs", cl::desc("threads that compile (default 0: one per core)"),
         cl::value_desc("threads"), cl::init(0), ofModels);

// plan.
static cl::opt<bool> json("json", cl::desc("print the whole plan as JSON"),
                          ofPlan);
static cl::opt<bool>
    kernels("kernels",
            cl::desc("cuda: print the kernels, how they fill the GPU and the "
                     "times to expect; with --json their schedules, as "
                     "--schedule reads them"),
            ofPlan);
static cl::opt<bool>
    explain("explain",
            cl::desc("list the policies that were looked at for what --batch, "
                     "--zero and --recompute leave open, and why each was not "
                     "taken"),
            ofPlan);
static cl::opt<int64_t, false, WholeNumber>
    threads("threads",
            cl::desc("threads that the program will run with, each with a "
                     "workspace (default 0: one per core)"),
            cl::value_desc("threads"), cl::init(0), ofPlan);
static cl::opt<int64_t, false, WholeNumber>
    most("largest", cl::desc("tensors shown in each list (default 12)"),
         cl::value_desc("tensors"), cl::init(12), ofPlan);

// data.
static cl::list<std::string> texts(cl::Positional, cl::desc("TEXT..."),
                                   cl::ZeroOrMore, ofData);
static cl::opt<double, false, Number>
    heldOut("held-out",
            cl::desc("part of the text, at its end, kept for the held-out loss "
                     "(default 0.05)"),
            cl::value_desc("fraction"), cl::init(0.05), ofData);

static MemoryLimits memoryLimits() {
  MemoryLimits limits;
  if (vram.getNumOccurrences())
    limits.device = vram;
  if (hostMemory.getNumOccurrences())
    limits.host = hostMemory;
  limits.threads = threads;
  return limits;
}

/// The kinds of --offload were checked.
static PipelineOptions pipelineOptions() {
  PipelineOptions options;
  // With a limit, what is not said is left open.
  bool isLimited = vram.getNumOccurrences() || hostMemory.getNumOccurrences();
  options.target = target;
  options.arch = arch;
  options.cpu = cpu;
  options.precision = precision;
  options.masters = masters;
  options.moments = moments;
  options.batch = batch;
  if (isLimited && !batch.getNumOccurrences())
    options.batch = 0;
  if (sequence.getNumOccurrences())
    options.sequence = sequence;
  if (headChunk.getNumOccurrences())
    options.headChunk = headChunk;
  options.ranks = gpus;
  options.zero = zero;
  options.recompute = isLimited ? "auto" : "none";
  if (recompute.getNumOccurrences())
    options.recompute = recompute;
  options.link = link;
  options.stepTokens = stepTokens;
  options.autoOffload =
      offload.getNumOccurrences() ? offload == "auto" : isLimited;
  if (!options.autoOffload)
    options.offload = *OffloadSet::parse(offload);
  if (bucket.getNumOccurrences())
    options.bucketBytes = bucket * 1024;
  options.compileTo = compileTo;
  options.emit = emit;
  options.cache = cache;
  options.scheduleFile = scheduleFile;
  options.registers = registers;
  options.dumpTo = dumpTo;
  options.linker = linker;
  options.runtime = runtimeFile;
  options.threads = static_cast<unsigned>(jobs);
  options.verbose = verbose;
  return options;
}

/// One model file was given.
static bool checkModel(StringRef command) {
  if (models.size() == 1)
    return true;
  std::string usage = ("llmc " + command + " MODEL.mlir").str();
  if (models.empty())
    fail("expected a model file: " + usage);
  else
    fail("expected one model file, found '" + models[0] + "' and '" +
         models[1] + "': " + usage);
  return false;
}

/// An option of the other target is a misunderstanding.
static bool checkTargetOptions() {
  bool isCuda = target == "cuda";
  if (!isCuda && vram.getNumOccurrences()) {
    fail("--vram is an option of --target=cuda; --host limits the memory of "
         "processes");
    return false;
  }
  if (isCuda ? !cpu.getNumOccurrences() : !arch.getNumOccurrences())
    return true;
  fail(llvm::formatv("--{0} is an option of --target={1}, and the target is "
                     "{2}",
                     isCuda ? "cpu" : "arch", isCuda ? "cpu" : "cuda", target));
  return false;
}

static bool checkOffload() {
  if (offload == "auto" && target == "cuda" &&
      !hostMemory.getNumOccurrences()) {
    fail("--offload=auto needs --host=SIZE: how much of the machine's memory "
         "may be pinned");
    return false;
  }
  if (offload == "auto" || OffloadSet::parse(offload))
    return true;
  fail(llvm::formatv("--offload={0}: expected auto, {1}, or some of these with "
                     "commas between them",
                     offload, OffloadSet::choices()));
  return false;
}

std::optional<Command> llmc::readCommand() {
  if ((compile || plan) && (!checkTargetOptions() || !checkOffload()))
    return std::nullopt;
  if (compile) {
    if (!checkModel("compile"))
      return std::nullopt;
    CompileCommand command{pipelineOptions(), memoryLimits(), models[0], output,
                           remarks};
    if (remarks.getNumOccurrences() && remarks.empty())
      command.remarks = ".*";
    return command;
  }
  if (plan) {
    if (!checkModel("plan"))
      return std::nullopt;
    return PlanCommand{pipelineOptions(), memoryLimits(), models[0], json, most,
                       kernels,           explain};
  }
  if (data) {
    if (texts.empty()) {
      fail("expected text files: llmc data TEXT... -o DIR");
      return std::nullopt;
    }
    if (output.empty()) {
      fail("expected -o DIR: where to write the shards");
      return std::nullopt;
    }
    return DataCommand{texts, output, heldOut};
  }
  cl::PrintHelpMessage();
  return std::nullopt;
}

void llmc::hideForeignOptions() {
  for (cl::SubCommand *command : {&compile, &plan, &data})
    cl::HideUnrelatedOptions(category, *command);
  cl::HideUnrelatedOptions(category);
}
