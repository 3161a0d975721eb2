//===- Doctor.h - what of this machine is in the program's way ------------===//

#ifndef LLMC_RUNTIME_TRAIN_DOCTOR_H
#define LLMC_RUNTIME_TRAIN_DOCTOR_H

#include "abi/ProgramAbi.h"

#include <string>

namespace llmc::runtime {

/// `PROGRAM doctor`: a table of what the program needs, what the machine has
/// and, measured, gives, and what each finding means for this program. Nothing
/// is trained or written. Whether the program can run here.
bool examine(const LlmcProgram &program, std::string &report);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_DOCTOR_H
