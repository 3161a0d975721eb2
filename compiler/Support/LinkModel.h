//===- LinkModel.h - how ranks are connected, and how fast ------*- C++ -*-===//
//
// Rates are what collectives and copies reach, not what a connector promises.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_SUPPORT_LINKMODEL_H
#define LLMC_COMPILER_SUPPORT_LINKMODEL_H

#include "dialects/Plan/Plan.h"

#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>

namespace llmc {

struct LinkModel {
  /// As --link names it.
  std::string name;
  /// For people.
  std::string text;
  /// Of a ring: what a rank sends while it receives as much ("bus bandwidth").
  double bytesPerSecond;
  /// Before the first byte of one of a ring's steps arrives.
  double stepSeconds;
  /// Whether the bytes leave the machine.
  bool isNetwork = false;
  /// Whether collectives take the wires that copies to the host take. A network
  /// does: without GPUDirect RDMA what is sent goes through the host first.
  bool sharesWires = true;
  /// Whether they go through the memory of the host.
  bool passesHost = true;
  /// Between pinned host memory and a device, in one direction.
  double copyBytesPerSecond = 24.4e9;
  double copyLatency = 10e-6;
  /// What the memory of the host gives all devices together: four fifths of
  /// eight channels of DDR4-3200.
  double hostBytesPerSecond = 160e9;

  /// One of getNames(), or the bus bandwidth in GB/s; none for other texts.
  static std::optional<LinkModel> find(llvm::StringRef name);
  /// "pcie, p2p, nvlink, network"
  static std::string getNames();

  /// What each of `ranks` sends for a collective over `bytes`, the whole of it:
  /// a ring's, which is also what the exchange of parts sends.
  static int64_t getSentBytes(plan::CollectiveKind kind, int64_t bytes,
                              int64_t ranks);
  /// The time of a copy between the host and a device on an idle bus.
  double getCopySeconds(int64_t bytes) const {
    return copyLatency + static_cast<double>(bytes) / copyBytesPerSecond;
  }
  /// The part of a collective's time on an idle link that does not depend on
  /// its bytes.
  double getLatency(plan::CollectiveKind kind, int64_t ranks) const;
};

} // namespace llmc

#endif
