//===- Launch.h - what the environment says of the ranks ------------------===//

#ifndef LLMC_RUNTIME_COMM_LAUNCH_H
#define LLMC_RUNTIME_COMM_LAUNCH_H

#include <optional>
#include <string>

namespace llmc::runtime {

/// The ranks that a launcher has started, before anything is exchanged: Open
/// MPI's mpirun, or Slurm's srun with its PMI.
struct Launch {
  int rank = 0;
  int size = 1;
};

/// None for a program that was started by hand.
std::optional<Launch> readLaunch();

/// The name of this machine.
std::string hostName();

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_COMM_LAUNCH_H
