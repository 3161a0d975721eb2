//===- llmc.cpp - the command line ----------------------------------------===//
//
//   llmc compile MODEL.mlir -o PROGRAM   a model file becomes a program
//   llmc plan MODEL.mlir                 what memory it will take, byte by byte
//   llmc data TEXT... -o DIR             text becomes token shards
//
//===----------------------------------------------------------------------===//

#include "OptionParsers.h"
#include "Options.h"
#include "runtime/abi/ProgramAbi.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/PrettyStackTrace.h"
#include "llvm/Support/raw_ostream.h"

#include <csignal>

namespace cl = llvm::cl;
using namespace llmc;
using llvm::SmallVector;
using llvm::StringRef;

int llmc::fail(const std::string &message) {
  llvm::errs() << "llmc: error: " << message << "\n";
  return 1;
}

/// The first mistake of what LLVM's parser printed, as one line of llmc's.
static std::string firstMistake(StringRef printed) {
  if (!wrongValue.empty())
    return wrongValue;
  SmallVector<StringRef> lines;
  printed.split(lines, '\n');
  lines[0].consume_front("llmc: ");
  std::string message = lines[0].split(".  Try: ").first.str();
  message.front() = llvm::toLower(message.front());
  // Not where only a letter is the same.
  auto quoted = [](StringRef text) {
    return text.split("'--").second.split('\'').first.split('=').first;
  };
  if (lines.size() > 1 && lines[1].consume_front("llmc: Did you mean ") &&
      quoted(lines[1]).edit_distance(quoted(message)) <=
          1 + quoted(message).size() / 4)
    message += ", did you mean " + lines[1].str();
  return message + "; llmc --help and llmc COMMAND --help list what there is";
}

int main(int argc, char **argv) {
  llvm::setBugReportMsg("llmc crashed, which is a defect of llmc: please "
                        "report it with the model file and these lines\n");
  llvm::InitLLVM init(argc, argv);
  // A limit on the size of files is an error of the writing, the linker's too.
  std::signal(SIGXFSZ, SIG_IGN);
  cl::SetVersionPrinter([](llvm::raw_ostream &os) {
    os << "llmc, programs of ABI version " << LLMC_ABI_VERSION
       << ", with LLVM " LLVM_VERSION_STRING "\n";
  });
  hideForeignOptions();
  std::string printed;
  llvm::raw_string_ostream errors(printed);
  if (!cl::ParseCommandLineOptions(
          argc, argv,
          "llmc: a language model becomes a program that trains it\n",
          &errors)) {
    // Where nothing was kept, the parser has printed its line by itself.
    if (printed.empty() && wrongValue.empty())
      return 1;
    return fail(firstMistake(printed));
  }
  std::optional<Command> command = readCommand();
  int status = 1;
  if (command)
    status = std::visit([](auto &one) { return run(one); }, *command);
  llvm::outs().flush();
  if (std::error_code code = llvm::outs().error()) {
    llvm::outs().clear_error();
    return fail("cannot write to standard output: " + code.message());
  }
  return status;
}
