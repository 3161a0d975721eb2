//===- LinkModel.cpp - how ranks are connected, and how fast --------------===//

#include "compiler/Support/LinkModel.h"

#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace llmc;

// pcie: NCCL through host memory on four RTX 4090, PCIe 4.0 x16, stock driver.
// p2p: the same with a driver that allows peer-to-peer, measured on six.
// nvlink: NVLink 3 of an A100, as NCCL reaches it. network: 100 Gb/s.
static const LinkModel links[] = {
    {"pcie", "PCIe 4.0 x16 through host memory", 12e9, 20e-6},
    {"p2p", "PCIe 4.0 x16 with peer-to-peer", 24.5e9, 10e-6,
     /*isNetwork=*/false, /*sharesWires=*/true, /*passesHost=*/false},
    {"nvlink", "NVLink 3", 230e9, 5e-6, /*isNetwork=*/false,
     /*sharesWires=*/false, /*passesHost=*/false},
    {"network", "a network of 100 Gb/s", 11e9, 30e-6, /*isNetwork=*/true},
};

std::optional<LinkModel> LinkModel::find(llvm::StringRef name) {
  for (const LinkModel &link : links)
    if (link.name == name)
      return link;
  double gigabytes;
  if (name.getAsDouble(gigabytes) || !std::isfinite(gigabytes) ||
      gigabytes < 1e-3 || gigabytes > 1e5)
    return std::nullopt;
  return LinkModel{
      name.str(),
      llvm::formatv("a link with a bus bandwidth of {0} GB/s", name).str(),
      gigabytes * 1e9, 20e-6};
}

std::string LinkModel::getNames() {
  std::string names;
  for (const LinkModel &link : links)
    names += (names.empty() ? "" : ", ") + link.name;
  return names;
}

/// How often a ring hands parts on.
static int64_t getSteps(plan::CollectiveKind kind, int64_t ranks) {
  return (kind == plan::CollectiveKind::AllReduce ? 2 : 1) * (ranks - 1);
}

int64_t LinkModel::getSentBytes(plan::CollectiveKind kind, int64_t bytes,
                                int64_t ranks) {
  return getSteps(kind, ranks) * (bytes / ranks);
}

double LinkModel::getLatency(plan::CollectiveKind kind, int64_t ranks) const {
  return getSteps(kind, ranks) * stepSeconds;
}
