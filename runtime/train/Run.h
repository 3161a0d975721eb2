//===- Run.h - a whole training program -----------------------------------===//

#ifndef LLMC_RUNTIME_TRAIN_RUN_H
#define LLMC_RUNTIME_TRAIN_RUN_H

#include "abi/ProgramAbi.h"

namespace llmc::runtime {

/// Does what the command line asks of the compiled program and returns the exit
/// status: 0, 1 after an error, or 128 + the signal that stopped training.
int runProgram(const LlmcProgram &program, int argc, const char *const *argv);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_RUN_H
