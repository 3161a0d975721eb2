//===- TensorStorage.h - where values of tensors lie ----------------------===//

#ifndef LLMC_RUNTIME_TRAIN_TENSORSTORAGE_H
#define LLMC_RUNTIME_TRAIN_TENSORSTORAGE_H

#include "core/Status.h"
#include "device/Device.h"
#include "train/Shards.h"

#include <cstdint>

namespace llmc::runtime {

/// Whether the program keeps its parameters in bf16 only, in the arena Compute.
bool keepsNarrowParameters(const LlmcProgram &program);

/// Whether the program keeps the moments of the optimizer in bf16.
bool keepsNarrowMoments(const LlmcProgram &program);

/// bf16, rounded to nearest even, and back, which is exact.
uint16_t toBf16(float value);
float fromBf16(uint16_t bits);

/// What the arena `kind` holds of each tensor, as f32: parameters (wherever and
/// in which type the program keeps them), gradients, moments or constants.
///
/// Of what is shared out over ranks, each writes its own elements alone, and
/// reads the others' from their owners: then all ranks make the same calls of
/// `read` in the same order, on one thread.
class TensorStorage {
public:
  TensorStorage(const LlmcProgram &program, Device &device, LlmcArenaKind kind);

  /// `count` elements of `tensor` from `first` on. Calls from several threads
  /// may run at once.
  Status read(const LlmcTensor &tensor, int64_t first, int64_t count,
              float *values) const;
  Status write(const LlmcTensor &tensor, int64_t first, int64_t count,
               const float *values) const;

  /// This rank's part of the tensor, when all ranks together read it once: what
  /// it owns, or where all have everything an equal share.
  std::vector<ShardPiece> shareOf(const LlmcTensor &tensor) const;
  /// `count` elements of `piece`, which this rank has, from its `first` on; of
  /// those, unlike with `read`, no other rank needs to know.
  Status readOwn(const ShardPiece &piece, int64_t first, int64_t count,
                 float *values) const;

  /// Whether this rank keeps any of these elements: `write` does nothing with
  /// others.
  bool keeps(const LlmcTensor &tensor, int64_t first, int64_t count) const;

private:
  /// Where an own piece begins in the arena.
  int64_t placeOf(const ShardPiece &piece) const {
    return isSharded ? piece.stored : piece.first;
  }
  /// Elements of the arena, from the `first` of it on.
  Status readStored(int64_t first, int64_t count, float *values) const;
  Status writeStored(int64_t first, int64_t count, const float *values) const;
  Status readShared(int64_t first, int64_t count, float *values) const;
  Status writeShared(int64_t first, int64_t count, const float *values) const;

  const LlmcProgram &program;
  Device &device;
  LlmcArenaKind kind;     ///< where the elements lie
  bool isNarrow;          ///< in bf16
  bool isSharded = false; ///< the arena holds the own elements only
  bool isShared = false;  ///< only the own elements are valid
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_TENSORSTORAGE_H
