//===- llmc.cpp - the command line ----------------------------------------===//
//
//   llmc compile MODEL.mlir -o PROGRAM   a model file becomes a program
//   llmc plan MODEL.mlir                 what memory it will take, byte by byte
//   llmc data TEXT... -o DIR             text becomes token shards
//
//===----------------------------------------------------------------------===//

#include "Commands.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/raw_ostream.h"

namespace cl = llvm::cl;
using namespace llmc;

static cl::SubCommand compile("compile",
                              "make a training program of a model file");
static cl::SubCommand plan("plan", "print the memory plan; nothing is built");
static cl::SubCommand data("data", "make token shards of text, a byte a token");
static cl::OptionCategory category("llmc's options");

// compile and plan.
static cl::opt<std::string> model(cl::Positional, cl::desc("MODEL.mlir"),
                                  cl::Required, cl::sub(compile), cl::sub(plan),
                                  cl::cat(category));
static cl::opt<std::string>
    target("target", cl::desc("what the program runs on: cpu (default cpu)"),
           cl::value_desc("name"), cl::init("cpu"), cl::sub(compile),
           cl::sub(plan), cl::cat(category));
static cl::opt<std::string>
    cpu("cpu",
        cl::desc("processor to compile for: native, or a name that LLVM knows, "
                 "such as znver3 (default native)"),
        cl::value_desc("name"), cl::init("native"), cl::sub(compile),
        cl::sub(plan), cl::cat(category));
static cl::opt<std::string>
    precision("precision", cl::desc("type to compute in: f32 (default f32)"),
              cl::value_desc("type"), cl::init("f32"), cl::sub(compile),
              cl::sub(plan), cl::cat(category));
static cl::opt<int64_t>
    batch("batch", cl::desc("sequences in a micro-batch (default 4)"),
          cl::value_desc("sequences"), cl::init(4), cl::sub(compile),
          cl::sub(plan), cl::cat(category));
static cl::opt<int64_t>
    sequence("seq",
             cl::desc("tokens in a sequence (default 256, or as many as the "
                      "model has positions if these are fewer)"),
             cl::value_desc("tokens"), cl::init(0), cl::sub(compile),
             cl::sub(plan), cl::cat(category));
static cl::opt<bool>
    verbose("v",
            cl::desc("print the time of each phase, in seconds, to "
                     "standard error"),
            cl::sub(compile), cl::sub(plan), cl::cat(category));

// compile.
static cl::opt<std::string>
    output("o",
           cl::desc("compile: the program, or with --compile-to the IR; data: "
                    "the directory of shards"),
           cl::value_desc("path"), cl::sub(compile), cl::sub(data),
           cl::cat(category));
static cl::opt<std::string>
    compileTo("compile-to",
              cl::desc("stop after a phase and print its IR to -o or standard "
                       "output: specialize, autodiff, step, fusion, schedule, "
                       "memory-plan, tiling, target (default: link)"),
              cl::value_desc("phase"), cl::init("link"), cl::sub(compile),
              cl::cat(category));
static cl::opt<std::string>
    dumpTo("dump-to",
           cl::desc("write the IR after each phase, LLVM IR and objects into "
                    "this directory"),
           cl::value_desc("directory"), cl::sub(compile), cl::sub(plan),
           cl::cat(category));
static cl::opt<std::string>
    remarks("remarks",
            cl::desc("print decisions of phases whose name matches, such as "
                     "fusion (default: all)"),
            cl::value_desc("regular expression"), cl::ValueOptional,
            cl::sub(compile), cl::cat(category));
static cl::opt<std::string>
    linker("linker",
           cl::desc("C++ compiler driver that links (default: $CXX, c++, "
                    "clang++-22, g++ or clang++)"),
           cl::value_desc("program"), cl::sub(compile), cl::cat(category));
static cl::opt<std::string>
    runtimeFile("runtime",
                cl::desc("the runtime to link with (default: "
                         "../lib/libllmc_runtime.a beside llmc)"),
                cl::value_desc("file"), cl::sub(compile), cl::cat(category));
static cl::opt<unsigned>
    jobs("jobs", cl::desc("threads that compile (default 0: one per core)"),
         cl::value_desc("threads"), cl::init(0), cl::sub(compile),
         cl::cat(category));

// plan.
static cl::opt<bool> json("json", cl::desc("print the whole plan as JSON"),
                          cl::sub(plan), cl::cat(category));
static cl::opt<int64_t>
    threads("threads",
            cl::desc("threads that the program will run with, each with a "
                     "workspace (default 0: one per core)"),
            cl::value_desc("threads"), cl::init(0), cl::sub(plan),
            cl::cat(category));
static cl::opt<unsigned>
    most("largest", cl::desc("tensors shown in each list (default 12)"),
         cl::value_desc("tensors"), cl::init(12), cl::sub(plan),
         cl::cat(category));

// data.
static cl::list<std::string> texts(cl::Positional, cl::desc("TEXT..."),
                                   cl::OneOrMore, cl::sub(data),
                                   cl::cat(category));
static cl::opt<double>
    heldOut("held-out",
            cl::desc("part of the text, at its end, kept for the held-out loss "
                     "(default 0.05)"),
            cl::value_desc("fraction"), cl::init(0.05), cl::sub(data),
            cl::cat(category));

int llmc::fail(const std::string &message) {
  llvm::errs() << "llmc: error: " << message << "\n";
  return 1;
}

static PipelineOptions pipelineOptions() {
  PipelineOptions options;
  options.target = target;
  options.cpu = cpu;
  options.precision = precision;
  options.batch = batch;
  if (sequence.getNumOccurrences())
    options.sequence = sequence;
  options.compileTo = compileTo;
  options.dumpTo = dumpTo;
  options.linker = linker;
  options.runtime = runtimeFile;
  options.threads = jobs;
  options.verbose = verbose;
  return options;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  for (cl::SubCommand *command : {&compile, &plan, &data})
    cl::HideUnrelatedOptions(category, *command);
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(
          argc, argv,
          "llmc: a language model becomes a program that trains it\n",
          &llvm::errs()))
    return 1;
  if (compile) {
    CompileCommand command{pipelineOptions(), model, output, remarks};
    if (remarks.getNumOccurrences() && remarks.empty())
      command.remarks = ".*";
    return runCompile(command);
  }
  if (plan)
    return runPlan({pipelineOptions(), model, json, threads, most});
  if (data) {
    if (output.empty())
      return fail("expected -o DIR: where to write the shards");
    return runData({texts, output, heldOut});
  }
  cl::PrintHelpMessage();
  return 1;
}
