//===- WarpMath.cpp - What a warp computes together -----------------------===//
//
// Fragments as the PTX ISA lays them out, with g = lane / 4 and t = lane % 4.
//
//===----------------------------------------------------------------------===//

#include "Worker.h"

#include <cstring>

namespace llmc::emulator {

static float fromBits(unsigned bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
static float low(unsigned pair) { return fromBits(pair << 16); }
static float high(unsigned pair) { return fromBits(pair & 0xffff0000u); }

/// Adds a b to the accumulator, rounding in the order of k. Part p of a lane is
/// the accumulator's element (g + 8 (p / 2), 2 t + p % 2).
template <int depth>
static void accumulate(Thread *lanes, const float (&a)[16][depth],
                       const float (&b)[depth][8]) {
  float c[16][8];
  auto element = [&](int lane, int part) -> float & {
    return c[lane / 4 + 8 * (part >> 1)][2 * (lane % 4) + (part & 1)];
  };
  for (int lane = 0; lane < 32; ++lane)
    for (int part = 0; part < 4; ++part)
      element(lane, part) = lanes[lane].c[part];
  for (int i = 0; i < 16; ++i)
    for (int k = 0; k < depth; ++k)
      for (int j = 0; j < 8; ++j)
        c[i][j] += a[i][k] * b[k][j];
  for (int lane = 0; lane < 32; ++lane)
    for (int part = 0; part < 4; ++part)
      lanes[lane].c[part] = element(lane, part);
}

// c[16, 8] += a[16, 16] b[16, 8]. Products of bf16 are exact in f32.
void Worker::executeMma(Thread *lanes) {
  float a[16][16], b[16][8];
  for (int lane = 0; lane < 32; ++lane) {
    const Thread &thread = lanes[lane];
    int g = lane / 4, t = lane % 4;
    for (int part = 0; part < 4; ++part) {
      int row = g + 8 * (part & 1), column = 2 * t + 8 * (part >> 1);
      a[row][column] = low(thread.a[part]);
      a[row][column + 1] = high(thread.a[part]);
    }
    for (int part = 0; part < 2; ++part) {
      b[2 * t + 8 * part][g] = low(thread.b[part]);
      b[2 * t + 8 * part + 1][g] = high(thread.b[part]);
    }
  }
  accumulate(lanes, a, b);
  ++counters.mma;
}

// c[16, 8] += a[16, 8] b[8, 8]. Of an operand, the 13 low bits do not count;
// products of what is left are exact in f32.
void Worker::executeMmaTf32(Thread *lanes) {
  auto read = [](unsigned bits) { return fromBits(bits & ~0x1fffu); };
  float a[16][8], b[8][8];
  for (int lane = 0; lane < 32; ++lane) {
    const Thread &thread = lanes[lane];
    int g = lane / 4, t = lane % 4;
    for (int part = 0; part < 4; ++part)
      a[g + 8 * (part & 1)][t + 4 * (part >> 1)] = read(thread.a[part]);
    for (int part = 0; part < 2; ++part)
      b[t + 4 * part][g] = read(thread.b[part]);
  }
  accumulate(lanes, a, b);
  ++counters.mma;
}

// A product's operand lies in global memory as rows at one distance, and so do
// the rows of each of its matrices. Where they do not, they were taken from
// places that the writer meant for others. Rows beyond an edge, which are
// zeros, and rows that threads have stored come from nowhere and say nothing.
void Worker::checkMatrixRows(Thread *lanes, int matrix, int line) {
  const char *sources[8];
  int first = -1, second = -1;
  for (int row = 0; row < 8; ++row) {
    sources[row] = shared.sources[lanes[8 * matrix + row].byte / 16];
    if (!sources[row])
      continue;
    if (first < 0) {
      first = row;
      continue;
    }
    if (second < 0)
      second = row;
    int64_t distance = sources[second] - sources[first];
    if ((sources[row] - sources[first]) * (second - first) ==
        distance * (row - first))
      continue;
    current = &lanes[8 * matrix + row];
    fail(*current, "ldmatrix", line,
         "rows " + std::to_string(first) + " and " + std::to_string(second) +
             " of a matrix were copied from addresses " +
             std::to_string(distance) + " bytes apart, rows " +
             std::to_string(first) + " and " + std::to_string(row) + " from " +
             std::to_string(sources[row] - sources[first]) +
             ": not evenly spaced, as a swizzle would be that the copies do "
             "not share");
  }
}

// Four 8x8 matrices of 16 bits; lane 8 m + r gives the address of row r of
// matrix m. Register m of a lane gets the elements (g, 2t) and (g, 2t + 1) of
// matrix m, or of its transpose.
void Worker::executeLdmatrix(Thread *lanes) {
  unsigned short rows[32][8];
  uint64_t addresses[32];
  bool transpose = lanes[0].mode;
  int line = lanes[0].line;
  for (int lane = 0; lane < 32; ++lane) {
    int byte = lanes[lane].byte;
    int granule = byte / granuleBytes;
    SharedVerdict verdict = SharedVerdict::Fine;
    int bad = stepCells(
        &shared.cells[granule], 16 / granuleBytes, verdict, [&](Cell &cell) {
          return SharedCell::readByWarp(cell, epoch, sharedRaces);
        });
    if (bad >= 0) {
      current = &lanes[lane];
      failShared("ldmatrix", line, byte, 16, granule + bad, verdict, false);
    }
    shared.noteRead(granule, 16 / granuleBytes, unsigned(line) & 0xffffu);
    std::memcpy(rows[lane], shared.data + byte, 16);
    addresses[lane] = uint64_t(byte);
  }
  for (int matrix = 0; matrixRows && matrix < 4; ++matrix)
    checkMatrixRows(lanes, matrix, line);
  for (int lane = 0; lane < 32; ++lane) {
    int g = lane / 4, t = lane % 4;
    for (int m = 0; m < 4; ++m) {
      unsigned first =
          transpose ? rows[8 * m + 2 * t][g] : rows[8 * m + g][2 * t];
      unsigned second =
          transpose ? rows[8 * m + 2 * t + 1][g] : rows[8 * m + g][2 * t + 1];
      lanes[lane].r[m] = first | second << 16;
    }
  }
  ++counters.ldmatrix;
  if (countersOn) {
    counters.laneAccesses += 32;
    uint32_t site = makeSite(Access::Ldmatrix, 16, line);
    countAccess(site, addresses, ~0u, counters.lines[site]);
  }
}

void Worker::executeShuffle(Thread *lanes) {
  unsigned values[32];
  for (int lane = 0; lane < 32; ++lane)
    values[lane] = lanes[lane].value;
  for (int lane = 0; lane < 32; ++lane)
    lanes[lane].value = values[lane ^ lanes[lane].mode];
  ++counters.shuffles;
}

} // namespace llmc::emulator
