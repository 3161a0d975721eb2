//===- Architecture.h - a model as Hugging Face's transformers knows it ---===//
//
// Private to Specialize.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_SPECIALIZE_ARCHITECTURE_H
#define LLMC_COMPILER_SPECIALIZE_ARCHITECTURE_H

#include "compiler/Specialize/DecoderModel.h"

namespace llmc {

/// The class of transformers that computes `model` from parameters of the names
/// and layouts that the model has, as the text of a config.json:
///   GPT2LMHeadModel     learned positions, LayerNorm, GELU, one projection for
///                       query, key and value, weights [inputs, outputs]
///   LlamaForCausalLM    rotary positions, RMSNorm, SwiGLU; biases on all
///                       projections of the attention or of the feed-forward
///                       part, or none
///   MistralForCausalLM  the same without biases, with a window
///   Qwen2ForCausalLM    biases on query, key and value only
///   Qwen3ForCausalLM    norms of the heads of queries and keys; biases on all
///                       projections of the attention, or none; a window or
///                       none
///   Phi3ForCausalLM     query, key and value in one projection, gate and up in
///                       one; a window or none
/// Fails when there is none; `mismatch` says what keeps the nearest one away.
mlir::FailureOr<std::string> describeArchitecture(DecoderModel &model,
                                                  std::string &mismatch);

} // namespace llmc

#endif
