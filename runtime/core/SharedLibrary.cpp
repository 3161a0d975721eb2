//===- SharedLibrary.cpp - libraries that are opened at run time ----------===//

#include "core/SharedLibrary.h"

#include <cstdlib>
#include <dlfcn.h>

namespace llmc::runtime {

bool SharedLibrary::open(const char *variable, const char *usual,
                         Symbols symbols) {
  const char *value = std::getenv(variable);
  named = value && *value;
  file = named ? value : usual;
  handle = ::dlopen(
      file.c_str(),
      RTLD_NOW | (symbols == Symbols::Shared ? RTLD_GLOBAL : RTLD_LOCAL));
  if (handle)
    return true;
  const char *text = ::dlerror();
  error = text ? text : file;
  return false;
}

void *SharedLibrary::address(const char *name) {
  void *symbol = ::dlsym(handle, name);
  if (!symbol && !firstMissing)
    firstMissing = name;
  return symbol;
}

} // namespace llmc::runtime
