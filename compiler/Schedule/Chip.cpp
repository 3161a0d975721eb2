//===- Chip.cpp - what a GPU can hold and how fast it is ------------------===//

#include "compiler/Schedule/Chip.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace llmc;

static constexpr int64_t kKiB = 1024;
static constexpr int64_t kGiB = kKiB * kKiB * kKiB;

// sm_90 is counted with what mma.sync reaches there, not with wgmma. L2's rates
// are what public microbenchmarks (gpu-benches) reached: A100 5.4 TB/s at 1.41
// GHz, A40 (GA102) 2.4 TB/s at 1.73 GHz, H200 9.7 TB/s; of the 4090's chip L40
// reached 5.7 TB/s at 2.49 GHz with all 96 MiB of L2, of which the 4090 has
// three quarters: 1,720 bytes a cycle for 128 SMs.
static constexpr Chip chips[] = {
    {"sm_80", "A100", 108, 65536, 64, 32, 164 * kKiB, 163 * kKiB,
     40 * kKiB * kKiB, 35, 80 * kGiB, 1400e9, 1.41e9, 64, 512, 1024, 1024},
    {"sm_86", "RTX 3090", 82, 65536, 48, 16, 100 * kKiB, 99 * kKiB,
     6 * kKiB * kKiB, 16, 24 * kGiB, 850e9, 1.695e9, 128, 128, 256, 256},
    {"sm_89", "RTX 4090", 128, 65536, 48, 24, 100 * kKiB, 99 * kKiB,
     72 * kKiB * kKiB, 13, 24 * kGiB, 920e9, 2.52e9, 128, 128, 256, 512},
    {"sm_90", "H100", 132, 65536, 64, 32, 228 * kKiB, 227 * kKiB,
     50 * kKiB * kKiB, 37, 80 * kGiB, 3050e9, 1.755e9, 128, 645, 1290, 2580},
};

const Chip *llmc::findChip(llvm::StringRef arch) {
  if (arch == "emulated")
    arch = "sm_89";
  for (const Chip &chip : chips)
    if (chip.arch == arch)
      return &chip;
  return nullptr;
}

std::string llmc::getChipNames() {
  std::string names;
  for (const Chip &chip : chips)
    names += chip.arch.str() + ", ";
  return names + "emulated";
}

int64_t llmc::getBlocksPerSM(const Chip &chip, const Footprint &block) {
  // The driver keeps 1 KiB of shared memory for each block; registers are
  // handed out to warps in steps of 256.
  constexpr int64_t kReserved = kKiB;
  if (block.sharedBytes > chip.blockSharedBytes)
    return 0;
  int64_t warps = llvm::divideCeilSigned(block.threads, 32);
  int64_t registers =
      llvm::alignTo(std::min(block.registers, kMostRegisters), 8) * 32 * warps;
  return std::min({chip.blocks, chip.warps / warps,
                   chip.sharedBytes / (block.sharedBytes + kReserved),
                   chip.registers / std::max<int64_t>(registers, 1)});
}

int64_t llmc::getMinBlocks(const Chip &chip, int64_t blocks, int64_t perSM) {
  return std::min(perSM, llvm::divideCeilSigned(blocks, chip.sms));
}

double llmc::getFill(const Chip &chip, int64_t blocks, int64_t perSM) {
  int64_t wave = chip.sms * std::max<int64_t>(perSM, 1);
  return double(blocks) / (llvm::divideCeilSigned(blocks, wave) * wave);
}
