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

Error llmc::TemporaryDirectory::create() {
  std::error_code code = sys::fs::createUniqueDirectory("llmc", path);
  if (!code)
    return Error::success();
  SmallString<128> parent;
  sys::path::system_temp_directory(/*ErasedOnReboot=*/true, parent);
  return createStringError(code, "cannot create a temporary directory in '" +
                                     parent + "': " + code.message() +
                                     "; TMPDIR may name another place");
}

std::string llmc::TemporaryDirectory::file(const Twine &name) const {
  SmallString<128> whole(path);
  sys::path::append(whole, name);
  return whole.str().str();
}

bool llmc::runProgram(ArrayRef<std::string> arguments, std::string &log) {
  TemporaryDirectory directory;
  if (Error error = directory.create()) {
    log = toString(std::move(error));
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
