//===- PolicyBounds.cpp - what a policy can reach at the most -------------===//

#include "compiler/Pipeline/PolicyBounds.h"

#include <algorithm>
#include <limits>

using namespace llmc;

/// A smaller micro-batch takes no less for a token than a larger one, but for
/// so much: its shapes may fill a GPU better by chance.
static constexpr double kLuck = 0.97;

/// Whether `a` keeps at least as much on the device as `b`: what a stage shares
/// out, or the host takes.
static bool keepsMoreState(const PolicyKey &a, const PolicyKey &b) {
  return a.zero <= b.zero && b.offload.includes(a.offload.stateKinds());
}

/// The same of activations. Windows of gradients and parameters count as such:
/// there are more of them in later stages, and where gradients are copied.
static bool keepsMoreActivations(const PolicyKey &a, const PolicyKey &b) {
  return a.zero >= b.zero && a.recompute <= b.recompute && a.batch >= b.batch &&
         a.offload.has(OffloadKind::Gradients) >=
             b.offload.has(OffloadKind::Gradients) &&
         a.offload.has(OffloadKind::Activations) <=
             b.offload.has(OffloadKind::Activations);
}

double PolicyBounds::findMostTokensPerSecond(const PolicyKey &key,
                                             int64_t tokens) const {
  constexpr double unknown = std::numeric_limits<double>::infinity();
  double micro = 0, update = 0, perToken = unknown; // at least
  for (const PolicyFacts &plan : facts) {
    const PolicyKey &other = plan.key;
    // What computes nothing again takes no longer.
    if (other.recompute <= key.recompute && other.batch == key.batch)
      micro = std::max(micro, plan.computeSeconds);
    if (other.recompute == key.recompute && other.batch > key.batch)
      perToken =
          std::min(perToken, plan.computeSeconds / plan.microBatchTokens);
    if (other.zero != key.zero)
      continue;
    micro = std::max(micro, plan.sendSeconds);
    // What copies less takes no longer, either.
    if (key.offload.includes(other.offload)) {
      micro = std::max(micro, plan.copySeconds);
      update = std::max(update, plan.updateSeconds);
    }
  }
  if (perToken != unknown)
    micro = std::max(micro, kLuck * perToken * tokens);
  if (micro <= 0)
    return unknown;
  int64_t steps = std::max<int64_t>(1, stepTokens / tokens);
  return steps * tokens / (steps * micro + update);
}

/// Of each kind of state that `plan` moves and `moved` has, or has not.
static int64_t sumHostBytes(const PolicyFacts &plan, OffloadSet moved,
                            bool has) {
  int64_t bytes = 0;
  for (size_t kind = 0; kind != kOffloadKinds; ++kind)
    if (static_cast<OffloadKind>(kind) != OffloadKind::Activations &&
        moved.has(static_cast<OffloadKind>(kind)) == has)
      bytes += plan.hostBytes[kind];
  return bytes;
}

int64_t PolicyBounds::findLeastDeviceBytes(const PolicyKey &key) const {
  int64_t state = 0, activations = 0;
  for (const PolicyFacts &plan : facts) {
    // What `plan` moved and this one does not lies on the device.
    if (keepsMoreState(key, plan.key))
      state = std::max(state, plan.stateBytes +
                                  sumHostBytes(plan, key.offload, false));
    if (keepsMoreActivations(key, plan.key))
      activations = std::max(activations, plan.activationBytes);
  }
  return state + activations;
}

int64_t PolicyBounds::findLeastHostBytes(const PolicyKey &key) const {
  int64_t state = 0, activations = 0;
  for (const PolicyFacts &plan : facts) {
    // A later stage shares out more there, too.
    if (key.zero <= plan.key.zero)
      state = std::max(state, sumHostBytes(plan, key.offload, true));
    if (plan.key.zero == key.zero && plan.key.recompute == key.recompute &&
        plan.key.batch == key.batch && plan.key.offload == key.offload)
      activations = std::max(
          activations,
          plan.hostBytes[static_cast<size_t>(OffloadKind::Activations)]);
  }
  return ranks * (state + activations);
}
