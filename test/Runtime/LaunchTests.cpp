//===- LaunchTests.cpp - what launchers say in the environment ------------===//

#include "TestSupport.h"

#include "comm/Launch.h"

#include <cstdlib>

using namespace llmc::runtime;
using namespace llmc::runtime::test;

namespace {

const char *const variables[] = {"OMPI_COMM_WORLD_RANK",
                                 "OMPI_COMM_WORLD_SIZE",
                                 "SLURM_PROCID",
                                 "SLURM_STEP_NUM_TASKS",
                                 "PMIX_RANK",
                                 "PMIX_NAMESPACE",
                                 "PMI_FD",
                                 "OMPI_COMM_WORLD_LOCAL_RANK",
                                 "SLURM_LOCALID"};

class LaunchTest : public ::testing::Test {
protected:
  void SetUp() override { clear(); }
  void TearDown() override { clear(); }
  static void clear() {
    for (const char *name : variables)
      ::unsetenv(name);
  }
};

TEST_F(LaunchTest, ByHandThereIsNone) {
  EXPECT_FALSE(readLaunch());
  // What sbatch and salloc give to a script and a shell.
  ::setenv("SLURM_PROCID", "0", 1);
  EXPECT_FALSE(readLaunch());
}

TEST_F(LaunchTest, SrunNeedsPmix) {
  ::setenv("SLURM_PROCID", "2", 1);
  ::setenv("SLURM_STEP_NUM_TASKS", "4", 1);
  std::optional<Launch> launch = readLaunch();
  ASSERT_TRUE(launch);
  EXPECT_EQ(launch->rank, 2);
  EXPECT_EQ(launch->size, 4);
  EXPECT_EQ(launch->localRank, 0);
  EXPECT_TRUE(launch->isSlurm);
  ::setenv("SLURM_LOCALID", "1", 1);
  EXPECT_EQ(readLaunch()->localRank, 1);
  EXPECT_FAILS(checkLauncher(*launch),
               "srun started 4 processes that cannot find each other");
  for (const char *name : {"PMIX_RANK", "PMIX_NAMESPACE", "PMI_FD"}) {
    ::setenv(name, "2", 1);
    EXPECT_OK(checkLauncher(*launch));
    ::unsetenv(name);
  }
}

TEST_F(LaunchTest, MpirunInsideOfSlurmCounts) {
  ::setenv("SLURM_PROCID", "0", 1);
  ::setenv("SLURM_STEP_NUM_TASKS", "2", 1);
  ::setenv("OMPI_COMM_WORLD_RANK", "5", 1);
  ::setenv("OMPI_COMM_WORLD_SIZE", "8", 1);
  ::setenv("OMPI_COMM_WORLD_LOCAL_RANK", "3", 1);
  ::setenv("SLURM_LOCALID", "0", 1);
  EXPECT_EQ(readLaunch()->localRank, 3);
  std::optional<Launch> launch = readLaunch();
  ASSERT_TRUE(launch);
  EXPECT_EQ(launch->rank, 5);
  EXPECT_EQ(launch->size, 8);
  EXPECT_OK(checkLauncher(*launch));
}

} // namespace
