//===- Compile.cpp - llmc compile -----------------------------------------===//

#include "Commands.h"
#include "Source.h"
#include "compiler/Link/LinkProgram.h"
#include "compiler/Pipeline/Compiler.h"
#include "compiler/Pipeline/TargetCode.h"
#include "compiler/Pipeline/Verdict.h"

#include "mlir/IR/Remarks.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
using namespace llmc;

/// Mistakes that would otherwise show only after everything is compiled.
static LogicalResult checkOutput(const CompileCommand &command) {
  auto mistake = [&](const llvm::Twine &message) {
    fail(message.str());
    return failure();
  };
  const std::string &output = command.output;
  if (output.empty())
    return mistake("expected -o PROGRAM: where to write the program");
  if (llvm::sys::fs::is_directory(output))
    return mistake("cannot write '" + output + "': it is a directory");
  // A device would not be written to, but replaced.
  if (llvm::sys::fs::exists(output) && !llvm::sys::fs::is_regular_file(output))
    return mistake("cannot write '" + output + "': it is not a regular file");
  StringRef directory = llvm::sys::path::parent_path(output);
  if (directory.empty())
    directory = ".";
  if (!llvm::sys::fs::is_directory(directory))
    return mistake("cannot write '" + output + "': there is no directory '" +
                   directory + "'");
  if (llvm::sys::fs::access(directory, llvm::sys::fs::AccessMode::Write))
    return mistake("cannot write '" + output + "': the directory '" +
                   directory + "' is not writable");
  if (llvm::sys::fs::equivalent(output, command.model))
    return mistake("cannot write '" + output +
                   "': it is the model file; name another file with -o");
  LinkOptions options{command.pipeline.linker, command.pipeline.runtime};
  auto runtime = findRuntime(options);
  if (!runtime)
    return mistake(llvm::toString(runtime.takeError()));
  auto linker = findLinker(options);
  if (!linker)
    return mistake(llvm::toString(linker.takeError()));
  return success();
}

/// Of --emit.
static LogicalResult checkDirectory(const CompileCommand &command) {
  const std::string &output = command.output;
  if (output.empty())
    fail("expected -o DIR: where to write the kernels");
  else if (llvm::sys::fs::exists(output) &&
           !llvm::sys::fs::is_directory(output))
    fail("cannot write kernels into '" + output + "': it is not a directory");
  else
    return success();
  return failure();
}

/// What compiles kernels is there, so that nobody waits for it in vain.
static LogicalResult checkCompiler(const PipelineOptions &options) {
  if (!options.isCuda() || options.emit == "cuda")
    return success();
  llvm::Error error = checkCudaCompiler(options);
  if (!error)
    return success();
  fail(llvm::toString(std::move(error)));
  return failure();
}

static int printPhase(const CompileCommand &command, Source &source,
                      const PipelineOptions &options) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (failed(compileTo(source.module(), options, os)))
    return 1;
  if (command.output.empty()) {
    llvm::outs() << text;
    return 0;
  }
  if (llvm::sys::fs::equivalent(command.output, command.model))
    return fail("cannot write '" + command.output +
                "': it is the model file; name another file with -o");
  std::error_code code;
  llvm::ToolOutputFile file(command.output, code, llvm::sys::fs::OF_Text);
  // What an error leaves is removed, but not a device.
  if (!code && !llvm::sys::fs::is_regular_file(command.output))
    file.keep();
  if (!code) {
    file.os() << text;
    file.os().flush();
    code = file.os().error();
    file.os().clear_error();
  }
  if (code)
    return fail("cannot write '" + command.output + "': " + code.message());
  file.keep();
  return 0;
}

static LogicalResult enableRemarks(Source &source, const std::string &filter) {
  std::string message;
  if (!llvm::Regex(filter).isValid(message)) {
    fail("--remarks expects a regular expression, found '" + filter +
         "': " + message);
    return failure();
  }
  remark::RemarkCategories categories;
  categories.all = categories.passed = categories.missed = categories.analysis =
      categories.failed = filter;
  return remark::enableOptimizationRemarks(
      source.context(), nullptr,
      std::make_unique<remark::RemarkEmittingPolicyAll>(), categories,
      /*printAsEmitRemarks=*/true);
}

/// Fixes what the options leave open; an error if nothing fits.
static LogicalResult choosePolicy(ModuleOp module, PipelineOptions &options,
                                  const MemoryLimits &asked) {
  if (!needsSearch(options, asked))
    return success();
  MemoryLimits limits = withUsualBoard(asked, options);
  PolicySearch search(module, options, limits);
  search.run();
  if (const PlannedPolicy *best = search.getBest()) {
    options.adopt(best->options);
    llvm::errs() << "llmc: chose " << best->describe() << "\n";
    if (search.sparesHost())
      llvm::errs() << "llmc: " << kSparesHost << "\n";
    return success();
  }
  const PlannedPolicy *nearest = search.getNearest();
  if (!nearest) {
    // Fails again, now with what is wrong at its place.
    options.adopt(search.getConsidered().front().options);
    return success();
  }
  llvm::errs() << "llmc: error: the model ";
  printVerdict(*nearest, limits, llvm::errs());
  printAdvice(search.findAdvice(), limits, llvm::errs());
  return failure();
}

int llmc::run(const CompileCommand &command) {
  PipelineOptions options = command.pipeline;
  options.modelFile = command.model;
  if (failed(checkOptions(options)))
    return 1;
  bool emit = !options.emit.empty();
  bool wholeProgram = options.compileTo == "link";
  if (failed(chooseRanking(options, wholeProgram)))
    return 1;
  if (wholeProgram &&
      (failed(emit ? checkDirectory(command) : checkOutput(command)) ||
       failed(checkCompiler(options))))
    return 1;
  std::unique_ptr<Source> source = Source::open(command.model);
  if (!source)
    return 1;
  fillFromModel(source->module(), options);
  // Before remarks, which are about what was chosen.
  if (failed(choosePolicy(source->module(), options, command.limits)))
    return 1;
  if (!command.remarks.empty() &&
      failed(enableRemarks(*source, command.remarks)))
    return 1;
  if (!wholeProgram)
    return printPhase(command, *source, options);
  if (emit)
    return failed(emitKernels(source->module(), options, command.output));
  return failed(compileProgram(source->module(), options, command.output));
}
