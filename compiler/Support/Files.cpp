//===- Files.cpp - files that are written, programs that are run ----------===//

#include "compiler/Support/Files.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

std::error_code llmc::writeFile(StringRef path, StringRef bytes) {
  std::error_code code;
  raw_fd_ostream os(path, code);
  if (code)
    return code;
  os << bytes;
  os.close();
  code = os.error();
  os.clear_error();
  return code;
}

llmc::TemporaryFiles::~TemporaryFiles() {
  for (const std::string &path : paths) {
    sys::fs::remove(path);
    sys::DontRemoveFileOnSignal(path);
  }
}

Expected<std::string> llmc::TemporaryFiles::create(StringRef stem,
                                                   StringRef extension) {
  SmallString<128> path, parent;
  if (std::error_code code =
          sys::fs::createTemporaryFile("llmc-" + stem, extension, path)) {
    sys::path::system_temp_directory(/*ErasedOnReboot=*/true, parent);
    return createStringError(code, "cannot create a temporary file in '" +
                                       parent + "': " + code.message() +
                                       "; TMPDIR may name another place");
  }
  paths.push_back(path.str().str());
  sys::RemoveFileOnSignal(path);
  return paths.back();
}

Expected<std::string> llmc::TemporaryFiles::createBeside(StringRef path) {
  SmallString<128> made;
  if (std::error_code code = sys::fs::createUniqueFile(path + ".%%%%%%", made))
    return createStringError(code,
                             "cannot write '" + path + "': " + code.message());
  paths.push_back(made.str().str());
  sys::RemoveFileOnSignal(made);
  return paths.back();
}

void llmc::TemporaryFiles::keep(StringRef path) {
  llvm::erase(paths, path);
  sys::DontRemoveFileOnSignal(path);
}

bool llmc::runProgram(ArrayRef<std::string> arguments, std::string &log,
                      StringRef input) {
  TemporaryFiles files;
  Expected<std::string> file = files.create("log", "txt");
  if (!file) {
    log = toString(file.takeError());
    return false;
  }
  std::string message;
  SmallVector<StringRef> references(arguments.begin(), arguments.end());
  int status = sys::ExecuteAndWait(arguments[0], references, std::nullopt,
                                   {input, StringRef(*file), StringRef(*file)},
                                   0, 0, &message);
  if (auto text = MemoryBuffer::getFile(*file))
    log = (*text)->getBuffer().rtrim().str();
  log += message;
  return status == 0;
}
