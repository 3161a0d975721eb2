//===- Peers.h - several GPUs of one machine ------------------------------===//

#ifndef LLMC_RUNTIME_DEVICE_CUDA_PEERS_H
#define LLMC_RUNTIME_DEVICE_CUDA_PEERS_H

#include "comm/Communicator.h"
#include "device/cuda/Gpu.h"

namespace llmc::runtime::cuda {

/// The GPU of this rank: of the ranks on this machine each has the one of its
/// number there, or that of its number in the process, where a launcher lets it
/// see no others.
Result<Gpu> chooseGpuOfRank(const Driver &driver, Communicator &ranks);

/// That no two ranks have one GPU, and, where a process has several, that
/// copies between them arrive: a driver that was patched to allow them may
/// deliver zeros. Where one does not, NCCL is told in all processes to go
/// through the host (NCCL_P2P_DISABLE), with a warning. Before NCCL is opened;
/// all ranks call it; an error is known to all.
Status checkGpusOfRanks(const Driver &driver, const Gpu &gpu,
                        Communicator &ranks);

/// How copies go from one GPU to another one.
struct PeerCopy {
  bool hasAccess = false; ///< without the host in between
  bool arrives = false;   ///< what is copied is what comes out
  double bytesPerSecond = 0;
};

/// Copies a pattern of `bytes`, compares what arrived, and takes the time.
Result<PeerCopy> tryPeerCopy(const Driver &driver, const Gpu &from,
                             const Gpu &to, int64_t bytes);

/// "0000:01:00.0", the number of the GPU's slot.
Result<std::string> busIdOf(const Driver &driver, const Gpu &gpu);

} // namespace llmc::runtime::cuda

#endif // LLMC_RUNTIME_DEVICE_CUDA_PEERS_H
