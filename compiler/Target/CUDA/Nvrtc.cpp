//===- Nvrtc.cpp - NVIDIA's run-time compiler, opened at run time ---------===//

#include "compiler/Target/CUDA/Nvrtc.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"

#include <dlfcn.h>

using namespace llvm;

namespace llmc {

// What is used of NVRTC's interface; its programs are opaque and its result 0
// is success.
using NvrtcProgram = void *;
#define LLMC_NVRTC_FUNCTIONS(X)                                                \
  X(Version, int (*)(int *, int *))                                            \
  X(GetErrorString, const char *(*)(int))                                      \
  X(GetNumSupportedArchs, int (*)(int *))                                      \
  X(GetSupportedArchs, int (*)(int *))                                         \
  X(CreateProgram, int (*)(NvrtcProgram *, const char *, const char *, int,    \
                           const char *const *, const char *const *))          \
  X(DestroyProgram, int (*)(NvrtcProgram *))                                   \
  X(CompileProgram, int (*)(NvrtcProgram, int, const char *const *))           \
  X(GetProgramLogSize, int (*)(NvrtcProgram, size_t *))                        \
  X(GetProgramLog, int (*)(NvrtcProgram, char *))                              \
  X(GetCUBINSize, int (*)(NvrtcProgram, size_t *))                             \
  X(GetCUBIN, int (*)(NvrtcProgram, char *))                                   \
  X(GetPTXSize, int (*)(NvrtcProgram, size_t *))                               \
  X(GetPTX, int (*)(NvrtcProgram, char *))

struct Nvrtc::Functions {
#define LLMC_MEMBER(name, ...)                                                 \
  using name##Type = __VA_ARGS__;                                              \
  name##Type name = nullptr;
  LLMC_NVRTC_FUNCTIONS(LLMC_MEMBER)
#undef LLMC_MEMBER
};

} // namespace llmc

using namespace llmc;

//===----------------------------------------------------------------------===//
// Where it may be
//===----------------------------------------------------------------------===//

static const char *const fileNames[] = {"libnvrtc.so.13", "libnvrtc.so.12",
                                        "libnvrtc.so"};

static void addDirectory(std::vector<std::string> &files,
                         const Twine &directory) {
  for (const char *name : fileNames) {
    SmallString<128> path;
    directory.toVector(path);
    sys::path::append(path, name);
    files.push_back(path.str().str());
  }
}

/// The entries of `directory` whose names begin with `prefix`, the greatest
/// first, so that newer versions win.
static std::vector<std::string> entriesOf(const Twine &directory,
                                          StringRef prefix) {
  std::vector<std::string> found;
  std::error_code code;
  for (sys::fs::directory_iterator entry(directory, code), end;
       !code && entry != end; entry.increment(code))
    if (sys::path::filename(entry->path()).starts_with(prefix))
      found.push_back(entry->path());
  llvm::sort(found, std::greater<>());
  return found;
}

/// `pip install nvidia-cuda-nvrtc` (13) and nvidia-cuda-nvrtc-cu12 put it
/// beside the packages of the Python in use.
static void addPythonPackages(std::vector<std::string> &files) {
  std::vector<std::string> prefixes;
  for (const char *variable : {"VIRTUAL_ENV", "CONDA_PREFIX"})
    if (auto value = sys::Process::GetEnv(variable))
      prefixes.push_back(*value + "/lib");
  if (auto python = sys::findProgramByName("python3"))
    prefixes.push_back(
        sys::path::parent_path(sys::path::parent_path(*python)).str() + "/lib");
  SmallString<128> home;
  if (sys::path::home_directory(home))
    prefixes.push_back(home.str().str() + "/.local/lib");
  prefixes.push_back("/usr/local/lib");
  prefixes.push_back("/usr/lib");
  for (const std::string &prefix : prefixes)
    for (const std::string &python : entriesOf(prefix, "python3"))
      for (const char *packages : {"site-packages", "dist-packages"})
        for (const char *part : {"cu13", "cuda_nvrtc"})
          addDirectory(files,
                       python + "/" + packages + "/nvidia/" + part + "/lib");
}

std::vector<std::string> Nvrtc::candidates() {
  std::vector<std::string> files;
  if (auto named = sys::Process::GetEnv("LLMC_NVRTC")) {
    if (!sys::fs::is_directory(*named))
      return {*named};
    addDirectory(files, *named);
    return files;
  }
  for (const char *variable : {"CUDA_HOME", "CUDA_PATH"})
    if (auto value = sys::Process::GetEnv(variable))
      for (const char *part : {"/lib64", "/lib"})
        addDirectory(files, *value + part);
  for (const char *name : fileNames)
    files.push_back(name);
  for (const std::string &toolkit : entriesOf("/usr/local", "cuda"))
    addDirectory(files, toolkit + "/lib64");
  addDirectory(files, "/usr/lib/x86_64-linux-gnu");
  addPythonPackages(files);
  return files;
}

//===----------------------------------------------------------------------===//
// Opening it
//===----------------------------------------------------------------------===//

static Error missing(ArrayRef<std::string> files, StringRef failure) {
  // Directories that exist at all, each once: a list a person can read.
  SmallVector<std::string> places;
  for (StringRef file : files) {
    StringRef directory = sys::path::parent_path(file);
    std::string place =
        directory.empty() ? "the loader's path" : directory.str();
    if (!is_contained(places, place) &&
        (directory.empty() || sys::fs::is_directory(directory)))
      places.push_back(place);
  }
  std::string text = "cannot compile for a GPU: NVIDIA's compiler library "
                     "libnvrtc was not found";
  if (!failure.empty())
    text = ("cannot compile for a GPU: " + failure).str();
  else
    text += " (looked in " + join(places, ", ") + ")";
  return createStringError(
      inconvertibleErrorCode(),
      text + "; install it (NVIDIA's package cuda-nvrtc-13-0, or pip install "
             "nvidia-cuda-nvrtc), or name the folder of the CUDA toolkit with "
             "CUDA_HOME or the file itself with LLMC_NVRTC; --target=cpu "
             "needs none");
}

Expected<std::unique_ptr<Nvrtc>> Nvrtc::open(ArrayRef<std::string> files) {
  void *library = nullptr;
  std::string failure, path;
  for (const std::string &file : files) {
    bool named = !sys::path::parent_path(file).empty();
    if (named && !sys::fs::exists(file))
      continue;
    if (named)
      // The library opens its second part by name only, without its folder.
      for (const std::string &part :
           entriesOf(sys::path::parent_path(file), "libnvrtc-builtins.so"))
        if (::dlopen(part.c_str(), RTLD_NOW | RTLD_GLOBAL))
          break;
    if ((library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL))) {
      path = file;
      break;
    }
    if (const char *text = ::dlerror(); named && failure.empty())
      failure = "cannot open '" + file + "': " + text;
  }
  if (!library) {
    if (failure.empty() && files.size() == 1)
      failure = "the file '" + files[0] + "' does not exist";
    return missing(files, failure);
  }

  std::unique_ptr<Nvrtc> nvrtc(new Nvrtc());
  nvrtc->functions = std::make_shared<Functions>();
  nvrtc->file = path;
  Functions &f = *nvrtc->functions;
#define LLMC_LOAD(name, ...)                                                   \
  f.name = reinterpret_cast<Functions::name##Type>(                            \
      ::dlsym(library, "nvrtc" #name));                                        \
  if (!f.name)                                                                 \
    return missing(files, "'" + path +                                         \
                              "' has no function nvrtc" #name                  \
                              ", it is too old or no libnvrtc");
  LLMC_NVRTC_FUNCTIONS(LLMC_LOAD)
#undef LLMC_LOAD

  // Where the loader found what was no path.
  ::Dl_info info;
  if (::dladdr(reinterpret_cast<void *>(f.Version), &info) && info.dli_fname)
    nvrtc->file = info.dli_fname;

  int major = 0, minor = 0, count = 0;
  f.Version(&major, &minor);
  nvrtc->number = 1000 * major + 10 * minor;
  if (f.GetNumSupportedArchs(&count) == 0 && count > 0) {
    nvrtc->supported.resize(count);
    f.GetSupportedArchs(nvrtc->supported.data());
  }
  return nvrtc;
}

Expected<const Nvrtc *> Nvrtc::get() {
  static std::string failure;
  static const std::unique_ptr<Nvrtc> nvrtc = []() -> std::unique_ptr<Nvrtc> {
    Expected<std::unique_ptr<Nvrtc>> opened = open(candidates());
    if (opened)
      return std::move(*opened);
    failure = toString(opened.takeError());
    return nullptr;
  }();
  if (!nvrtc)
    return createStringError(inconvertibleErrorCode(), failure);
  return nvrtc.get();
}

std::string Nvrtc::versionText() const {
  return formatv("{0}.{1}", number / 1000, number % 1000 / 10);
}

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

/// NVRTC counts the 0 at the end of texts.
static void dropZero(std::string &text) {
  if (!text.empty() && text.back() == '\0')
    text.pop_back();
}

Nvrtc::Result Nvrtc::compile(StringRef name, StringRef text,
                             StringRef headerName, StringRef header,
                             ArrayRef<std::string> options) const {
  const Functions &f = *functions;
  std::string nameText = name.str(), sourceText = text.str(),
              headerNameText = headerName.str(), headerText = header.str();
  const char *headers[] = {headerText.c_str()};
  const char *names[] = {headerNameText.c_str()};
  SmallVector<const char *> arguments;
  for (const std::string &option : options)
    arguments.push_back(option.c_str());

  Result result;
  NvrtcProgram program = nullptr;
  int status = f.CreateProgram(&program, sourceText.c_str(), nameText.c_str(),
                               1, headers, names);
  if (status != 0) {
    result.log = f.GetErrorString(status);
    return result;
  }
  status = f.CompileProgram(program, arguments.size(), arguments.data());
  auto read = [&](auto size, auto get, std::string &into) {
    size_t bytes = 0;
    if (size(program, &bytes) != 0)
      return false;
    into.resize(bytes);
    return bytes == 0 || get(program, into.data()) == 0;
  };
  bool hasLog = read(f.GetProgramLogSize, f.GetProgramLog, result.log);
  dropZero(result.log);
  if (status != 0) {
    if (!hasLog || result.log.empty())
      result.log = f.GetErrorString(status);
  } else if (read(f.GetCUBINSize, f.GetCUBIN, result.cubin) &&
             read(f.GetPTXSize, f.GetPTX, result.ptx) &&
             !result.cubin.empty()) {
    dropZero(result.ptx);
    result.succeeded = true;
  } else {
    result.log += "\nlibnvrtc compiled it, but returned no GPU code";
  }
  f.DestroyProgram(&program);
  return result;
}

/// The first version that knows --minimal: 12.4.
static constexpr int kMinimalVersion = 12040;

namespace {
class NvrtcCompiler : public ImageCompiler {
public:
  NvrtcCompiler(const Nvrtc &nvrtc, StringRef arch, StringRef header)
      : nvrtc(nvrtc), header(header.str()),
        // One compile yields both: PTX is what the cubin was made of.
        options({("--gpu-architecture=" + arch).str(), "--std=c++17",
                 "--fmad=true", "--ptxas-options=-v"}) {
    // Kernels use nothing of the runtime's types, whose declarations take a
    // fifth of the time of a small one.
    if (nvrtc.version() >= kMinimalVersion)
      options.push_back("--minimal");
    // The library's size tells versions apart that only differ in the third
    // number, which it does not report.
    uint64_t bytes = 0;
    sys::fs::file_size(nvrtc.path(), bytes);
    print = formatv("nvrtc {0} {1}\n{2}\n{3}\n", nvrtc.versionText(), bytes,
                    join(options, " "), this->header);
  }

  const std::string &fingerprint() const override { return print; }

  Expected<KernelImage> compile(StringRef symbol,
                                StringRef text) const override {
    Nvrtc::Result result = nvrtc.compile((symbol + ".cu").str(), text,
                                         "llmc_device.h", header, options);
    if (!result.succeeded)
      return createStringError(inconvertibleErrorCode(), result.log);
    KernelImage image;
    image.symbol = symbol.str();
    image.cubin = std::move(result.cubin);
    image.ptx = std::move(result.ptx);
    if (auto resources = parseResourceReport(result.log, symbol))
      image.resources = *resources;
    return image;
  }

private:
  const Nvrtc &nvrtc;
  std::string header;
  std::vector<std::string> options;
  std::string print;
};
} // namespace

Expected<std::unique_ptr<ImageCompiler>>
llmc::createNvrtcCompiler(StringRef arch, StringRef deviceHeader) {
  Expected<const Nvrtc *> nvrtc = Nvrtc::get();
  if (!nvrtc)
    return nvrtc.takeError();
  int capability = 0;
  arch.drop_front(3).getAsInteger(10, capability);
  const std::vector<int> &known = (*nvrtc)->architectures();
  if (!known.empty() && !is_contained(known, capability)) {
    std::string names;
    for (int number : known)
      names += (names.empty() ? "sm_" : ", sm_") + std::to_string(number);
    return createStringError(
        inconvertibleErrorCode(),
        formatv("--arch={0}: libnvrtc {1} ('{2}') does not know it, but {3}; "
                "install a newer one and name it with LLMC_NVRTC",
                arch, (*nvrtc)->versionText(), (*nvrtc)->path(), names)
            .str());
  }
  return std::make_unique<NvrtcCompiler>(**nvrtc, arch, deviceHeader);
}
