//===- model_file.cpp - fuzzes IR in llmc's dialects, and first phases ----===//
//
// What can be read, prints as text that reads the same. A model then goes
// through Specialize, Autodiff and Step: whatever fails has said an error, and
// the verifier, which the passes run, has nothing to say of what succeeds.
//
//===----------------------------------------------------------------------===//

#include "FuzzSupport.h"

#include "compiler/Pipeline/Phases.h"
#include "compiler/Support/Nesting.h"
#include "dialects/Model/Model.h"

#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/MemoryBufferRef.h"
#include "llvm/Support/Regex.h"

using namespace mlir;
using namespace llmc;

// Types and attributes stay in a context for its life.
static constexpr int kInputsOfSession = 256;

static std::string print(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  module.print(os);
  return text;
}

static OwningOpRef<ModuleOp> parse(fuzz::Session &session, StringRef text) {
  session.errors = 0;
  auto module = parseSourceString<ModuleOp>(text, session.context.get());
  FUZZ_CHECK(module || session.errors);
  return module;
}

/// Of an array of elements that are no numbers MLIR 22 asks how wide they are.
static bool hasOddArray(StringRef text) {
  static const llvm::Regex number("^(i1|i8|i16|i32|i64|f32|f64)[:>]");
  for (size_t at = 0; (at = text.find("array<", at)) != StringRef::npos;)
    if (!number.match(text.substr(at += 6)))
      return true;
  return false;
}

static void run(fuzz::Session &session, StringRef text) {
  // llmc says so before it parses; nor does it say that it reads bytecode.
  if (findDeepNesting(text) || findHugeResult(text) || hasOddArray(text) ||
      isBytecode(llvm::MemoryBufferRef(text, "input")))
    return;
  OwningOpRef<ModuleOp> module = parse(session, text);
  if (!module)
    return;
  std::string once = print(*module);
  OwningOpRef<ModuleOp> again = parse(session, once);
  FUZZ_CHECK(again);
  FUZZ_CHECK(print(*again) == once);

  if (module->getOps<model::GraphOp>().empty())
    return;
  PipelineOptions options;
  options.arch = "emulated";
  options.batch = 2;
  options.sequence = 8;
  session.errors = 0;
  LogicalResult result =
      runPhases(*module, options, 0, *findPhase("distribution"));
  FUZZ_CHECK(succeeded(result) || session.errors);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static std::unique_ptr<fuzz::Session> session;
  static int inputs = 0;
  if (inputs++ % kInputsOfSession == 0)
    session = std::make_unique<fuzz::Session>();
  // With a zero behind it, as files have in memory.
  std::string text(reinterpret_cast<const char *>(data), size);
  run(*session, text);
  return 0;
}
