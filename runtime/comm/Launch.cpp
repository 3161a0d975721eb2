//===- Launch.cpp - what the environment says of the ranks ----------------===//

#include "comm/Launch.h"

#include <cstdlib>
#include <unistd.h>

namespace llmc::runtime {

std::optional<Launch> readLaunch() {
  // A program of one rank in a Slurm job has SLURM_NTASKS, too, but was not
  // started by srun unless it has a number in the step.
  struct Names {
    const char *rank, *size, *localRank;
    bool isSlurm;
  };
  for (const Names &names :
       {Names{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
              "OMPI_COMM_WORLD_LOCAL_RANK", false},
        Names{"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", true}}) {
    const char *rank = std::getenv(names.rank), *size = std::getenv(names.size);
    const char *localRank = std::getenv(names.localRank);
    if (rank && size)
      return Launch{std::atoi(rank), std::atoi(size), names.isSlurm,
                    localRank ? std::atoi(localRank) : 0};
  }
  return std::nullopt;
}

Status checkLauncher(const Launch &launch) {
  if (!launch.isSlurm)
    return Status::ok();
  // PMIx's, and that of PMI-2, which some sites build their Open MPI with.
  for (const char *name : {"PMIX_RANK", "PMIX_NAMESPACE", "PMI_FD"})
    if (std::getenv(name))
      return Status::ok();
  return Status::error(
      "srun started {} processes that cannot find each other: it was told of "
      "no PMIx; start them with 'srun --mpi=pmix PROGRAM ...', which 'srun "
      "--mpi=list' must name, or with 'mpirun PROGRAM ...' inside of sbatch or "
      "salloc, which needs nothing more",
      launch.size);
}

std::string hostName() {
  char name[256] = "unknown";
  ::gethostname(name, sizeof(name) - 1);
  return name;
}

} // namespace llmc::runtime
