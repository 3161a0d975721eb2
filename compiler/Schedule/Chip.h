//===- Chip.h - what a GPU can hold and how fast it is ----------*- C++ -*-===//
//
// One row a chip: the facts that block sizes are chosen by. Rates are those of
// dense products with f32 accumulation.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_SCHEDULE_CHIP_H
#define LLMC_COMPILER_SCHEDULE_CHIP_H

#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>

namespace llmc {

/// What the operands of products are multiplied as; TF32 is stored as f32.
enum class Element { F32, TF32, BF16, FP8 };
inline int64_t bytesOf(Element element) {
  return element == Element::BF16 ? 2 : element == Element::FP8 ? 1 : 4;
}

struct Chip {
  llvm::StringLiteral arch;
  llvm::StringLiteral name;
  // A streaming multiprocessor (SM) and what it holds at once.
  int64_t sms;
  int64_t registers; // 32-bit, per SM
  int64_t warps, blocks;
  int64_t sharedBytes, blockSharedBytes; // per SM, the most of one block
  int64_t l2Bytes;
  double l2BytesPerCycle;      // that an SM draws from L2 while all others do
  int64_t memoryBytes;         // DRAM of the usual board
  double memoryBytesPerSecond; // DRAM, as measured by copies
  double clock;                // Hz
  // Multiply-adds per cycle and SM.
  double f32Rate, tf32Rate, bf16Rate, fp8Rate;

  double getRate(Element element) const {
    return element == Element::F32    ? f32Rate
           : element == Element::TF32 ? tf32Rate
           : element == Element::BF16 ? bf16Rate
                                      : fp8Rate;
  }
};

/// The row of "sm_89" and so on; "emulated" stands for an sm_89 without a GPU.
const Chip *findChip(llvm::StringRef arch);
/// "sm_80, sm_86, ..."
std::string getChipNames();

/// What one block asks of an SM.
struct Footprint {
  int64_t threads = 0;
  int64_t registers = 0; // per thread
  int64_t sharedBytes = 0;
};

/// The registers of a thread, as the hardware counts them.
constexpr int64_t kMostRegisters = 255;

/// Blocks that an SM holds at once; 0 if not even one fits.
int64_t getBlocksPerSM(const Chip &chip, const Footprint &block);

/// The blocks per SM that registers are to be limited for: no more than come.
int64_t getMinBlocks(const Chip &chip, int64_t blocks, int64_t perSM);

/// The fraction of all SMs' time that `blocks` fill, when each SM holds
/// `perSM`: 1 if every wave is full.
double getFill(const Chip &chip, int64_t blocks, int64_t perSM);

} // namespace llmc

#endif
