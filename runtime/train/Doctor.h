//===- Doctor.h - what of this machine is in the program's way ------------===//

#ifndef LLMC_RUNTIME_TRAIN_DOCTOR_H
#define LLMC_RUNTIME_TRAIN_DOCTOR_H

#include "abi/ProgramAbi.h"

#include <string>
#include <vector>

namespace llmc::runtime {

/// What was found about one thing, and what that means for this program.
struct Finding {
  enum Verdict { Ok, Slow, Fails } verdict;
  std::string subject; ///< "GPU 0 to 1"
  std::string text;
};

/// `PROGRAM doctor`: what the program needs, what the machine has and,
/// measured, gives. Nothing is trained or written.
std::vector<Finding> examine(const LlmcProgram &program);

/// Whether nothing that was found keeps the program from running.
bool canRun(const std::vector<Finding> &findings);

/// A table for people, with a line for each finding.
std::string formatFindings(const std::vector<Finding> &findings);
/// The same for programs; see runtime/README.md.
std::string formatFindingsAsJson(const std::vector<Finding> &findings);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_DOCTOR_H
