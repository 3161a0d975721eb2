//===- ForeignCode.h - code for another processor -------------------------===//
//
// A program that was compiled for one processor and runs on another one, which
// lacks some of its instructions, gets a SIGILL at the first of them.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_TRAIN_FOREIGNCODE_H
#define LLMC_RUNTIME_TRAIN_FOREIGNCODE_H

#include "abi/ProgramAbi.h"

namespace llmc::runtime {

/// Has a SIGILL end the program with an error, for the rest of it.
void explainForeignCode(const LlmcProgram &program);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_FOREIGNCODE_H
