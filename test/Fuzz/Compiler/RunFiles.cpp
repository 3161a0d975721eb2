//===- RunFiles.cpp - runs a fuzzer on files, without libFuzzer -----------===//

#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    auto file = llvm::MemoryBuffer::getFile(argv[i]);
    if (!file) {
      llvm::errs() << argv[i] << ": " << file.getError().message() << "\n";
      return 1;
    }
    // What ends the program is named by the last line.
    llvm::errs() << argv[i] << "\n";
    LLVMFuzzerTestOneInput(
        reinterpret_cast<const uint8_t *>((*file)->getBufferStart()),
        (*file)->getBufferSize());
  }
  llvm::outs() << argc - 1 << " files\n";
  return argc > 1 ? 0 : 1;
}
