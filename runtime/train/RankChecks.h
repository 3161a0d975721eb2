//===- RankChecks.h - that all ranks do the same thing --------------------===//

#ifndef LLMC_RUNTIME_TRAIN_RANKCHECKS_H
#define LLMC_RUNTIME_TRAIN_RANKCHECKS_H

#include "comm/Communicator.h"
#include "train/Checkpoint.h"
#include "train/Data.h"
#include "train/Options.h"

namespace llmc::runtime {

/// Checks, before the first step, that all ranks run one program file on the
/// same tokens with the same options from the same checkpoint. An error is the
/// same on all ranks.
Status checkSameOnAllRanks(Communicator &ranks, const Options &options,
                           const Data &data, const RunState &state);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_RANKCHECKS_H
