//===- FuzzSupport.h - files for the fuzzers ------------------------------===//

#ifndef LLMC_TEST_FUZZ_FUZZSUPPORT_H
#define LLMC_TEST_FUZZ_FUZZSUPPORT_H

#include "FuzzCheck.h"

#include "core/File.h"

#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <unistd.h>

namespace llmc::runtime::fuzz {

/// A directory in memory where there is one, removed at the end.
class Scratch {
public:
  Scratch() {
    for (std::string pattern :
         {"/dev/shm/llmc-fuzz-XXXXXX", "/tmp/llmc-fuzz-XXXXXX"})
      if (name.empty() && ::mkdtemp(pattern.data()))
        name = pattern;
    FUZZ_CHECK(!name.empty());
  }
  ~Scratch() { (void)removeTree(name); }

  const std::string &path() const { return name; }

  /// Writes without flushing: nothing here need outlive the program.
  std::string write(const std::string &file, std::string_view contents) const {
    std::string path = joinPath(name, file);
    int descriptor =
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FUZZ_CHECK(descriptor >= 0);
    auto bytes = static_cast<ssize_t>(contents.size());
    FUZZ_CHECK(::write(descriptor, contents.data(), contents.size()) == bytes);
    ::close(descriptor);
    return path;
  }

private:
  std::string name;
};

inline std::string_view textOf(const uint8_t *data, size_t size) {
  return {reinterpret_cast<const char *>(data), size};
}

} // namespace llmc::runtime::fuzz

#endif // LLMC_TEST_FUZZ_FUZZSUPPORT_H
