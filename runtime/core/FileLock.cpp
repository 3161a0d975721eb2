//===- FileLock.cpp - one writer in a directory ---------------------------===//

#include "core/FileLock.h"

#include "core/File.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace llmc::runtime {

static struct flock wholeFile() {
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

FileLock::~FileLock() {
  if (descriptor >= 0)
    ::close(descriptor);
}

Status FileLock::take(const std::string &directory) {
  const std::string path = joinPath(directory, "lock");
  descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0)
    return Status::error("cannot write {}: {}", path, std::strerror(errno));
  struct flock lock = wholeFile();
  if (::fcntl(descriptor, F_SETLK, &lock) == 0) {
    held = true;
    return Status::ok();
  }
  if (errno != EACCES && errno != EAGAIN)
    return Status::ok(); // no locks on this file system
  // The holder may have ended since, or be on another machine.
  struct flock holder = wholeFile();
  std::string who = "another program";
  if (::fcntl(descriptor, F_GETLK, &holder) == 0 && holder.l_type != F_UNLCK &&
      holder.l_pid > 0)
    who = fmt::format("another program, process {},", holder.l_pid);
  return Status::error("{} is writing into {}; wait until it has ended, stop "
                       "it, or name another directory",
                       who, directory);
}

} // namespace llmc::runtime
