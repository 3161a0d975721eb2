//===- Parameters.h - first values of parameters and constants ------------===//

#ifndef LLMC_RUNTIME_TRAIN_PARAMETERS_H
#define LLMC_RUNTIME_TRAIN_PARAMETERS_H

#include "core/Status.h"
#include "device/Device.h"
#include "device/cpu/ThreadPool.h"
#include "train/Safetensors.h"

#include <cstdint>
#include <string>
#include <vector>

namespace llmc::runtime {

/// The first value of one element, as the tensor's initializer states. It
/// depends on the seed, the tensor's name and the element's index only.
float initialValue(const LlmcTensor &tensor, uint64_t seed, int64_t element);

/// Gives the tensors of the arena `kind` (Parameter or Constant) their first
/// values.
Status initializeTensors(const LlmcProgram &program, Device &device,
                         ThreadPool &pool, LlmcArenaKind kind, uint64_t seed);

/// The parameters as they lie in the arena `kind` (values, gradients or
/// moments), named `prefix` + name.
std::vector<TensorSource> parameterSources(const LlmcProgram &program,
                                           Device &device, LlmcArenaKind kind,
                                           const std::string &prefix = "");

/// Checks that `file` holds every parameter under `prefix` + name with the
/// right shape.
Status checkParameterFile(const LlmcProgram &program,
                          const SafetensorsFile &file,
                          const std::string &prefix = "");

/// Copies the parameters of a checked file into the arena `kind`.
Status loadParameterFile(const LlmcProgram &program, Device &device,
                         const SafetensorsFile &file, LlmcArenaKind kind,
                         const std::string &prefix = "");

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_PARAMETERS_H
