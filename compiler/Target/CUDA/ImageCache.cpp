//===- ImageCache.cpp - images kept between compilations ------------------===//
//
// One file an image: a line that names the format, the SHA-256 of all that
// follows, the five numbers of KernelResources, three lengths, and the bytes
// of symbol, cubin and PTX. A file's time of change is that of its last use.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/ImageCache.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/EndianStream.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"

#include <vector>

using namespace llvm;
using namespace llmc;

static constexpr StringLiteral firstLine = "llmc image 1\n";
static constexpr StringLiteral suffix = ".image";
static constexpr size_t digestDigits = 64;

static std::string digest(ArrayRef<StringRef> parts) {
  SHA256 hash;
  for (StringRef part : parts) {
    // Lengths keep parts apart.
    char length[8];
    support::endian::write64le(length, part.size());
    hash.update(StringRef(length, sizeof(length)));
    hash.update(part);
  }
  return toHex(hash.final(), /*LowerCase=*/true);
}

std::string ImageCache::keyOf(StringRef fingerprint, StringRef text) {
  return digest({fingerprint, text});
}

std::string ImageCache::defaultDirectory() {
  SmallString<128> path;
  if (auto base = sys::Process::GetEnv("XDG_CACHE_HOME");
      base && !base->empty())
    path = *base;
  else if (sys::path::home_directory(path))
    sys::path::append(path, ".cache");
  else
    return "";
  sys::path::append(path, "llmc");
  return path.str().str();
}

ImageCache::ImageCache(StringRef directory, uint64_t limit)
    : directory(directory.str()), limit(limit) {}

std::string ImageCache::fileOf(StringRef key) const {
  SmallString<128> path(directory);
  sys::path::append(path, key + suffix);
  return path.str().str();
}

void ImageCache::warn(std::error_code code) {
  // A command opens the cache more than once, and needs to hear it once.
  static std::once_flag warned;
  std::call_once(warned, [&] {
    errs() << "llmc: warning: cannot write to the cache '" << directory
           << "': " << code.message()
           << "; kernels are compiled anew each time (--cache=DIR names "
              "another directory)\n";
  });
}

//===----------------------------------------------------------------------===//
// Entries as bytes
//===----------------------------------------------------------------------===//

static std::string encode(const KernelImage &image) {
  std::string body;
  raw_string_ostream os(body);
  support::endian::Writer writer(os, endianness::little);
  const KernelResources &r = image.resources;
  for (int number :
       {r.registers, r.spillStores, r.spillLoads, r.staticShared, r.stackFrame})
    writer.write<int32_t>(number);
  for (const std::string *part : {&image.symbol, &image.cubin, &image.ptx})
    writer.write<uint64_t>(part->size());
  os << image.symbol << image.cubin << image.ptx;
  return (firstLine + digest({body}) + body).str();
}

static std::optional<KernelImage> decode(StringRef bytes) {
  if (!bytes.consume_front(firstLine) || bytes.size() < digestDigits)
    return std::nullopt;
  StringRef expected = bytes.take_front(digestDigits);
  bytes = bytes.drop_front(digestDigits);
  constexpr size_t head = 5 * sizeof(int32_t) + 3 * sizeof(uint64_t);
  if (bytes.size() < head || digest({bytes}) != expected)
    return std::nullopt;
  // What has the right digest was written whole, lengths included.
  const char *at = bytes.data();
  KernelImage image;
  KernelResources &r = image.resources;
  for (int *number : {&r.registers, &r.spillStores, &r.spillLoads,
                      &r.staticShared, &r.stackFrame}) {
    *number = support::endian::read32le(at);
    at += sizeof(int32_t);
  }
  StringRef rest = bytes.drop_front(head);
  for (std::string *part : {&image.symbol, &image.cubin, &image.ptx}) {
    size_t length = support::endian::read64le(at);
    at += sizeof(uint64_t);
    *part = rest.take_front(length).str();
    rest = rest.drop_front(length);
  }
  return image;
}

//===----------------------------------------------------------------------===//
// Entries as files
//===----------------------------------------------------------------------===//

std::optional<KernelImage> ImageCache::find(StringRef key) {
  if (directory.empty())
    return std::nullopt;
  Expected<sys::fs::file_t> file = sys::fs::openNativeFileForRead(fileOf(key));
  if (!file) {
    consumeError(file.takeError());
    return std::nullopt;
  }
  std::optional<KernelImage> image;
  if (auto buffer = MemoryBuffer::getOpenFile(*file, key, /*FileSize=*/-1,
                                              /*RequiresNullTerminator=*/false))
    image = decode((*buffer)->getBuffer());
  if (image)
    // Without the right to do so the entry only looks older.
    (void)sys::fs::setLastAccessAndModificationTime(
        *file, std::chrono::system_clock::now());
  sys::fs::closeFile(*file);
  return image;
}

void ImageCache::store(StringRef key, const KernelImage &image) {
  if (directory.empty())
    return;
  std::call_once(created, [&] {
    if (std::error_code code = sys::fs::create_directories(directory)) {
      usable = false;
      warn(code);
    }
  });
  if (!usable)
    return;
  std::string path = fileOf(key);
  Expected<sys::fs::TempFile> file =
      sys::fs::TempFile::create(path + ".%%%%%%");
  if (!file)
    return warn(errorToErrorCode(file.takeError()));
  raw_fd_ostream os(file->FD, /*shouldClose=*/false);
  os << encode(image);
  os.flush();
  std::error_code code = os.error();
  os.clear_error();
  if (code) {
    consumeError(file->discard());
    return warn(code);
  }
  if (Error error = file->keep(path))
    warn(errorToErrorCode(std::move(error)));
}

void ImageCache::trim() {
  if (directory.empty())
    return;
  struct Entry {
    std::string path;
    sys::TimePoint<> used;
    uint64_t bytes;
  };
  std::vector<Entry> entries;
  uint64_t total = 0;
  std::error_code code;
  for (sys::fs::directory_iterator entry(directory, code), end;
       !code && entry != end; entry.increment(code)) {
    // Files that were never finished are named after their entries, too;
    // others are not the cache's.
    StringRef name = sys::path::filename(entry->path());
    sys::fs::file_status status;
    if (name.size() < digestDigits + suffix.size() ||
        !name.drop_front(digestDigits).starts_with(suffix) ||
        !all_of(name.take_front(digestDigits), isHexDigit) ||
        sys::fs::status(entry->path(), status))
      continue;
    entries.push_back(
        {entry->path(), status.getLastModificationTime(), status.getSize()});
    total += status.getSize();
  }
  llvm::sort(entries, [](const Entry &a, const Entry &b) {
    return std::tie(a.used, a.path) < std::tie(b.used, b.path);
  });
  for (const Entry &entry : entries) {
    if (total <= limit)
      return;
    if (!sys::fs::remove(entry.path))
      total -= entry.bytes;
  }
}
