//===- TensorStorage.cpp - where values of tensors lie --------------------===//

#include "train/TensorStorage.h"

#include "train/Program.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace llmc::runtime {

bool keepsNarrowParameters(const LlmcProgram &program) {
  const LlmcArena *wide = findArena(program, LlmcArenaParameter);
  const LlmcArena *narrow = findArena(program, LlmcArenaCompute);
  return (!wide || wide->bytes == 0) && narrow && narrow->bytes > 0;
}

bool keepsNarrowMoments(const LlmcProgram &program) {
  const LlmcArena *gradients = findArena(program, LlmcArenaGradient);
  const LlmcArena *moments = findArena(program, LlmcArenaMoment1);
  int64_t elements = gradients ? gradients->bytes / 4 : 0;
  if (program.numBuckets > 0) {
    const LlmcBucket &last = program.buckets[program.numBuckets - 1];
    elements = last.first + last.elements;
  }
  if (!moments)
    return false;
  return moments->bytes ==
         elements * 2 / (moments->sharded ? program.ranks : 1);
}

uint16_t toBf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  // A NaN stays one although its last bits are lost.
  if (std::isnan(value))
    return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float fromBf16(uint16_t bits) {
  uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

TensorStorage::TensorStorage(const LlmcProgram &program, Device &device,
                             LlmcArenaKind kind)
    : program(program), device(device), kind(kind), isNarrow(false) {
  if (kind == LlmcArenaParameter && keepsNarrowParameters(program)) {
    this->kind = LlmcArenaCompute;
    isNarrow = true;
  } else if (kind == LlmcArenaMoment1 || kind == LlmcArenaMoment2) {
    isNarrow = keepsNarrowMoments(program);
  }
  const LlmcArena *arena = findArena(program, this->kind);
  isSharded = arena && arena->sharded;
  // A reduce-scatter leaves the sums with their owners.
  isShared = isSharded || (kind == LlmcArenaGradient && program.zeroStage >= 1);
}

Status TensorStorage::readStored(int64_t first, int64_t count,
                                 float *values) const {
  if (!isNarrow)
    return device.read(kind, first * 4, values, count * 4);
  std::vector<uint16_t> bits(static_cast<size_t>(count));
  LLMC_TRY(device.read(kind, first * 2, bits.data(), count * 2));
  for (size_t i = 0; i < bits.size(); ++i)
    values[i] = fromBf16(bits[i]);
  return Status::ok();
}

Status TensorStorage::writeStored(int64_t first, int64_t count,
                                  const float *values) const {
  if (!isNarrow)
    return device.write(kind, first * 4, values, count * 4);
  std::vector<uint16_t> bits(static_cast<size_t>(count));
  for (size_t i = 0; i < bits.size(); ++i)
    bits[i] = toBf16(values[i]);
  return device.write(kind, first * 2, bits.data(), count * 2);
}

std::vector<ShardPiece> TensorStorage::shareOf(const LlmcTensor &tensor) const {
  const int64_t first = tensor.offset / 4, end = first + tensor.elements;
  const int64_t rank = device.ranks().rank(), size = device.ranks().size();
  std::vector<ShardPiece> own;
  if (isShared) {
    for (const ShardPiece &piece : piecesOf(program, first, tensor.elements))
      if (piece.owner == rank)
        own.push_back(piece);
    return own;
  }
  const int64_t from = std::max(first, program.parameters * rank / size);
  const int64_t to =
      rank + 1 == size ? end
                       : std::min(end, program.parameters * (rank + 1) / size);
  if (from < to)
    own.push_back({static_cast<int>(rank), from, to - from, from});
  return own;
}

Status TensorStorage::readOwn(const ShardPiece &piece, int64_t first,
                              int64_t count, float *values) const {
  return readStored(placeOf(piece) + first, count, values);
}

Status TensorStorage::readShared(int64_t first, int64_t count,
                                 float *values) const {
  Communicator &ranks = device.ranks();
  for (const ShardPiece &piece : piecesOf(program, first, count)) {
    float *part = values + (piece.first - first);
    const int64_t bytes = piece.count * 4;
    if (piece.owner == ranks.rank())
      LLMC_TRY(readOwn(piece, 0, piece.count, part));
    LLMC_TRY(ranks.broadcast(part, bytes, piece.owner));
  }
  return Status::ok();
}

Status TensorStorage::writeShared(int64_t first, int64_t count,
                                  const float *values) const {
  for (const ShardPiece &piece : piecesOf(program, first, count))
    if (piece.owner == device.ranks().rank())
      LLMC_TRY(writeStored(placeOf(piece), piece.count,
                           values + (piece.first - first)));
  return Status::ok();
}

bool TensorStorage::keeps(const LlmcTensor &tensor, int64_t first,
                          int64_t count) const {
  const std::vector<ShardPiece> pieces =
      isShared ? piecesOf(program, tensor.offset / 4 + first, count)
               : std::vector<ShardPiece>();
  return !isShared ||
         std::any_of(pieces.begin(), pieces.end(), [&](const ShardPiece &one) {
           return one.owner == device.ranks().rank();
         });
}

// Offsets of tensors count as if all elements were f32.
Status TensorStorage::read(const LlmcTensor &tensor, int64_t first,
                           int64_t count, float *values) const {
  first += tensor.offset / 4;
  return isShared ? readShared(first, count, values)
                  : readStored(first, count, values);
}

Status TensorStorage::write(const LlmcTensor &tensor, int64_t first,
                            int64_t count, const float *values) const {
  first += tensor.offset / 4;
  return isShared ? writeShared(first, count, values)
                  : writeStored(first, count, values);
}

} // namespace llmc::runtime
