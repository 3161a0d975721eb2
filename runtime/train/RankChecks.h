//===- RankChecks.h - that all ranks do the same thing --------------------===//

#ifndef LLMC_RUNTIME_TRAIN_RANKCHECKS_H
#define LLMC_RUNTIME_TRAIN_RANKCHECKS_H

#include "comm/Communicator.h"
#include "train/Checkpoint.h"
#include "train/Options.h"

namespace llmc::runtime {

/// Checks, before anything is done together, that all ranks run one program
/// file with the same options from the same checkpoint, on tokens with the
/// checksum `data`. An error is the same on all ranks.
Status checkSameOnAllRanks(Communicator &ranks, const Options &options,
                           uint64_t data, const RunState &state);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_RANKCHECKS_H
