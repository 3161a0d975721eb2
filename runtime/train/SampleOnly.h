//===- SampleOnly.h - a program that writes instead of training -*- C++ -*-===//

#ifndef LLMC_RUNTIME_TRAIN_SAMPLEONLY_H
#define LLMC_RUNTIME_TRAIN_SAMPLEONLY_H

#include "abi/ProgramAbi.h"
#include "core/Console.h"
#include "core/Status.h"
#include "device/Device.h"
#include "device/cpu/ThreadPool.h"
#include "train/Options.h"

namespace llmc::runtime {

/// Writes tokens behind the prompt of --sample, with the weights of
/// --init-from or of the newest checkpoint in --out. By all ranks together.
Status sampleOnly(const LlmcProgram &program, const Options &options,
                  Device &device, ThreadPool &pool, Console &console);

} // namespace llmc::runtime

#endif
