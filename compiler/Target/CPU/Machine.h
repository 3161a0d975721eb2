//===- Machine.h - what the code generator knows of the vector unit -------===//

#ifndef LLMC_COMPILER_TARGET_CPU_MACHINE_H
#define LLMC_COMPILER_TARGET_CPU_MACHINE_H

#include <algorithm>
#include <cstdint>

namespace llmc::cpu {

inline int64_t roundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

struct Machine {
  /// 32-bit elements in a vector register.
  int64_t lanes = 8;
  /// Whether multiply-add is one instruction.
  bool fma = true;

  /// Rows of the block that the micro-kernel keeps in registers: with three
  /// vectors a row that is 24 of 32 registers with AVX-512, else 12 of 16, and
  /// the others hold a row of B and elements of A. They divide a vector.
  int64_t panelRows() const { return lanes == 16 ? 8 : 4; }
  /// Columns of that block: three vectors, or two where a product of `columns`
  /// columns then computes fewer that are not needed.
  int64_t panelColumns(int64_t columns) const {
    return roundUp(columns, 2 * lanes) < roundUp(columns, 3 * lanes)
               ? 2 * lanes
               : 3 * lanes;
  }

  /// What a buffer of so many rows or columns must hold for whole blocks.
  int64_t paddedRows(int64_t rows) const { return roundUp(rows, panelRows()); }
  int64_t paddedColumns(int64_t columns) const {
    return std::max(roundUp(columns, 2 * lanes), roundUp(columns, 3 * lanes));
  }
};

} // namespace llmc::cpu

#endif // LLMC_COMPILER_TARGET_CPU_MACHINE_H
