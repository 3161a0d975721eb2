//===- ImageCache.h - images kept between compilations --------------------===//

#ifndef LLMC_COMPILER_TARGET_CUDA_IMAGECACHE_H
#define LLMC_COMPILER_TARGET_CUDA_IMAGECACHE_H

#include "compiler/Target/CUDA/ImageCompiler.h"

#include "llvm/ADT/StringMap.h"

#include <mutex>
#include <optional>

namespace llmc {

/// A directory of images by the content that they were compiled from. Many
/// threads and many processes may use one: entries appear whole, and one that
/// is damaged counts as missing. What fails costs time, never the compilation:
/// it is a warning, once.
class ImageCache {
public:
  static constexpr uint64_t defaultLimit = uint64_t(512) << 20;

  /// $XDG_CACHE_HOME/llmc or ~/.cache/llmc; empty if neither is known.
  static std::string defaultDirectory();

  /// Empty `directory`: no cache. trim() keeps it below `limit` bytes.
  explicit ImageCache(llvm::StringRef directory, uint64_t limit = defaultLimit);

  /// The key, 64 digits, of an image of `text` made by a compiler with this
  /// fingerprint.
  static std::string keyOf(llvm::StringRef fingerprint, llvm::StringRef text);

  std::optional<KernelImage> find(llvm::StringRef key);
  void store(llvm::StringRef key, const KernelImage &image);

  /// Drops the entries that were used least recently.
  void trim();

private:
  std::string fileOf(llvm::StringRef key) const;
  void warn(std::error_code code);

  std::string directory;
  uint64_t limit;
  std::once_flag created;
  bool usable = true;
};

/// The images that one command has compiled, whatever the cache is, so that it
/// compiles none of them twice. Used by many threads.
class ImageMemory {
public:
  std::optional<KernelImage> find(llvm::StringRef key) {
    std::lock_guard<std::mutex> lock(mutex);
    auto image = images.find(key);
    if (image == images.end())
      return std::nullopt;
    return image->second;
  }
  void store(llvm::StringRef key, const KernelImage &image) {
    std::lock_guard<std::mutex> lock(mutex);
    images[key] = image;
  }

private:
  std::mutex mutex;
  llvm::StringMap<KernelImage> images;
};

} // namespace llmc

#endif
