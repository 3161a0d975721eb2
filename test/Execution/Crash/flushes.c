// flushes.c - writes down what a program hands to the disk, and in which order:
//
//   open DESCRIPTOR PATH | write DESCRIPTOR | flush DESCRIPTOR
//   rename FROM TO
//
// For LD_PRELOAD; the lines go to the file that LLMC_FLUSHES names.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void note(const char *format, ...) {
  static int log = -1;
  if (log < 0)
    log = NEXT(open)(getenv("LLMC_FLUSHES"),
                     O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  char line[8192];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof(line), format, arguments);
  va_end(arguments);
  if (log < 0 || NEXT(write)(log, line, (size_t)length) != length)
    abort();
}

#define OPEN(name)                                                             \
  int name(const char *path, int flags, ...) {                                 \
    va_list arguments;                                                         \
    va_start(arguments, flags);                                                \
    int mode = va_arg(arguments, int);                                         \
    va_end(arguments);                                                         \
    int descriptor = NEXT(name)(path, flags, mode);                            \
    if (descriptor >= 0)                                                       \
      note("open %d %s\n", descriptor, path);                                  \
    return descriptor;                                                         \
  }
OPEN(open)
OPEN(open64)

ssize_t write(int descriptor, const void *data, size_t bytes) {
  note("write %d\n", descriptor);
  return NEXT(write)(descriptor, data, bytes);
}

int fsync(int descriptor) {
  note("flush %d\n", descriptor);
  return NEXT(fsync)(descriptor);
}

int rename(const char *from, const char *to) {
  note("rename %s %s\n", from, to);
  return NEXT(rename)(from, to);
}
