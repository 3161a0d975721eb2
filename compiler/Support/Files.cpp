//===- Files.cpp - files that are written, programs that are run ----------===//

#include "compiler/Support/Files.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
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

llmc::TemporaryDirectory::~TemporaryDirectory() {
  if (!path.empty())
    sys::fs::remove_directories(path);
}

std::error_code llmc::TemporaryDirectory::create() {
  return sys::fs::createUniqueDirectory("llmc", path);
}

std::string llmc::TemporaryDirectory::file(const Twine &name) const {
  SmallString<128> whole(path);
  sys::path::append(whole, name);
  return whole.str().str();
}

bool llmc::runProgram(ArrayRef<std::string> arguments, std::string &log) {
  TemporaryDirectory directory;
  if (std::error_code code = directory.create()) {
    log = "cannot create a temporary directory: " + code.message();
    return false;
  }
  std::string file = directory.file("log"), message;
  SmallVector<StringRef> references(arguments.begin(), arguments.end());
  int status = sys::ExecuteAndWait(
      arguments[0], references, std::nullopt,
      {StringRef(""), StringRef(file), StringRef(file)}, 0, 0, &message);
  if (auto text = MemoryBuffer::getFile(file))
    log = (*text)->getBuffer().rtrim().str();
  log += message;
  return status == 0;
}
