//===- CompileImages.cpp - CUDA C++ becomes GPU code ----------------------===//
//
//   linear_0: // m.mlir:3     linear_1: // m.mlir:9
//   void linear_0(...) {A}    void linear_1(...) {A}     ->  linear_5be1f2a0
//
// An image's kernel is named after the first kernel that needs it, without its
// number, and its text: the image does not depend on what another model left in
// the cache, and a model with a kernel more finds all others there.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/CompileImages.h"

#include "compiler/Target/CUDA/HostCompiler.h"
#include "compiler/Target/CUDA/ImageCache.h"
#include "compiler/Target/CUDA/Nvrtc.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/raw_ostream.h"

#include <atomic>
#include <chrono>
#include <numeric>
#include <optional>

using namespace llvm;
using namespace llmc;

std::string KernelImages::summary() const {
  return formatv("{0} kernels, {1} distinct, {2} compiled, {3} cached, "
                 "{4:F1} s",
                 imageOf.size(), images.size(), compiled, cached, seconds);
}

Expected<int> llmc::parseArch(StringRef arch) {
  if (arch == "emulated")
    return 0;
  int number = 0;
  StringRef digits = arch;
  // What mma on bf16 and cp.async need. Whether libnvrtc knows it, it says.
  if (digits.consume_front("sm_") && !digits.getAsInteger(10, number) &&
      number >= 80)
    return number;
  return createStringError(
      inconvertibleErrorCode(),
      "--arch=" + arch +
          ": expected sm_80 or a newer GPU, which have tensor cores for bf16 "
          "and asynchronous copies, or emulated");
}

static Expected<std::unique_ptr<ImageCompiler>>
createCompiler(const ImageOptions &options) {
  Expected<int> capability = parseArch(options.arch);
  if (!capability)
    return capability.takeError();
  if (*capability == 0)
    return createHostCompiler(options.compiler);
  return createNvrtcCompiler(options.arch, options.deviceHeader);
}

Error llmc::checkImageCompiler(const ImageOptions &options) {
  return createCompiler(options).takeError();
}

//===----------------------------------------------------------------------===//
// Equal texts
//===----------------------------------------------------------------------===//

/// Splits the comment lines off that `text` begins with.
static StringRef takeComments(StringRef &text) {
  StringRef rest = text;
  while (rest.ltrim().starts_with("//"))
    rest = rest.split('\n').second;
  StringRef comments = text.drop_back(rest.size());
  text = rest;
  return comments;
}

/// Replaces the identifier `from`.
static std::string rename(StringRef text, StringRef from, StringRef to) {
  auto isWord = [](char c) { return isAlnum(c) || c == '_'; };
  std::string result;
  while (true) {
    size_t at = text.find(from);
    if (at == StringRef::npos)
      return result + text.str();
    size_t end = at + from.size();
    char before = at > 0 ? text[at - 1] : result.empty() ? ' ' : result.back();
    bool whole = !isWord(before) && (end == text.size() || !isWord(text[end]));
    result += text.take_front(at);
    result += whole ? to : from;
    text = text.drop_front(end);
  }
}

/// "linear_weight_grad_first" of linear_weight_grad_14_first.
static std::string withoutNumbers(StringRef symbol) {
  SmallVector<StringRef> words, kept;
  symbol.split(words, '_');
  copy_if(words, std::back_inserter(kept), [](StringRef word) {
    return word.empty() || !all_of(word, isDigit);
  });
  return join(kept, "_");
}

namespace {
/// What is compiled for one or more sources.
struct DistinctKernel {
  unsigned firstSource;
  std::string symbol, text;
};
} // namespace

static std::vector<DistinctKernel>
findDistinct(ArrayRef<KernelSource> sources, std::vector<unsigned> &imageOf) {
  std::vector<DistinctKernel> distinct;
  StringMap<unsigned> numbers;
  for (auto [index, source] : enumerate(sources)) {
    StringRef body = source.text;
    takeComments(body);
    std::string nameless = rename(body, source.symbol, "llmc_this_kernel");
    auto [entry, isNew] = numbers.try_emplace(nameless, distinct.size());
    imageOf.push_back(entry->second);
    if (!isNew)
      continue;
    SHA256 hash;
    hash.update(nameless);
    std::string symbol = withoutNumbers(source.symbol) + "_" +
                         toHex(hash.final(), /*LowerCase=*/true).substr(0, 8);
    distinct.push_back({static_cast<unsigned>(index), symbol,
                        rename(nameless, "llmc_this_kernel", symbol)});
  }
  return distinct;
}

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

/// What the compiler did not take is a defect of llmc: keeps the text for the
/// report.
static Error internalError(const KernelSource &source,
                           const DistinctKernel &kernel, StringRef log) {
  StringRef body = source.text;
  StringRef comment = takeComments(body).split('\n').first.trim();
  comment.consume_front("//");
  std::string where = comment.trim().str();
  std::string message =
      formatv("internal error: kernel '{0}'{1} did not compile", source.symbol,
              where.empty() ? "" : " (" + where + ")");
  SmallString<128> path;
  int descriptor;
  std::error_code code = sys::fs::createTemporaryFile("llmc-" + source.symbol,
                                                      "cu", descriptor, path);
  if (!code) {
    raw_fd_ostream os(descriptor, /*shouldClose=*/true);
    os << kernel.text;
    os.close();
    code = os.error();
    os.clear_error();
  }
  if (!code)
    message += "; please report it with its text, '" + path.str().str() + "'";
  return createStringError(inconvertibleErrorCode(),
                           message + "\n" + log.rtrim());
}

Expected<KernelImages> llmc::compileImages(ArrayRef<KernelSource> sources,
                                           const ImageOptions &options) {
  auto start = std::chrono::steady_clock::now();
  Expected<std::unique_ptr<ImageCompiler>> compiler = createCompiler(options);
  if (!compiler)
    return compiler.takeError();

  KernelImages result;
  std::vector<DistinctKernel> distinct = findDistinct(sources, result.imageOf);
  result.images.resize(distinct.size());
  // The longest first, so that no core waits for a long one at the end.
  std::vector<unsigned> order(distinct.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](unsigned a, unsigned b) {
    return std::make_pair(distinct[b].text.size(), a) <
           std::make_pair(distinct[a].text.size(), b);
  });

  std::string directory = options.cacheDirectory;
  if (directory.empty())
    directory = ImageCache::defaultDirectory();
  ImageCache cache(options.useCache ? directory : "");
  std::vector<std::optional<std::string>> failures(distinct.size());
  std::atomic<unsigned> compiled = 0, cached = 0;
  {
    DefaultThreadPool pool(hardware_concurrency(options.threads));
    for (unsigned index : order)
      pool.async([&, index] {
        const DistinctKernel &kernel = distinct[index];
        std::string key =
            ImageCache::keyOf((*compiler)->fingerprint(), kernel.text);
        std::optional<KernelImage> known;
        if (options.memory)
          known = options.memory->find(key);
        if (!known && (known = cache.find(key)) && options.memory)
          options.memory->store(key, *known);
        if (known) {
          result.images[index] = std::move(*known);
          ++cached;
          return;
        }
        Expected<KernelImage> image =
            (*compiler)->compile(kernel.symbol, kernel.text);
        if (!image) {
          failures[index] = toString(image.takeError());
          return;
        }
        cache.store(key, *image);
        if (options.memory)
          options.memory->store(key, *image);
        result.images[index] = std::move(*image);
        ++compiled;
      });
    pool.wait();
  }
  for (auto [index, log] : enumerate(failures))
    if (log)
      return internalError(sources[distinct[index].firstSource],
                           distinct[index], *log);
  result.compiled = compiled;
  result.cached = cached;
  if (result.compiled > 0)
    cache.trim();
  result.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  return result;
}
