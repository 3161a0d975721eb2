//===- Verdict.h - whether a plan fits, and how fast it is ------*- C++ -*-===//

#ifndef LLMC_COMPILER_PIPELINE_VERDICT_H
#define LLMC_COMPILER_PIPELINE_VERDICT_H

#include "compiler/Pipeline/PolicySearch.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace llmc {

/// Said where PolicySearch::sparesHost.
constexpr llvm::StringLiteral kSparesHost =
    "nothing lies in the host's memory, as no --host says how much of it may "
    "be pinned";

/// The verdict on one plan: what it takes of the limits, what is too much.
void printVerdict(const PlannedPolicy &policy, const MemoryLimits &limits,
                  llvm::raw_ostream &os);
/// All memory of a rank, by what it is for.
void printMemory(const MemoryReport &report, const PipelineOptions &options,
                 llvm::raw_ostream &os);
/// The predicted step by part. Nothing where times are not predicted.
void printStepTime(const StepTime &step, llvm::raw_ostream &os);
/// What was looked at and why it was not taken.
void printConsidered(const PolicySearch &search, llvm::raw_ostream &os);
/// What would fit, one change a line.
void printAdvice(llvm::ArrayRef<PolicySearch::Advice> advice,
                 const MemoryLimits &limits, llvm::raw_ostream &os);

// The same as attributes of the object that is open.
void writeVerdict(const PlannedPolicy &policy, const MemoryLimits &limits,
                  llvm::json::OStream &json);
void writeStepTime(const StepTime &step, llvm::json::OStream &json);
void writeConsidered(const PolicySearch &search, llvm::json::OStream &json);
void writeAdvice(llvm::ArrayRef<PolicySearch::Advice> advice,
                 llvm::json::OStream &json);

} // namespace llmc

#endif
