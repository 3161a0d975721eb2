//===- Launch.cpp - what the environment says of the ranks ----------------===//

#include "comm/Launch.h"

#include <cstdlib>
#include <unistd.h>

namespace llmc::runtime {

std::optional<Launch> readLaunch() {
  // A program of one rank in a Slurm job has SLURM_NTASKS, too, but was not
  // started by srun unless it has a number in the step.
  static const char *const names[][2] = {
      {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
      {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS"}};
  for (const auto &[rankName, sizeName] : names) {
    const char *rank = std::getenv(rankName), *size = std::getenv(sizeName);
    if (rank && size)
      return Launch{std::atoi(rank), std::atoi(size)};
  }
  return std::nullopt;
}

std::string hostName() {
  char name[256] = "unknown";
  ::gethostname(name, sizeof(name) - 1);
  return name;
}

} // namespace llmc::runtime
