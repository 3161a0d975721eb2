//===- Machine.h - what the code generator knows of the vector unit -------===//

#ifndef LLMC_COMPILER_TARGET_CPU_MACHINE_H
#define LLMC_COMPILER_TARGET_CPU_MACHINE_H

#include <cstdint>

namespace llmc::cpu {

struct Machine {
  /// 32-bit elements in a vector register.
  int64_t lanes = 8;
  /// Whether multiply-add is one instruction.
  bool fma = true;

  /// Rows and columns of the block that the micro-kernel keeps in registers:
  /// 12 of 16 registers with AVX2, 24 of 32 with AVX-512, the rest hold two
  /// vectors of B and the broadcast element of A.
  int64_t panelRows() const { return lanes == 16 ? 12 : 6; }
  int64_t panelColumns() const { return 2 * lanes; }
};

inline int64_t roundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

} // namespace llmc::cpu

#endif // LLMC_COMPILER_TARGET_CPU_MACHINE_H
