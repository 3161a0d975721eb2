//===- PolicyBounds.h - what a policy can reach at the most -----*- C++ -*-===//
//
// What was planned says much of what was not: the same layers with the same
// micro-batch compute as long in every stage of ZeRO, and a stage sends as much
// whatever lies on the host. So a policy that could not win or would not fit
// need not be planned. Numbers only; all limits err on the policy's side.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_PIPELINE_POLICYBOUNDS_H
#define LLMC_COMPILER_PIPELINE_POLICYBOUNDS_H

#include "compiler/Pipeline/Offload.h"

#include <array>
#include <cstdint>
#include <vector>

namespace llmc {

/// What tells policies of one search from one another.
struct PolicyKey {
  int64_t zero = 0;
  OffloadSet offload;
  uint64_t recompute = 0; // 0 keeps most
  int64_t batch = 1;
};

/// What a plan showed. Seconds are 0 where none are predicted.
struct PolicyFacts {
  PolicyKey key;
  int64_t microBatchTokens = 0; // all ranks'
  /// Of a micro-batch: its kernels, and what collectives take alone.
  double computeSeconds = 0, sendSeconds = 0;
  /// Copies of state in one direction: of a micro-batch, and of the update.
  double copySeconds = 0, updateSeconds = 0;
  /// A rank's, without communication.
  int64_t stateBytes = 0, activationBytes = 0;
  /// A rank's on the host: of each OffloadKind.
  std::array<int64_t, kOffloadKinds> hostBytes = {};
};

class PolicyBounds {
public:
  PolicyBounds(int64_t ranks, int64_t stepTokens)
      : ranks(ranks), stepTokens(stepTokens) {}

  void learn(const PolicyFacts &plan) { facts.push_back(plan); }

  /// Infinite where nothing is known. `tokens` are those of a micro-batch.
  double findMostTokensPerSecond(const PolicyKey &key, int64_t tokens) const;
  /// Of a rank on its device, and of all of them on the host.
  int64_t findLeastDeviceBytes(const PolicyKey &key) const;
  int64_t findLeastHostBytes(const PolicyKey &key) const;

private:
  int64_t ranks, stepTokens;
  std::vector<PolicyFacts> facts;
};

} // namespace llmc

#endif
