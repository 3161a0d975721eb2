//===- DecoderModel.h - what a decoder-only graph computes ----------------===//
//
// A graph read as the chain that GPT and Llama models are: embedding, equal
// layers of attention and feed-forward around a residual stream, a norm and a
// head. Private to Specialize.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_SPECIALIZE_DECODERMODEL_H
#define LLMC_COMPILER_SPECIALIZE_DECODERMODEL_H

#include "dialects/Model/Model.h"

#include <optional>
#include <string>
#include <vector>

namespace llmc {

/// A norm over channels: RMSNorm, or with a bias LayerNorm.
struct DecoderNorm {
  model::ParameterOp weight;
  model::ParameterOp bias;
  float eps = 0;
};

/// A linear layer, or one of the equal-rowed parts that its output is cut into.
struct DecoderProjection {
  model::LinearOp linear;
  model::ParameterOp weight;
  model::ParameterOp bias; ///< may be null
  unsigned part = 0;
  unsigned parts = 1;

  mlir::Value input() { return linear.getInput(); }
  int64_t outputs() {
    return mlir::cast<mlir::RankedTensorType>(linear.getType())
        .getShape()
        .back();
  }
};

/// h1 = h + output(attention(query, key, value of attentionNorm(h)));
/// h1 + down(..(mlpNorm(h1))), where .. is gelu(up), or silu(gate) * up.
struct DecoderLayer {
  DecoderNorm attentionNorm;
  DecoderProjection query, key, value, output;
  /// Norms of the heads of queries and keys, before they are turned; without
  /// weights if there are none.
  DecoderNorm queryNorm, keyNorm;
  model::AttentionOp attention;
  uint64_t headSize = 0;
  model::RopeOp rope; ///< of the query, as of the key; may be null
  DecoderNorm mlpNorm;
  std::optional<DecoderProjection> gate;
  DecoderProjection up, down;
};

struct DecoderModel {
  model::ParameterOp embedding; ///< [vocabulary, channels]
  model::ParameterOp positions; ///< learned, [positions, channels]; may be null
  std::vector<DecoderLayer> layers;
  DecoderNorm norm;
  model::ParameterOp head; ///< [vocabulary, channels]; the embedding if tied
  int64_t sequence = 0;

  int64_t channels() { return extent(embedding, 1); }
  int64_t vocabulary() { return extent(embedding, 0); }
  static int64_t extent(model::ParameterOp parameter, unsigned dimension) {
    return mlir::cast<mlir::RankedTensorType>(parameter.getType())
        .getDimSize(dimension);
  }
};

/// Reads `graph`, whose repeats are unrolled. Every op that the loss depends on
/// has been looked at when this succeeds, and all layers are alike. Otherwise
/// `mismatch` says what was expected and found, and at which line.
mlir::FailureOr<DecoderModel> matchDecoder(model::GraphOp graph,
                                           std::string &mismatch);

/// "line 12: ", or nothing where the file is not known.
std::string lineOf(mlir::Location location);

} // namespace llmc

#endif
