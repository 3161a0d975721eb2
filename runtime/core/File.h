//===- File.h - mapped, checksummed and durable files ---------------------===//

#ifndef LLMC_RUNTIME_CORE_FILE_H
#define LLMC_RUNTIME_CORE_FILE_H

#include "core/Checksum.h"
#include "core/Status.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::runtime {

/// The length and checksum that a file must have.
struct FileSeal {
  int64_t bytes = 0;
  uint64_t checksum = 0;
};

/// A whole file, mapped read-only. An empty file has no mapping.
class MappedFile {
public:
  static Result<MappedFile> open(const std::string &path);
  MappedFile(MappedFile &&other) noexcept;
  MappedFile &operator=(MappedFile &&other) noexcept;
  ~MappedFile();

  const uint8_t *data() const { return begin; }
  int64_t size() const { return bytes; }
  /// The pages read so far no longer count as the program's memory; they stay
  /// readable.
  void releasePages() const;

private:
  MappedFile() = default;
  const uint8_t *begin = nullptr;
  int64_t bytes = 0;
};

/// A file open for reading at any offset, without mapping it: its pages do not
/// count as the program's memory.
class InputFile {
public:
  static Result<InputFile> open(const std::string &path);
  InputFile(InputFile &&other) noexcept;
  InputFile &operator=(InputFile &&other) noexcept;
  ~InputFile();

  int64_t size() const { return bytes; }
  const std::string &path() const { return name; }
  Status read(int64_t offset, void *data, int64_t count) const;

private:
  InputFile() = default;
  std::string name;
  int64_t bytes = 0;
  int descriptor = -1;
};

/// A file being written from its beginning; `close` makes it durable.
class OutputFile {
public:
  OutputFile() = default;
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;
  ~OutputFile();

  Status open(const std::string &path);
  Status write(const void *data, size_t bytes);
  /// Flushes to the disk and closes. Without it the contents may be lost.
  Status close();
  FileSeal seal() const { return {bytes, checksum.value()}; }

private:
  Status flushBuffer();

  std::string name;
  std::vector<uint8_t> buffer;
  Checksum checksum;
  int64_t bytes = 0;
  int descriptor = -1;
};

/// A file of known length, parts of which are written by several ranks.
class PlacedFile {
public:
  PlacedFile() = default;
  PlacedFile(const PlacedFile &) = delete;
  PlacedFile &operator=(const PlacedFile &) = delete;
  ~PlacedFile();

  /// Makes the file, with that length; those who write open it afterwards.
  static Status create(const std::string &path, int64_t bytes);
  Status open(const std::string &path);
  Status write(int64_t offset, const void *data, int64_t count);
  /// Flushes what was written here to the disk and closes.
  Status close();

private:
  std::string name;
  int descriptor = -1;
};

Result<FileSeal> sealOfFile(const std::string &path);
/// An error when the file is longer than `mostBytes`.
Result<std::string> readWholeFile(const std::string &path,
                                  int64_t mostBytes = INT64_MAX);

/// Writes beside the target, flushes, and renames over it: readers see the old
/// contents or the new, never a part. A failure leaves nothing behind.
Status writeFileAtomically(const std::string &path, std::string_view contents);

/// Makes the renames done inside `path` durable.
Status syncDirectory(const std::string &path);

Status makeDirectories(const std::string &path);
Status renamePath(const std::string &from, const std::string &to);
Status removeTree(const std::string &path);
bool pathExists(const std::string &path);

/// Names (not paths) of the entries of a directory, sorted.
Result<std::vector<std::string>> listDirectory(const std::string &path);

std::string joinPath(const std::string &directory, std::string_view name);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_CORE_FILE_H
