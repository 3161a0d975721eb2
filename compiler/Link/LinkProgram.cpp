//===- LinkProgram.cpp - objects and the runtime become an executable -----===//
//
// The linker is a C++ compiler driver, since it alone knows where this system
// keeps its start-up files and its standard library. The latter is linked
// statically: a program needs libc and libm only.
//
//===----------------------------------------------------------------------===//

#include "compiler/Link/LinkProgram.h"

#include "compiler/Support/Files.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

using namespace llvm;

static Error makeError(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

static Error makeFileError(StringRef what, StringRef path,
                           std::error_code code) {
  return makeError("cannot " + what + " '" + path + "': " + code.message());
}

Expected<std::string> llmc::findRuntime(const LinkOptions &options) {
  if (!options.runtime.empty()) {
    if (sys::fs::exists(options.runtime))
      return options.runtime;
    return makeError("the runtime '" + options.runtime + "' does not exist");
  }
  static int anchor; // an address within this program
  std::string program = sys::fs::getMainExecutable(nullptr, &anchor);
  SmallString<128> path(sys::path::parent_path(program));
  sys::path::append(path, "..", "lib", "libllmc_runtime.a");
  sys::path::remove_dots(path, /*remove_dot_dot=*/true);
  if (sys::fs::exists(path))
    return path.str().str();
  return makeError("the runtime is missing: expected it at '" + path +
                   "'; build the target llmc_runtime, or name the file with "
                   "--runtime");
}

Expected<std::string> llmc::findLinker(const LinkOptions &options) {
  if (!options.linker.empty()) {
    if (auto path = sys::findProgramByName(options.linker))
      return *path;
    return makeError("the linker '" + options.linker +
                     "' is not a program that can be run");
  }
  SmallVector<StringRef> names;
  if (const char *fromEnvironment = std::getenv("CXX"))
    names.push_back(fromEnvironment);
  names.append({"c++", "clang++-22", "g++", "clang++"});
  for (StringRef name : names)
    if (auto path = sys::findProgramByName(name))
      return *path;
  return makeError("no C++ compiler driver found to link with: install g++ or "
                   "clang, or name one with --linker");
}

Expected<std::vector<std::string>> llmc::findLinkArguments(StringRef runtime) {
  SmallString<128> path(runtime);
  sys::path::replace_extension(path, ".link");
  std::vector<std::string> arguments;
  if (!sys::fs::exists(path))
    return arguments;
  auto text = MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!text)
    return makeFileError("read", path, text.getError());
  SmallVector<StringRef> lines;
  (*text)->getBuffer().split(lines, '\n', /*MaxSplit=*/-1,
                             /*KeepEmpty=*/false);
  for (StringRef line : lines)
    arguments.push_back(line.str());
  return arguments;
}

Error llmc::linkProgram(ArrayRef<std::unique_ptr<MemoryBuffer>> objects,
                        StringRef output, const LinkOptions &options) {
  Expected<std::string> runtime = findRuntime(options);
  if (!runtime)
    return runtime.takeError();
  auto needed = findLinkArguments(*runtime);
  if (!needed)
    return needed.takeError();
  Expected<std::string> linker = findLinker(options);
  if (!linker)
    return linker.takeError();

  TemporaryFiles files;
  std::vector<std::string> arguments = {*linker};
  for (const std::unique_ptr<MemoryBuffer> &object : objects) {
    Expected<std::string> path = files.create("object", "o");
    if (!path)
      return path.takeError();
    if (std::error_code code = writeFile(*path, object->getBuffer()))
      return makeFileError("write", *path, code);
    arguments.push_back(*path);
  }

  // Linked beside its final place, so that renaming is atomic.
  Expected<std::string> program = files.createBeside(output);
  if (!program)
    return program.takeError();
  for (StringRef argument :
       {StringRef(*runtime), StringRef("-o"), StringRef(*program),
        StringRef("-static-libstdc++"), StringRef("-static-libgcc"),
        StringRef("-pthread"), StringRef("-lm"), StringRef("-ldl"),
        StringRef("-Wl,--gc-sections")})
    arguments.push_back(argument.str());
  arguments.insert(arguments.end(), needed->begin(), needed->end());

  std::string log;
  if (!runProgram(arguments, log))
    return makeError("linking with '" + *linker + "' failed:\n" + log);
  sys::fs::setPermissions(*program, sys::fs::perms(0755));
  if (std::error_code code = sys::fs::rename(*program, output))
    return makeFileError("write", output, code);
  files.keep(*program);
  return Error::success();
}
