//===- NcclMemory.h - what NCCL takes beside a plan -------------*- C++ -*-===//
//
// NCCL allocates memory of its own when GPUs are connected, which the plan and
// the runtime count by the same bound. It follows from NCCL's source, 2.14 to
// 2.30 (src/init.cc, computeBuffSizes; src/transport/p2p.cc, p2pSendSetup and
// p2pRecvSetup; src/transport/net.cc, sharedNetBuffersInit; src/graph/paths.cc,
// ncclTopoComputeP2pChannels), and from the image of its kernels in 2.28.9; its
// log with NCCL_DEBUG=INFO NCCL_DEBUG_SUBSYS=ALLOC shows allocations of these
// sizes.
//
// The number of channels is what makes it a bound: the runtime sets
// NCCL_MAX_NCHANNELS to what the plan has granted. A user who sets it, or one
// of NCCL's buffer sizes, has the memory that goes with it.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_ABI_NCCLMEMORY_H
#define LLMC_RUNTIME_ABI_NCCLMEMORY_H

#include <cstdint>

namespace llmc {

/// As many channels as NCCL opens by itself where GPUs are connected by PCIe,
/// and what NVLink needs to be filled.
constexpr int32_t kNcclPcieChannels = 4, kNcclNvlinkChannels = 16;

/// A channel's two buffers for one other rank, in multiples of 2 MiB: what
/// arrives (LL: 512 threads x 8 lines x 16 bytes x 8 steps; LL128: 640 threads
/// x 120 words x 8 bytes x 8 steps; Simple: 4 MiB; and a head) 10 MiB, the head
/// of what is sent 2 MiB. A receiver that reads has 6 and 6 MiB.
constexpr int64_t kNcclConnectionBytes = int64_t(12) << 20;

/// Code: 43 MiB of instructions for sm_80, which sm_89 runs, and their tables.
/// Stack: kernels want up to 1,504 bytes a thread, where the driver has 1,024
/// in its context, for each of the 128 x 1,536 threads that an RTX 4090 can
/// hold.
constexpr int64_t kNcclCodeBytes = int64_t(48) << 20;
constexpr int64_t kNcclStackBytes = int64_t(512) * 128 * 1536;

/// Channels between two ranks for what is sent and received: NCCL takes two
/// over PCIe, and over NVLink as many as there are.
constexpr int64_t ncclChannelsPerPeer(int32_t channels) {
  return channels > kNcclPcieChannels || channels < 2 ? channels : 2;
}

/// Buffers of one rank: between any two ranks a connection for each channel of
/// a gather, which a ring needs for two and trees for up to all others, and for
/// each of messages.
constexpr int64_t ncclBufferBytes(int64_t ranks, int32_t channels) {
  return (ranks - 1) * (channels + ncclChannelsPerPeer(channels)) *
         kNcclConnectionBytes;
}

/// Memory of a GPU, whichever way its bytes go: where GPUs do not reach each
/// other the buffers are the host's instead, but a plan does not know that.
/// With NCCL's pool for the network, 16 pieces of 128 KiB (NVLink: 512 KiB) a
/// channel, which it takes with or without one.
constexpr int64_t ncclDeviceBytes(int64_t ranks, int32_t channels) {
  const int64_t piece = int64_t(channels > kNcclPcieChannels ? 512 : 128) << 10;
  return ranks < 2 ? 0
                   : ncclBufferBytes(ranks, channels) + 16 * piece * channels +
                         kNcclCodeBytes + kNcclStackBytes;
}

} // namespace llmc

#endif // LLMC_RUNTIME_ABI_NCCLMEMORY_H
