//===- RecomputePolicy.cpp - what the backward pass computes again --------===//

#include "compiler/Support/RecomputePolicy.h"

#include "llvm/ADT/StringExtras.h"

using namespace llmc;

std::optional<RecomputePolicy> RecomputePolicy::parse(llvm::StringRef text) {
  if (text == "none")
    return RecomputePolicy{};
  if (text == "layer")
    return RecomputePolicy{/*ops=*/false, kAllLayers};
  RecomputePolicy policy = {/*ops=*/true, /*layers=*/0};
  if (text != "ops" &&
      (!text.consume_front("layer:") || text.getAsInteger(10, policy.layers) ||
       policy.layers == 0))
    return std::nullopt;
  return policy;
}

std::string RecomputePolicy::str() const {
  if (layers == 0)
    return ops ? "ops" : "none";
  return layers == kAllLayers ? "layer" : "layer:" + llvm::utostr(layers);
}

llvm::StringRef RecomputePolicy::choices() {
  return "none, ops, layer or layer:N";
}
