//===- File.cpp - mapped, checksummed and durable files -------------------===//

#include "core/File.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace llmc::runtime {
namespace {

Status systemError(std::string_view action, const std::string &path) {
  return Status::error("cannot {} {}: {}", action, path, std::strerror(errno));
}

/// Opens a regular file for reading and finds its length.
Status openForReading(const std::string &path, int &descriptor,
                      int64_t &bytes) {
  // Without waiting for the other end of what turns out to be a pipe.
  int opened = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (opened < 0)
    return systemError("read", path);
  struct stat info;
  if (::fstat(opened, &info) != 0) {
    Status status = systemError("read", path);
    ::close(opened);
    return status;
  }
  if (!S_ISREG(info.st_mode)) {
    ::close(opened);
    return Status::error("cannot read {}: it is not a regular file", path);
  }
  descriptor = opened;
  bytes = info.st_size;
  return Status::ok();
}

} // namespace

Result<MappedFile> MappedFile::open(const std::string &path) {
  int descriptor = -1;
  MappedFile file;
  LLMC_TRY(openForReading(path, descriptor, file.bytes));
  if (file.bytes > 0) {
    void *mapped = ::mmap(nullptr, static_cast<size_t>(file.bytes), PROT_READ,
                          MAP_SHARED, descriptor, 0);
    if (mapped == MAP_FAILED) {
      file.bytes = 0;
      Status status = systemError("map", path);
      ::close(descriptor);
      return status;
    }
    file.begin = static_cast<const uint8_t *>(mapped);
  }
  ::close(descriptor);
  return file;
}

MappedFile::MappedFile(MappedFile &&other) noexcept
    : begin(std::exchange(other.begin, nullptr)),
      bytes(std::exchange(other.bytes, 0)) {}

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
  std::swap(begin, other.begin);
  std::swap(bytes, other.bytes);
  return *this;
}

MappedFile::~MappedFile() {
  if (begin)
    ::munmap(const_cast<uint8_t *>(begin), static_cast<size_t>(bytes));
}

void MappedFile::releasePages() const {
  // Advice only: where it is not taken, nothing is lost but memory.
  if (begin)
    ::madvise(const_cast<uint8_t *>(begin), static_cast<size_t>(bytes),
              MADV_DONTNEED);
}

Result<InputFile> InputFile::open(const std::string &path) {
  InputFile file;
  file.name = path;
  LLMC_TRY(openForReading(path, file.descriptor, file.bytes));
  return file;
}

InputFile::InputFile(InputFile &&other) noexcept
    : name(std::move(other.name)), bytes(other.bytes),
      descriptor(std::exchange(other.descriptor, -1)) {}

InputFile &InputFile::operator=(InputFile &&other) noexcept {
  std::swap(name, other.name);
  std::swap(bytes, other.bytes);
  std::swap(descriptor, other.descriptor);
  return *this;
}

InputFile::~InputFile() {
  if (descriptor >= 0)
    ::close(descriptor);
}

Status InputFile::read(int64_t offset, void *data, int64_t count) const {
  auto *next = static_cast<uint8_t *>(data);
  while (count > 0) {
    ssize_t got = ::pread(descriptor, next, static_cast<size_t>(count), offset);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return systemError("read", name);
    if (got == 0)
      return Status::error("{}: the file ends at byte {}, {} more expected",
                           name, offset, count);
    next += got;
    offset += got;
    count -= got;
  }
  return Status::ok();
}

OutputFile::~OutputFile() {
  if (descriptor >= 0)
    ::close(descriptor);
}

Status OutputFile::open(const std::string &path) {
  name = path;
  descriptor =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0)
    return systemError("write", path);
  return Status::ok();
}

Status OutputFile::write(const void *data, size_t count) {
  constexpr size_t bufferBytes = size_t(1) << 17;
  checksum.add(data, count);
  bytes += static_cast<int64_t>(count);
  const auto *next = static_cast<const uint8_t *>(data);
  buffer.insert(buffer.end(), next, next + count);
  return buffer.size() >= bufferBytes ? flushBuffer() : Status::ok();
}

Status OutputFile::flushBuffer() {
  size_t done = 0;
  while (done < buffer.size()) {
    ssize_t put =
        ::write(descriptor, buffer.data() + done, buffer.size() - done);
    if (put < 0 && errno == EINTR)
      continue;
    if (put < 0)
      return systemError("write", name);
    done += static_cast<size_t>(put);
  }
  buffer.clear();
  return Status::ok();
}

Status OutputFile::close() {
  LLMC_TRY(flushBuffer());
  if (::fsync(descriptor) != 0)
    return systemError("flush", name);
  if (::close(std::exchange(descriptor, -1)) != 0)
    return systemError("close", name);
  return Status::ok();
}

PlacedFile::~PlacedFile() {
  if (descriptor >= 0)
    ::close(descriptor);
}

Status PlacedFile::create(const std::string &path, int64_t bytes) {
  PlacedFile file;
  file.descriptor =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file.descriptor < 0 ||
      ::ftruncate(file.descriptor, static_cast<off_t>(bytes)) != 0)
    return systemError("write", path);
  return Status::ok();
}

Status PlacedFile::open(const std::string &path) {
  name = path;
  descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  return descriptor < 0 ? systemError("write", path) : Status::ok();
}

Status PlacedFile::write(int64_t offset, const void *data, int64_t count) {
  const auto *next = static_cast<const uint8_t *>(data);
  while (count > 0) {
    ssize_t put = ::pwrite(descriptor, next, static_cast<size_t>(count),
                           static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR)
      continue;
    if (put < 0)
      return systemError("write", name);
    next += put;
    offset += put;
    count -= put;
  }
  return Status::ok();
}

Status PlacedFile::close() {
  if (::fsync(descriptor) != 0)
    return systemError("flush", name);
  if (::close(std::exchange(descriptor, -1)) != 0)
    return systemError("close", name);
  return Status::ok();
}

Result<FileSeal> sealOfFile(const std::string &path) {
  Result<InputFile> file = InputFile::open(path);
  if (!file.isOk())
    return file.status();
  std::vector<uint8_t> chunk(size_t(1) << 17);
  Checksum checksum;
  for (int64_t offset = 0; offset < file->size();) {
    int64_t count =
        std::min(static_cast<int64_t>(chunk.size()), file->size() - offset);
    LLMC_TRY(file->read(offset, chunk.data(), count));
    checksum.add(chunk.data(), static_cast<size_t>(count));
    offset += count;
  }
  return FileSeal{file->size(), checksum.value()};
}

Result<std::string> readWholeFile(const std::string &path, int64_t mostBytes) {
  Result<InputFile> file = InputFile::open(path);
  if (!file.isOk())
    return file.status();
  if (file->size() > mostBytes)
    return Status::error("{} has {} bytes, expected at most {}", path,
                         file->size(), mostBytes);
  std::string contents(static_cast<size_t>(file->size()), '\0');
  LLMC_TRY(file->read(0, contents.data(), file->size()));
  return contents;
}

Status writeFileAtomically(const std::string &path, std::string_view contents) {
  std::string temporary = path + ".tmp";
  auto writeTemporary = [&] {
    OutputFile file;
    LLMC_TRY(file.open(temporary));
    LLMC_TRY(file.write(contents.data(), contents.size()));
    LLMC_TRY(file.close());
    return renamePath(temporary, path);
  };
  if (Status status = writeTemporary(); !status.isOk()) {
    ::unlink(temporary.c_str());
    return status;
  }
  std::string parent = std::filesystem::path(path).parent_path().string();
  return syncDirectory(parent.empty() ? "." : parent);
}

Status syncDirectory(const std::string &path) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    return systemError("open", path);
  Status status = Status::ok();
  // Some network file systems cannot flush a directory and say so.
  if (::fsync(descriptor) != 0 && errno != EINVAL && errno != ENOTSUP)
    status = systemError("flush", path);
  ::close(descriptor);
  return status;
}

Status makeDirectories(const std::string &path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error)
    return Status::error("cannot make the directory {}: {}; name another one",
                         path, error.message());
  return Status::ok();
}

Status renamePath(const std::string &from, const std::string &to) {
  if (::rename(from.c_str(), to.c_str()) != 0)
    return Status::error("cannot rename {} to {}: {}", from, to,
                         std::strerror(errno));
  return Status::ok();
}

Status removeTree(const std::string &path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error)
    return Status::error("cannot remove {}: {}", path, error.message());
  return Status::ok();
}

bool pathExists(const std::string &path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

Result<std::vector<std::string>> listDirectory(const std::string &path) {
  DIR *directory = ::opendir(path.c_str());
  if (!directory)
    return systemError("read the directory", path);
  std::vector<std::string> names;
  while (const dirent *entry = ::readdir(directory)) {
    std::string name = entry->d_name;
    if (name != "." && name != "..")
      names.push_back(name);
  }
  ::closedir(directory);
  std::sort(names.begin(), names.end());
  return names;
}

std::string joinPath(const std::string &directory, std::string_view name) {
  return (std::filesystem::path(directory) / name).string();
}

} // namespace llmc::runtime
