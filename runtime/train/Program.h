//===- Program.h - checks and views of the compiled program ---------------===//

#ifndef LLMC_RUNTIME_TRAIN_PROGRAM_H
#define LLMC_RUNTIME_TRAIN_PROGRAM_H

#include "abi/ProgramAbi.h"
#include "core/Status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace llmc::runtime {

/// Checks that the program was compiled for this runtime and that its tables
/// agree with each other: arenas, tensor ranges, Io offsets, entry points.
Status checkProgram(const LlmcProgram &program);

/// Whether no rank has all parameters, so that evaluation and sampling are
/// collective, too: all ranks run them together.
inline bool runsTogether(const LlmcProgram &program) {
  return program.ranks > 1 && program.zeroStage >= 3;
}

/// The arena of this kind, null when the program has none.
const LlmcArena *findArena(const LlmcProgram &program, LlmcArenaKind kind);

std::vector<int64_t> shapeOf(const LlmcTensor &tensor);
/// "[256, 64]".
std::string formatShape(const std::vector<int64_t> &shape);

/// Pointers to the parameters of the program, in its order.
std::vector<const LlmcTensor *> parametersOf(const LlmcProgram &program);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_PROGRAM_H
