//===- Offload.h - what lies in the host's memory -------------------------===//

#ifndef LLMC_COMPILER_PIPELINE_OFFLOAD_H
#define LLMC_COMPILER_PIPELINE_OFFLOAD_H

#include "llvm/ADT/StringRef.h"

#include <iterator>
#include <optional>
#include <string>

namespace llmc {

/// What may lie in pinned memory of the host instead of the device's.
///   Optimizer    both moments
///   Masters      f32 parameters, where products read copies in fewer bits
///   Gradients    what micro-steps have added up
///   Activations  what the forward pass leaves for the backward pass
enum class OffloadKind { Optimizer, Masters, Gradients, Activations };
inline constexpr llvm::StringLiteral offloadKindNames[] = {
    "optimizer", "masters", "gradients", "activations"};
inline constexpr size_t kOffloadKinds = std::size(offloadKindNames);

class OffloadSet {
public:
  bool has(OffloadKind kind) const {
    return bits & (1u << static_cast<unsigned>(kind));
  }
  void add(OffloadKind kind) { bits |= 1u << static_cast<unsigned>(kind); }
  bool empty() const { return bits == 0; }
  bool operator==(OffloadSet other) const { return bits == other.bits; }
  bool includes(OffloadSet other) const { return !(other.bits & ~bits); }
  /// What lives from step to step.
  OffloadSet stateKinds() const {
    OffloadSet kinds = *this;
    kinds.bits &= ~(1u << static_cast<unsigned>(OffloadKind::Activations));
    return kinds;
  }
  /// Whether something moves that does.
  bool movesState() const { return !stateKinds().empty(); }

  /// "none", or kinds with commas between them; nothing for any other text.
  static std::optional<OffloadSet> parse(llvm::StringRef text);
  /// As `parse` reads it.
  std::string str() const;
  /// "none, optimizer, masters, gradients, activations".
  static std::string choices();

private:
  unsigned bits = 0;
};

} // namespace llmc

#endif
