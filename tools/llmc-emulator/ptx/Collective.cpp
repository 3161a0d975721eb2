//===- Collective.cpp - What the lanes of a warp do together --------------===//
//
// Fragments as the PTX ISA gives them, section "Matrix multiply-accumulate
// operation using mma instruction": for each figure its formulas of row and
// column, with groupID = lane / 4 and threadID_in_group = lane % 4.
//
//===----------------------------------------------------------------------===//

#include "Block.h"
#include "Opcodes.h"
#include "Rounding.h"

namespace llmc::emulator::ptx {

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// D = A B + C with A [16, depth], B [depth, 8]: sums round to f32 in the order
/// of the depth. Products of what bf16 and tf32 can hold are exact.
template <int depth>
static void multiply(Warp &warp, const uint32_t *operands,
                     const float (&a)[16][depth], const float (&b)[depth][8]) {
  // Operands: 4 of D, 4 of A, 2 of B, 4 of C.
  auto rowOf = [](int lane, int i) { return lane / 4 + (i < 2 ? 0 : 8); };
  auto columnOf = [](int lane, int i) { return lane % 4 * 2 + (i & 1); };
  float sums[16][8];
  for (int i = 0; i < 4; ++i) {
    const float *c = warp.lanes<float>(operands[10 + i]);
    for (int lane = 0; lane < 32; ++lane)
      sums[rowOf(lane, i)][columnOf(lane, i)] = c[lane];
  }
  for (int row = 0; row < 16; ++row)
    for (int k = 0; k < depth; ++k)
      for (int column = 0; column < 8; ++column)
        sums[row][column] += a[row][k] * b[k][column];
  for (int i = 0; i < 4; ++i) {
    float *d = warp.lanes<float>(operands[i]);
    for (int lane = 0; lane < 32; ++lane)
      d[lane] = sums[rowOf(lane, i)][columnOf(lane, i)];
  }
  ++warp.block->counters.mma;
}

// Register r holds the elements 2r, in its lower half, and 2r + 1.
static void multiplyBf16(Warp &warp, const Instruction &instruction) {
  float a[16][16], b[16][8];
  auto read = [&](int operand, int i, int lane) {
    uint32_t both =
        warp.lanes<uint32_t>(instruction.operands[operand + i / 2])[lane];
    return floatOf(i & 1 ? both & 0xffff0000u : both << 16);
  };
  for (int lane = 0; lane < 32; ++lane) {
    int group = lane / 4, thread = lane % 4;
    for (int i = 0; i < 8; ++i) {
      int row = i < 2 || (i >= 4 && i < 6) ? group : group + 8;
      int column = thread * 2 + (i & 1) + (i < 4 ? 0 : 8);
      a[row][column] = read(4, i, lane);
    }
    for (int i = 0; i < 4; ++i)
      b[thread * 2 + (i & 1) + (i < 2 ? 0 : 8)][group] = read(8, i, lane);
  }
  multiply(warp, instruction.operands, a, b);
}

// Of the operands' bits the lowest 13 are not looked at.
static void multiplyTf32(Warp &warp, const Instruction &instruction) {
  float a[16][8], b[8][8];
  auto read = [&](int operand, int lane) {
    return floatOf(warp.lanes<uint32_t>(instruction.operands[operand])[lane] &
                   ~0x1fffu);
  };
  for (int lane = 0; lane < 32; ++lane) {
    int group = lane / 4, thread = lane % 4;
    for (int i = 0; i < 4; ++i) {
      int row = i == 0 || i == 2 ? group : group + 8;
      int column = i < 2 ? thread : thread + 4;
      a[row][column] = read(4 + i, lane);
    }
    for (int i = 0; i < 2; ++i)
      b[i == 0 ? thread : thread + 4][group] = read(8 + i, lane);
  }
  multiply(warp, instruction.operands, a, b);
}

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

/// Lanes 8 m .. 8 m + 7 give the addresses of the rows of matrix m. A lane gets
/// two neighbours of row lane / 4, or with .trans of column lane / 4.
template <int matrices, bool transposed>
static void loadMatrices(Warp &warp, const Instruction &instruction) {
  Address address(warp, instruction.operands + matrices);
  uint16_t rows[8 * matrices][8];
  for (int lane = 0; lane < 8 * matrices; ++lane) {
    const char *p = warp.block->loadRow(warp, lane, instruction, address[lane]);
    if (!p)
      return;
    std::memcpy(rows[lane], p, sizeof(rows[lane]));
  }
  for (int matrix = 0; matrix < matrices; ++matrix) {
    uint32_t *target = warp.lanes<uint32_t>(instruction.operands[matrix]);
    const uint16_t (*m)[8] = rows + 8 * matrix;
    for (int lane = 0; lane < 32; ++lane) {
      int i = lane / 4, j = lane % 4 * 2;
      uint16_t low = transposed ? m[j][i] : m[i][j];
      uint16_t high = transposed ? m[j + 1][i] : m[i][j + 1];
      target[lane] = uint32_t(high) << 16 | low;
    }
  }
  ++warp.block->counters.ldmatrix;
}

//===----------------------------------------------------------------------===//
// Shuffles
//===----------------------------------------------------------------------===//

enum class Shuffle { Up, Down, Bfly, Idx };

/// d|p, a, b, c, members. The upper half of c cuts the warp into segments.
template <Shuffle mode, bool hasPredicate>
static void shuffle(Warp &warp, const Instruction &instruction) {
  const uint32_t *operands = instruction.operands + (hasPredicate ? 2 : 1);
  const uint32_t *a = warp.lanes<uint32_t>(operands[0]);
  const uint32_t *b = warp.lanes<uint32_t>(operands[1]);
  const uint32_t *c = warp.lanes<uint32_t>(operands[2]);
  uint32_t results[32] = {}, inRange = 0;
  for (int lane = 0; lane < 32; ++lane) {
    if (!(warp.active >> lane & 1))
      continue;
    int distance = int(b[lane] & 0x1f), clamp = int(c[lane] & 0x1f);
    int segment = int(c[lane] >> 8 & 0x1f);
    int most = (lane & segment) | (clamp & ~segment), least = lane & segment;
    int from = lane;
    bool fits = false;
    switch (mode) {
    case Shuffle::Up:
      from = lane - distance;
      fits = from >= most;
      break;
    case Shuffle::Down:
      from = lane + distance;
      fits = from <= most;
      break;
    case Shuffle::Bfly:
      from = lane ^ distance;
      fits = from <= most;
      break;
    case Shuffle::Idx:
      from = least | (distance & ~segment);
      fits = from <= most;
      break;
    }
    if (!fits)
      from = lane;
    if (!(warp.active >> from & 1)) {
      warp.block->fail(warp, lane, instruction,
                       "reads of lane " + std::to_string(from) +
                           ", which is not a member");
      return;
    }
    results[lane] = a[from];
    inRange |= uint32_t(fits) << lane;
  }
  warp.write(instruction.operands[0], results);
  if (hasPredicate)
    warp.writePredicate(instruction.operands[1], inRange);
  ++warp.block->counters.shuffles;
}

template <Shuffle mode>
static void addShuffle(Opcodes &o, const std::string &name) {
  std::string whole = "shfl.sync." + name + ".b32";
  o.push_back({whole, "wwwww", shuffle<mode, false>, Flow::Members});
  o.push_back({whole, "w|pwwww", shuffle<mode, true>, Flow::Members});
}

void addWarpOpcodes(Opcodes &o) {
  o.push_back({"mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32",
               "{wwww}{wwww}{ww}{wwww}", multiplyBf16, Flow::Warp});
  o.push_back({"mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32",
               "{wwww}{wwww}{ww}{wwww}", multiplyTf32, Flow::Warp});
  const std::string matrices = "ldmatrix.sync.aligned.m8n8.";
  o.push_back({matrices + "x4.shared.b16", "{wwww}a", loadMatrices<4, false>,
               Flow::Warp});
  o.push_back({matrices + "x4.trans.shared.b16", "{wwww}a",
               loadMatrices<4, true>, Flow::Warp});
  o.push_back({matrices + "x2.shared.b16", "{ww}a", loadMatrices<2, false>,
               Flow::Warp});
  o.push_back({matrices + "x2.trans.shared.b16", "{ww}a", loadMatrices<2, true>,
               Flow::Warp});
  addShuffle<Shuffle::Up>(o, "up");
  addShuffle<Shuffle::Down>(o, "down");
  addShuffle<Shuffle::Bfly>(o, "bfly");
  addShuffle<Shuffle::Idx>(o, "idx");
  o.push_back({"bar.sync", "0", nullptr, Flow::Barrier});
  o.push_back({"barrier.sync", "0", nullptr, Flow::Barrier});
  o.push_back({"barrier.sync.aligned", "0", nullptr, Flow::Barrier});
  o.push_back({"bra", "l", nullptr, Flow::Branch});
  o.push_back({"bra.uni", "l", nullptr, Flow::Branch});
  o.push_back({"ret", "", nullptr, Flow::Return});
  o.push_back({"exit", "", nullptr, Flow::Return});
}

} // namespace llmc::emulator::ptx
