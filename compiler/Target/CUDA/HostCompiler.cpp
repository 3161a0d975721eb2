//===- HostCompiler.cpp - kernels for the emulator ------------------------===//
//
// The same text that NVRTC takes, compiled for this machine: its one header is
// the emulator's here.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/HostCompiler.h"

#include "compiler/Support/Files.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <vector>

using namespace llvm;
using namespace llmc;

static Error makeError(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

static const char *const headerName = "llmc_device.h";

Expected<std::string> llmc::findEmulatorInclude() {
  std::vector<std::string> folders;
  if (auto named = sys::Process::GetEnv("LLMC_EMULATOR_INCLUDE")) {
    folders.push_back(*named);
  } else {
    static int anchor; // an address within this program
    SmallString<128> path(
        sys::path::parent_path(sys::fs::getMainExecutable(nullptr, &anchor)));
    sys::path::append(path, "..", "share", "llmc", "emulator");
    sys::path::remove_dots(path, /*remove_dot_dot=*/true);
    folders.push_back(path.str().str());
#ifdef LLMC_EMULATOR_SOURCE_INCLUDE
    folders.push_back(LLMC_EMULATOR_SOURCE_INCLUDE);
#endif
  }
  for (const std::string &folder : folders)
    if (sys::fs::exists(folder + "/" + headerName))
      return folder;
  return makeError("--arch=emulated: the emulator's header " +
                   Twine(headerName) + " is missing (looked in " +
                   join(folders, ", ") +
                   "); name its folder with LLMC_EMULATOR_INCLUDE");
}

static Expected<std::string> findHostCompiler(StringRef named) {
  if (!named.empty()) {
    if (auto path = sys::findProgramByName(named))
      return *path;
    return makeError("the compiler '" + named +
                     "' is not a program that can be run");
  }
  std::vector<std::string> names;
  if (auto fromEnvironment = sys::Process::GetEnv("CXX"))
    names.push_back(*fromEnvironment);
  for (const char *name : {"clang++-22", "clang++", "c++", "g++"})
    names.push_back(name);
  for (const std::string &name : names)
    if (auto path = sys::findProgramByName(name))
      return *path;
  return makeError("--arch=emulated: no C++ compiler found: install clang or "
                   "g++, or name one with --linker");
}

namespace {
class HostCompiler : public ImageCompiler {
public:
  HostCompiler(StringRef compiler, StringRef include, StringRef version,
               StringRef headers)
      : arguments({compiler.str(), "-std=c++17", "-O1", "-fPIC", "-shared",
                   // As exact as the text says, with any compiler.
                   "-ffp-contract=off", "-fno-strict-aliasing", "-w",
                   // Without file names: equal texts are equal images.
                   "-s", ("-I" + include).str(),
                   // Kernels call the C library only; to link no other halves
                   // the time that a kernel takes.
                   "-nostdlib", "-Wl,--no-as-needed", "-lm", "-lc"}),
        print((join(arguments, " ") + "\n" + version + "\n" + headers).str()) {}

  const std::string &fingerprint() const override { return print; }

  Expected<KernelImage> compile(StringRef symbol,
                                StringRef text) const override {
    TemporaryFiles files;
    Expected<std::string> source = files.create("kernel", "cpp");
    if (!source)
      return source.takeError();
    Expected<std::string> object = files.create("kernel", "so");
    if (!object)
      return object.takeError();
    if (std::error_code code = writeFile(*source, text))
      return makeError("cannot write '" + *source + "': " + code.message());
    std::vector<std::string> whole = arguments;
    // Read as standard input: the name of a file would get into the image.
    whole.insert(whole.end(), {"-o", *object, "-x", "c++", "-"});
    std::string log;
    if (!runProgram(whole, log, *source))
      return makeError(log);
    auto elf = MemoryBuffer::getFile(*object);
    if (!elf)
      return makeError("cannot read '" + *object +
                       "': " + elf.getError().message());
    KernelImage image;
    image.symbol = symbol.str();
    image.cubin = (*elf)->getBuffer().str();
    return image;
  }

private:
  std::vector<std::string> arguments;
  std::string print;
};
} // namespace

/// The texts of all headers in `folder`, since any may be included.
static std::string readHeaders(StringRef folder) {
  std::vector<std::string> files;
  std::error_code code;
  for (sys::fs::directory_iterator entry(folder, code), end;
       !code && entry != end; entry.increment(code))
    if (sys::path::extension(entry->path()) == ".h")
      files.push_back(entry->path());
  llvm::sort(files);
  std::string text;
  for (const std::string &file : files)
    if (auto buffer = MemoryBuffer::getFile(file))
      text += (*buffer)->getBuffer();
  return text;
}

Expected<std::unique_ptr<ImageCompiler>>
llmc::createHostCompiler(StringRef compiler) {
  Expected<std::string> include = findEmulatorInclude();
  if (!include)
    return include.takeError();
  Expected<std::string> path = findHostCompiler(compiler);
  if (!path)
    return path.takeError();
  std::string version;
  if (!runProgram({*path, "--version"}, version))
    return makeError("the compiler '" + *path + "' does not run: " + version);
  return std::make_unique<HostCompiler>(*path, *include, version,
                                        readHeaders(*include));
}
