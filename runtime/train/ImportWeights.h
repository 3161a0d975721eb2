//===- ImportWeights.h - first weights from other tools' files ------------===//
//
// Names and layouts are those of Hugging Face's transformers, but a model may
// say them another way than the file does:
//   - with or without "model." or "transformer." in front;
//   - a head of its own or the embedding's tensor;
//   - query, key and value, or gate and up, in one tensor or in tensors of
//     their own, joined along the dimension that the shapes tell.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_TRAIN_IMPORTWEIGHTS_H
#define LLMC_RUNTIME_TRAIN_IMPORTWEIGHTS_H

#include "core/Console.h"
#include "core/Status.h"
#include "device/Device.h"

#include <string>

namespace llmc::runtime {

/// Loads weights from what WeightFiles opens. Everything is checked before the
/// first weight is written: that each parameter has its values, and that
/// config.json, if there is one, tells of the same computation. Tensors that
/// the model does not have are left aside, with a warning.
Status importWeights(const LlmcProgram &program, Device &device,
                     const std::string &path, Console &console);

/// What importWeights would say before it writes a weight.
Status checkImport(const LlmcProgram &program, const std::string &path);

/// Checks the config.json at `path` against the program's own: two models whose
/// weights have the same shapes may still compute something else of them.
Status checkConfig(const LlmcProgram &program, const std::string &path);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_IMPORTWEIGHTS_H
