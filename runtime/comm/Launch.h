//===- Launch.h - what the environment says of the ranks ------------------===//

#ifndef LLMC_RUNTIME_COMM_LAUNCH_H
#define LLMC_RUNTIME_COMM_LAUNCH_H

#include "core/Status.h"

#include <optional>
#include <string>

namespace llmc::runtime {

/// The processes that a launcher has started, before anything is exchanged:
/// Open MPI's mpirun, or Slurm's srun.
struct Launch {
  int rank = 0; ///< number of this process
  int size = 1;
  bool isSlurm = false; ///< srun itself, without mpirun
  int localRank = 0;    ///< among those of this machine
};

/// None for a program that was started by hand.
std::optional<Launch> readLaunch();

/// That the launcher tells Open MPI of the other processes: srun does so by
/// PMIx alone, and Open MPI would end the program with many lines, or take each
/// process for the only one.
Status checkLauncher(const Launch &launch);

/// The name of this machine.
std::string hostName();

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_COMM_LAUNCH_H
