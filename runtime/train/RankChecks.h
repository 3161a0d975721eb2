//===- RankChecks.h - that all ranks do the same thing --------------------===//

#ifndef LLMC_RUNTIME_TRAIN_RANKCHECKS_H
#define LLMC_RUNTIME_TRAIN_RANKCHECKS_H

#include "comm/Communicator.h"
#include "train/Checkpoint.h"
#include "train/Options.h"

namespace llmc::runtime {

/// Checks, before a checkpoint is read together, that all ranks run one program
/// file with the same options, on tokens with the checksum `data`. An error is
/// the same on all ranks.
Status checkSameOnAllRanks(Communicator &ranks, const Options &options,
                           uint64_t data);
/// Checks that all ranks begin at the same step, with the same seed.
Status checkSameStart(Communicator &ranks, const RunState &state);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_RANKCHECKS_H
