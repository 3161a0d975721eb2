//===- RecomputePolicy.h - what the backward pass computes again -*- C++ -*-==//

#ifndef LLMC_COMPILER_SUPPORT_RECOMPUTEPOLICY_H
#define LLMC_COMPILER_SUPPORT_RECOMPUTEPOLICY_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>

namespace llmc {

/// Each step computes more again, and keeps less, than the one before.
///   none     nothing
///   ops      ops that memory bounds, such as norms
///   layer:N  N of the layers, whole; of the others what `ops` does
///   layer    all layers, and nothing outside of them
struct RecomputePolicy {
  static constexpr uint64_t kAllLayers = ~uint64_t(0);

  bool ops = false;
  uint64_t layers = 0;

  /// Of two policies the one that computes more again has more.
  uint64_t rank() const {
    return layers == kAllLayers ? kAllLayers : layers + ops;
  }
  /// Nothing for any other text.
  static std::optional<RecomputePolicy> parse(llvm::StringRef text);
  /// As `parse` reads it.
  std::string str() const;
  /// "none, ops, layer or layer:N".
  static llvm::StringRef choices();
};

} // namespace llmc

#endif
