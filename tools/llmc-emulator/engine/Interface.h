//===- Interface.h - The table that kernels call through --------*- C++ -*-===//

#ifndef LLMC_EMULATOR_ENGINE_INTERFACE_H
#define LLMC_EMULATOR_ENGINE_INTERFACE_H

#define LLMC_EMULATOR_ENGINE
#include "../include/llmc_device.h"

namespace llmc::emulator {
extern const LlmcEmulator kernelInterface;
} // namespace llmc::emulator

#endif // LLMC_EMULATOR_ENGINE_INTERFACE_H
